//go:build linux

package loader

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Report is what the running kernel has for BPF, and what this process may do with it.
type Report struct {
	Release string // of the kernel, as uname -r prints it
	Machine string // as uname -m prints it
	// Capabilities are those that BPF asks for.
	Capabilities []HeldCapability
	Settings     []Setting
	// Lockdown is none, integrity or confidentiality; empty when the kernel has none or does not tell. Confidentiality
	// forbids programs to read the kernel's memory.
	Lockdown string
	// Memlock is RLIMIT_MEMLOCK in bytes, MemlockUnlimited if there is none. Before Linux 5.11 maps and programs count.
	Memlock uint64
	// Instructions are the versions of the instruction set and what came after them, Features what else programs and maps
	// may have.
	Instructions []Answer
	Features     []Answer
	Programs     []ProgramAnswer
	Maps         []MapAnswer
	Links        []LinkAnswer
}

// MemlockUnlimited is Report.Memlock without a limit.
const MemlockUnlimited = unix.RLIM_INFINITY

// HeldCapability says whether the process has a capability, or CAP_SYS_ADMIN where that stands for it.
type HeldCapability struct {
	Capability
	Held bool
	// Namespaced: it is held in a user namespace only, where bpf(2) does not count it.
	Namespaced bool
}

// Setting is a kernel parameter that says what BPF may do.
type Setting struct {
	Name, Value string // "net.core.bpf_jit_enable", "1"
	Meaning     string // of the value, "" where it speaks for itself
	Err         error  // why it cannot be read; then Value is empty
}

// Answer is what came of asking for something.
type Answer struct {
	Name string
	// Err is nil when it is there. It wraps errors.ErrUnsupported when it is not. Any other error means that it cannot be
	// told, because the process may not try, for example.
	Err error
}

// ProgramAnswer is the answer for a type of programs.
type ProgramAnswer struct {
	Answer
	Type asm.ProgramType
	// Missing are the capabilities that the process needs for loading such programs and does not have.
	Missing []Capability
	// Helpers has an answer for each helper, if ProbeOptions.Helpers asks for them and the type is there.
	Helpers []HelperAnswer
}

// HelperAnswer is the answer for a helper in programs of one type.
type HelperAnswer struct {
	Answer
	Helper asm.Helper
}

// MapAnswer is the answer for a type of maps.
type MapAnswer struct {
	Answer
	Type asm.MapType
}

// LinkAnswer is the answer for a type of links.
type LinkAnswer struct {
	Answer
	Type LinkType
}

// Verdict is an answer in one word.
type Verdict uint8

// The verdicts.
const (
	Yes     Verdict = iota + 1
	No              // the kernel does not have it
	Denied          // the process may not try: MissingCapabilities says why
	Unknown         // it cannot be told
)

// String returns yes, no, denied or unknown.
func (v Verdict) String() string {
	switch v {
	case Yes:
		return "yes"
	case No:
		return "no"
	case Denied:
		return "denied"
	}
	return "unknown"
}

// Verdict sums the answer up.
func (a Answer) Verdict() Verdict {
	switch {
	case a.Err == nil:
		return Yes
	case errors.Is(a.Err, errors.ErrUnsupported):
		return No
	case errors.Is(a.Err, unix.EPERM):
		return Denied
	}
	return Unknown
}

// MissingCapabilities returns the capabilities that the process would need to be answered, if that is the reason of Denied.
func (a Answer) MissingCapabilities() []Capability {
	var permission *sys.PermissionError
	if errors.As(a.Err, &permission) {
		return permission.Missing
	}
	return nil
}

// ProbeOptions say how much to ask.
type ProbeOptions struct {
	// Helpers asks for every helper in programs of every type: some thousand attempts, which take a second or several.
	Helpers bool
}

