//go:build linux

package loader

import (
	"encoding/binary"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/sys"
)

// Lines says when the kernel is told which line of the author's source each instruction comes from, and the names of the
// program's functions. It shows them in the verifier's log (; text @ dcid.go:57), in bpftool prog dump xlated linum and in
// what perf reports; the text is that of asm.Builder.Comment or the instruction. Programs of a builder with NoLines have
// no lines, and a kernel that takes none gets none: the program is loaded all the same.
type Lines uint8

const (
	// DefaultLines tells them when LoadObject loads the program, when there is a log, and after a refusal, so that the
	// verifier's reasons name lines. Load leaves them out at first: they cost a system call of their own, which makes the
	// loading of a short program half as long again.
	DefaultLines Lines = iota
	// SendLines tells them always.
	SendLines
	// NoLines never tells them.
	NoLines
)

// tell puts the source lines into the attributes of the attempts to come, unless there are none or the kernel does not
// take them. They only describe the program: that is no reason to refuse it.
func (l *loading) tell() {
	if l.lines == NoLines || l.p.Position(0).Line == 0 {
		return
	}
	l.lines = NoLines // once is enough
	d, err := describe(l.p)
	if err != nil {
		return
	}
	fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(d.types), BTFSize: uint32(len(d.types))})
	if err != nil {
		return
	}
	l.types = fd
	l.attr.ProgBTFFD = uint32(fd.Int())
	l.attr.FuncInfoRecSize, l.attr.FuncInfo = btf.FuncInfoSize, sys.BytesPointer(d.funcs)
	l.attr.FuncInfoCnt = uint32(len(d.funcs) / btf.FuncInfoSize)
	l.attr.LineInfoRecSize, l.attr.LineInfo = btf.LineInfoSize, sys.BytesPointer(d.lines)
	l.attr.LineInfoCnt = uint32(len(d.lines) / btf.LineInfoSize)
}

// forget takes the source lines out of the attributes again.
func (l *loading) forget() {
	if l.types == nil {
		return
	}
	l.types.Close()
	l.types = nil
	l.attr.ProgBTFFD = 0
	l.attr.FuncInfoRecSize, l.attr.FuncInfo, l.attr.FuncInfoCnt = 0, sys.Pointer{}, 0
	l.attr.LineInfoRecSize, l.attr.LineInfo, l.attr.LineInfoCnt = 0, sys.Pointer{}, 0
}

// aboutLines recognizes the complaints of check_btf_func and check_btf_line of kernel/bpf/verifier.c.
func aboutLines(reason string) bool {
	return strings.Contains(reason, "func_info") || strings.Contains(reason, "func info") || strings.Contains(reason, "line_info")
}

// description is what the kernel is told of a program's source: types and strings, and records for functions and lines.
type description struct{ types, funcs, lines []byte }

// describe describes a program.
func describe(p *asm.Program) (description, error) {
	e := btf.NewEncoder(binary.NativeEndian)
	main, sub := e.Main(), e.Subprogram()
	functions, texts := calledFunctions(p), p.Lines()
	r := btf.Slots(e)
	r.Lines = make([]byte, 0, p.Len()*btf.LineInfoSize)
	for i := range p.All() {
		if len(functions) > 0 && functions[0].Index == i {
			proto := sub
			if i == 0 {
				proto = main
			}
			r.Begin(p.Slot(i), e.Func(btf.Identifier(functions[0].Name), proto, btf.Static))
			functions = functions[1:]
		}
		r.Line(p.Slot(i), p.Position(i), texts[i])
	}
	types, err := e.Encode()
	return description{types, r.Functions, r.Lines}, err
}

// calledFunctions returns the functions that the kernel counts: the main one and those that an instruction names.
func calledFunctions(p *asm.Program) []asm.Label {
	functions := p.Functions()
	if len(functions) == 1 {
		return functions
	}
	called := make([]bool, len(functions))
	called[0] = true
	for i := range p.All() {
		if f, _, ok := p.Callee(i); ok {
			called[f] = true
		}
	}
	kept := functions[:0]
	for i, f := range functions {
		if called[i] {
			kept = append(kept, f)
		}
	}
	return kept
}
