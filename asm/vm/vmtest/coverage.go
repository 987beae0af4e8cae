package vmtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
)

// Coverage is what of a program was run, by any number of machines: which instructions, and which way each conditional
// jump went. It is for one goroutine at a time.
type Coverage struct {
	name     string
	extended *asm.Program     // or
	classic  *classic.Program // one of the two
	insns    []covered
	last     int // the jump that ran last, -1 for none
}

// covered is an instruction.
type covered struct {
	position asm.Position
	text     string
	runs     int

	jump          bool // conditional
	target        int
	taken, passed int // how often it jumped, and did not
}

// NewCoverage returns the coverage of p, nothing so far.
func NewCoverage(p *asm.Program) *Coverage {
	c := &Coverage{name: p.Name(), extended: p, insns: make([]covered, p.Len()), last: -1}
	for i, ins := range p.All() {
		n := covered{position: p.Position(i), text: ins.String()}
		if class := ins.Op.Class(); class == asm.ClassJMP || class == asm.ClassJMP32 {
			switch ins.Op.JumpOp() {
			case asm.OpJA, asm.OpCall, asm.OpExit:
			default:
				n.jump = true
				n.target, _ = p.Index(p.Slot(i) + 1 + int(ins.Off))
			}
		}
		c.insns[i] = n
	}
	return c
}

// NewClassicCoverage returns the coverage of p, nothing so far.
func NewClassicCoverage(p *classic.Program) *Coverage {
	c := &Coverage{name: p.Name(), classic: p, insns: make([]covered, p.Len()), last: -1}
	for i, line := range strings.Split(strings.TrimSuffix(p.String(), "\n"), "\n") {
		_, text, _ := strings.Cut(line, "\t")
		c.insns[i] = covered{position: p.Position(i), text: text}
		if ins, ok := p.At(i).Disassemble().(bpf.JumpIf); ok {
			c.jump(i, int(ins.SkipTrue), int(ins.SkipFalse))
		} else if ins, ok := p.At(i).Disassemble().(bpf.JumpIfX); ok {
			c.jump(i, int(ins.SkipTrue), int(ins.SkipFalse))
		}
	}
	return c
}

// jump notes a conditional jump of a classic program: taken is the way on which its condition is true, or the one that
// does not just go on.
func (c *Coverage) jump(i, skipTrue, skipFalse int) {
	n := &c.insns[i]
	n.jump, n.target = skipTrue != skipFalse, i+1+max(skipTrue, skipFalse)
}

// Step notes a step of a machine: it is for vm.Options.Trace. Steps of other programs do not count.
func (c *Coverage) Step(s *vm.Step) {
	if s.Program == c.extended {
		c.step(s.Index)
	}
}

// ClassicStep notes a step of a classic program: it is for vm.Classic.Trace.
func (c *Coverage) ClassicStep(s vm.ClassicStep) { c.step(s.Index) }

func (c *Coverage) step(i int) {
	if c.last >= 0 {
		jump := &c.insns[c.last]
		if i == jump.target {
			jump.taken++
		}
		if i == c.last+1 || i != jump.target && c.classic != nil {
			jump.passed++
		}
	}
	c.last = -1
	if c.insns[i].runs++; c.insns[i].jump {
		c.last = i
	}
}

// Missed returns what was not run, in the order of the program: instructions, and branches of conditional jumps that were
// always or never taken.
func (c *Coverage) Missed() []string {
	var missed []string
	for i := range c.insns {
		n := &c.insns[i]
		what := ""
		switch {
		case n.runs == 0:
			what = "never runs"
		case n.jump && n.taken == 0:
			what = "never taken"
		case n.jump && n.passed == 0:
			what = "always taken"
		default:
			continue
		}
		missed = append(missed, fmt.Sprintf("%v: instruction %d: %s: %s", n.position, i, n.text, what))
	}
	return missed
}

// Require fails the test unless everything was run, and says what was not.
func (c *Coverage) Require(t testing.TB) {
	t.Helper()
	if missed := c.Missed(); len(missed) > 0 {
		t.Errorf("%s\n%s", c.summary(), strings.Join(missed, "\n"))
	}
}

// String returns the Go lines of the program with how often each was run and, where the files can be read, their text.
// Lines of which something is missed begin with an exclamation mark.
func (c *Coverage) String() string {
	var b strings.Builder
	b.WriteString(c.summary())
	b.WriteByte('\n')
	files := make(map[string][]string)
	for _, l := range c.lines() {
		mark := ' '
		if l.missed {
			mark = '!'
		}
		text := sourceLine(files, l.position)
		if text == "" {
			text = l.text
		}
		fmt.Fprintf(&b, "%c %-20v %7d  %s\n", mark, l.position, l.runs, text)
	}
	return b.String()
}

// summary returns a line of numbers.
func (c *Coverage) summary() string {
	ran, branches, took := 0, 0, 0
	for i := range c.insns {
		n := &c.insns[i]
		if n.runs > 0 {
			ran++
		}
		if n.jump {
			branches += 2
			took += min(n.taken, 1) + min(n.passed, 1)
		}
	}
	lines, whole := c.lines(), 0
	for _, l := range lines {
		if !l.missed {
			whole++
		}
	}
	return fmt.Sprintf("%s: ran %d of %d instructions, %d of %d branches, %d of %d lines whole", c.name, ran, len(c.insns),
		took, branches, whole, len(lines))
}

// line is what is known of a Go line.
type line struct {
	position asm.Position
	runs     int // of the instruction that ran most
	missed   bool
	text     string // of the first instruction
}

// lines returns the Go lines in order.
func (c *Coverage) lines() []line {
	var all []line
	for i := range c.insns {
		n := &c.insns[i]
		k := slices.IndexFunc(all, func(l line) bool { return l.position == n.position })
		if k < 0 {
			k = len(all)
			all = append(all, line{position: n.position, text: n.text})
		}
		l := &all[k]
		l.runs = max(l.runs, n.runs)
		l.missed = l.missed || n.runs == 0 || n.jump && (n.taken == 0 || n.passed == 0)
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i].position, all[j].position
		return a.File < b.File || a.File == b.File && a.Line < b.Line
	})
	return all
}

// sourceLine returns the text of a Go line, "" if it cannot be read. files has those that were.
func sourceLine(files map[string][]string, p asm.Position) string {
	lines, ok := files[p.File]
	if !ok {
		if b, err := os.ReadFile(filepath.FromSlash(p.File)); err == nil {
			lines = strings.Split(string(b), "\n")
		}
		files[p.File] = lines
	}
	if p.Line < 1 || p.Line > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[p.Line-1])
}