// Probe asks the kernel for everything that this package can ask for, by trying. It leaves nothing behind: what it loads it
// closes again, and it attaches nothing. It does not fail; what cannot be told is in the answers.
func Probe(opts *ProbeOptions) *Report {
	if opts == nil {
		opts = new(ProbeOptions)
	}
	r := new(Report)
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		r.Release, r.Machine = unix.ByteSliceToString(name.Release[:]), unix.ByteSliceToString(name.Machine[:])
	}
	r.Capabilities = heldCapabilities()
	r.Settings = readSettings()
	r.Lockdown = sys.LockdownMode()
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil {
		r.Memlock = limit.Cur
	}
	for v := asm.V1; v <= asm.V4; v++ {
		r.Instructions = append(r.Instructions, Answer{fmt.Sprintf("v%d", v), HaveCPU(v)})
	}
	r.Instructions = append(r.Instructions, Answer{"may_goto", HaveMayGoto()}, Answer{"load_acquire, store_release", haveAcquire()})
	r.Features = features()
	for t := asm.SocketFilter; t <= asm.Netfilter; t++ {
		r.Programs = append(r.Programs, probeProgramType(t, opts))
	}
	for t := asm.MapHash; t <= asm.MapInsnArray; t++ {
		r.Maps = append(r.Maps, MapAnswer{Answer{t.String(), HaveMapType(t)}, t})
	}
	for _, t := range [...]LinkType{LinkRawTracepoint, LinkCgroup, LinkNetNS, LinkXDP, LinkTCX, LinkSocketMap} {
		r.Links = append(r.Links, LinkAnswer{Answer{t.String(), HaveLink(t)}, t})
	}
	return r
}

func probeProgramType(t asm.ProgramType, opts *ProbeOptions) ProgramAnswer {
	a := ProgramAnswer{Answer: Answer{t.String(), HaveProgramType(t)}, Type: t}
	a.Missing, _ = capability.Missing(Capabilities(t)...)
	if !opts.Helpers || a.Err != nil {
		return a
	}
	for h := asm.Helper(1); h.Valid(); h++ {
		answer := HelperAnswer{Answer{Name: h.Name()}, h}
		switch h {
		case asm.FnTracePrintk, asm.FnTraceVprintk, asm.FnProbeWriteUser:
			// The verifier writes a warning to the kernel's log when a program only mentions them.
			answer.Err = errors.New("asking would write a warning to the kernel's log")
		default:
			answer.Err = HaveHelper(t, h)
		}
		a.Helpers = append(a.Helpers, answer)
	}
	return a
}

func heldCapabilities() []HeldCapability {
	effective, _ := capability.Effective()
	var held []HeldCapability
	for _, c := range [...]Capability{capability.CAP_BPF, capability.CAP_NET_ADMIN, capability.CAP_PERFMON, capability.CAP_SYS_ADMIN} {
		missing, err := capability.Missing(c)
		has := err == nil && len(missing) == 0
		held = append(held, HeldCapability{Capability: c, Held: has, Namespaced: !has && effective.Has(c)})
	}
	return held
}

// readSettings reads the kernel parameters that matter to BPF: Documentation/admin-guide/sysctl/kernel.rst and net.rst.
func readSettings() []Setting {
	var settings []Setting
	for _, s := range [...]struct {
		name     string
		meanings []string // of 0, 1, 2
	}{
		{"kernel.unprivileged_bpf_disabled", []string{"everybody may load some programs", "CAP_BPF is needed, until the next boot", "CAP_BPF is needed"}},
		{"net.core.bpf_jit_enable", []string{"programs are interpreted", "programs are compiled", "programs are compiled, and written to the kernel's log"}},
		{"net.core.bpf_jit_harden", []string{"constants are compiled as they are", "constants of programs loaded without CAP_BPF are hidden", "constants of all programs are hidden"}},
		{"net.core.bpf_jit_kallsyms", []string{"programs have no symbols", "programs are in /proc/kallsyms, for the privileged"}},
		{"net.core.bpf_jit_limit", nil},
		{"net.core.optmem_max", nil},
		{"kernel.bpf_stats_enabled", []string{"runs are not counted", "runs are counted"}},
		{"kernel.kptr_restrict", []string{"", "kernel addresses are for CAP_SYSLOG", "kernel addresses are for nobody"}},
	} {
		setting := Setting{Name: s.name}
		b, err := sys.ReadFile("/proc/sys/" + strings.ReplaceAll(s.name, ".", "/"))
		setting.Value, setting.Err = strings.TrimSpace(string(b)), err
		for n, meaning := range s.meanings {
			if setting.Value == string(rune('0'+n)) {
				setting.Meaning = meaning
			}
		}
		settings = append(settings, setting)
	}
	return settings
}
