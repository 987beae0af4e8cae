//go:build linux

package loader

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
)

// Options say how to load a program. The zero value and nil are the defaults.
type Options struct {
	// Flags are added to those that the program asks for itself (asm.ProgramSpec.Flags).
	Flags asm.LoadFlags
	// Log asks for the verifier's log of a program that it accepts too, see Program.Log. Without it the log is written
	// only after a failure, at LogInstructions, by loading a second time; the first attempt goes without, because a log
	// costs more than everything else about a load.
	Log LogLevel
	// Lines says when the kernel is told the lines of the author's source.
	Lines Lines
}

// LogLevel says how much the verifier writes: log_level of BPF_PROG_LOAD.
type LogLevel uint32

// The levels. They may be added to each other.
const (
	LogInstructions LogLevel = 1 << 0 // BPF_LOG_LEVEL1: the instructions on the way to the failure
	LogStates       LogLevel = 1 << 1 // BPF_LOG_LEVEL2: every instruction visited, and what is known before it
	LogStats        LogLevel = 1 << 2 // BPF_LOG_STATS: how much work it was, also for a program that is accepted
)

// ErrUnlinked is wrapped by the error about a program that still refers to symbols.
var ErrUnlinked = errors.New("unlinked program")

// Load gives a program to the kernel. It asks nothing of the kernel beforehand.
//
// A program that the verifier rejects gives a *VerifierError with the verifier's reason and the line of the author's
// source. Every error keeps the errno: EACCES and EINVAL for rejected programs, EPERM for a process that may not load
// this type of program (the error names the capability that is missing), E2BIG for too many instructions, EINVAL for a
// type or flag that the kernel does not have. A program with references to symbols is refused with ErrUnlinked; see
// reloc.Link.
//
// The kernel gets the first 15 bytes of the name, with '_' for what is not a letter, a digit, '_' or '.'.
func Load(p *asm.Program, opts *Options) (*Program, error) {
	if p == nil {
		return nil, errors.New("load program: no program")
	}
	if opts == nil {
		opts = new(Options)
	}
	if !p.Linked() {
		return nil, fmt.Errorf("load program %s: %w: %s", p.Name(), ErrUnlinked, unlinked(p))
	}
	return load(p, opts, maxLogSize)
}

// unlinked lists the symbols that a program refers to.
func unlinked(p *asm.Program) string {
	var b strings.Builder
	seen := make(map[string]bool)
	for _, r := range p.References() {
		if seen[r.Symbol] {
			continue
		}
		if len(seen) > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%v %s", r.Kind, r.Symbol)
		if at := p.Position(r.Index); at.Line != 0 {
			fmt.Fprintf(&b, " (%v)", at)
		}
		seen[r.Symbol] = true
	}
	return b.String()
}

// load loads with logs of up to limit bytes.
func load(p *asm.Program, opts *Options, limit uint32) (*Program, error) {
	l := newLoading(p, opts, limit)
	defer l.forget()
	if l.lines == SendLines {
		l.tell()
	}
	var (
		fd  *sys.FD
		log string
		err error
	)
	if opts.Log != 0 {
		fd, log, err = l.withLog(opts.Log)
	} else if fd, err = sys.ProgLoad(&l.attr); err != nil {
		fd, err = l.explain(err)
	}
	if err != nil {
		return nil, err
	}
	return &Program{fd: fd, name: p.Name(), kind: p.Type(), attach: p.AttachType(), log: log}, nil
}

// loading is a program on its way into the kernel.
type loading struct {
	p     *asm.Program
	attr  sys.ProgLoadAttr
	limit uint32 // for the size of logs
	lines Lines
	types *sys.FD // what the lines in attr refer to, nil when there are none
}

func newLoading(p *asm.Program, opts *Options, limit uint32) loading {
	insns := p.AppendTo(make([]byte, 0, 8*p.Slots()), binary.NativeEndian)
	return loading{p: p, lines: opts.Lines, limit: limit, attr: sys.ProgLoadAttr{
		ProgType:           uint32(p.Type()),
		InsnCnt:            uint32(p.Slots()),
		Insns:              sys.BytesPointer(insns),
		License:            sys.StringPointer(p.License()),
		ProgFlags:          uint32(p.Flags() | opts.Flags),
		ProgName:           sys.NewObjName(p.Name()),
		ExpectedAttachType: uint32(p.AttachType()),
	}}
}

// explain finds out why the kernel refused a program. It may happen to load it in the end: where RLIMIT_MEMLOCK was the
// reason, or where the refusal was for a moment only.
func (l *loading) explain(refusal error) (*sys.FD, error) {
	if refusal == unix.EPERM {
		need := Capabilities(l.p.Type())
		var fd *sys.FD
		err := sys.RetryMemlock(refusal, func() (err error) {
			fd, err = sys.ProgLoad(&l.attr)
			return err
		}, need...)
		if err == nil {
			return fd, nil
		}
		// Before Linux 5.8 the verifier itself answers some programs with EPERM, and says why.
		if log, fd, _ := l.record(LogInstructions); fd != nil {
			return fd, nil
		} else if log.text != "" {
			return nil, rejected(l.p, l.attr.ProgFlags, err, log)
		}
		return nil, loadError(l.p, l.attr.ProgFlags, sys.ExplainPermission(err, need...))
	}
	level := LogInstructions
	if refusal == unix.E2BIG { // for a million instructions, the way there takes half a minute and no place is to blame
		level = LogStats
	}
	log, fd, err := l.record(level)
	if err == nil {
		return fd, nil
	}
	return nil, rejected(l.p, l.attr.ProgFlags, refusal, log)
}

// withLog loads with a log from the beginning.
func (l *loading) withLog(level LogLevel) (*sys.FD, string, error) {
	log, fd, err := l.record(level)
	if err == unix.ENOSPC || err == unix.EPERM {
		// With ENOSPC the kernel says that the log does not fit, and not what it thinks of the program.
		l.attr.LogLevel, l.attr.LogSize, l.attr.LogBuf = 0, 0, sys.Pointer{}
		fd, err = sys.ProgLoad(&l.attr)
	}
	switch err {
	case nil:
		return fd, log.text, nil
	case unix.EPERM:
		fd, err = l.explain(err)
		return fd, "", err
	}
	return nil, "", rejected(l.p, l.attr.ProgFlags, err, log)
}

// verifierLog is what the verifier wrote.
type verifierLog struct {
	text      string
	truncated bool
}

// The size of the buffer for the log, in bytes: where to begin, and the greatest that every kernel takes (before 5.2
// UINT_MAX >> 8).
const (
	minLogSize = 64 << 10
	maxLogSize = 1<<24 - 1
)

// record loads with a log, which quotes source lines where the kernel takes them.
func (l *loading) record(level LogLevel) (verifierLog, *sys.FD, error) {
	l.tell()
	log, fd, err := l.fill(level)
	if err == nil || l.types == nil {
		return log, fd, err
	}
	if reason := parseLog(log.text).reason; reason == "" || aboutLines(reason) {
		l.forget()
		return l.fill(level)
	}
	return log, fd, err
}

// fill loads with a buffer for the log that grows until the log fits. The error is ENOSPC when the greatest is too
// small; up to Linux 6.3 the buffer then has the beginning of the log, since 6.4 its end, which matters more.
func (l *loading) fill(level LogLevel) (verifierLog, *sys.FD, error) {
	for size := min(minLogSize, l.limit); ; {
		buf := make([]byte, size)
		l.attr.LogLevel, l.attr.LogSize, l.attr.LogBuf = uint32(level), size, sys.BytesPointer(buf)
		l.attr.LogTrueSize = 0
		fd, err := sys.ProgLoad(&l.attr)
		log := verifierLog{text: text(buf)}
		if err != unix.ENOSPC {
			return log, fd, err
		}
		if size == l.limit {
			log.truncated = true
			return log, nil, err
		}
		size = min(max(4*size, l.attr.LogTrueSize), l.limit)
	}
}

// text returns the bytes before the first NUL.
func text(buf []byte) string {
	s, _, _ := strings.Cut(string(buf), "\x00")
	return s
}

// rejected describes a refusal, by what the verifier wrote if it did.
func rejected(p *asm.Program, flags uint32, errno error, log verifierLog) error {
	r := parseLog(log.text)
	if r.reason == "" && !log.truncated {
		return loadError(p, flags, errno)
	}
	return newVerifierError(p, errno, r, log.truncated)
}

// loadError describes a refusal that the verifier did not write anything about.
func loadError(p *asm.Program, flags uint32, err error) error {
	hint := ""
	switch {
	case errors.Is(err, unix.EINVAL):
		at := "without attach type"
		if p.AttachType() != 0 {
			at = "with attach type " + p.AttachType().String()
		}
		hint = fmt.Sprintf(" (the kernel does not take a program of this type %s, flags %#x)", at, flags)
	case errors.Is(err, unix.E2BIG):
		hint = fmt.Sprintf(" (%d instruction slots; an unprivileged process may load 4096, others 1,000,000, or 4096 before Linux 5.2)", p.Slots())
	case err == sys.ENOTSUPP:
		err = &unsupported{"the kernel does not support it", err}
	}
	return fmt.Errorf("load %v program %s: %w%s", p.Type(), p.Name(), err, hint)
}
