//go:build linux

package loader

import (
	"encoding/binary"
	"path/filepath"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/sys"
)

// debugInfo is what the kernel is told of a program's source: the types of its functions, where they begin, and which
// lines the instructions come from.
type debugInfo struct {
	blob                 []byte
	funcs, lines         []byte
	funcCount, lineCount uint32
}

// newDebugInfo describes a program that knows the lines of its instructions.
func newDebugInfo(p *asm.Program) (debugInfo, error) {
	var d debugInfo
	order := binary.NativeEndian
	e := btf.NewEncoder(order)
	called := calledFunctions(p)
	result := e.Int("int", 4, true)
	context := e.Pointer(0)
	protos := [...]btf.TypeID{e.FuncProto(result), e.FuncProto(result, btf.Member{Name: "ctx", Type: context})}
	texts := p.Lines()
	var last btf.LineInfo
	var file string // of the record before
	var base uint32
	next := 0 // function
	for i := range p.All() {
		slot := uint32(p.Slot(i))
		begin := false
		if next < len(called) && called[next].Index == i {
			proto := protos[0]
			if i == 0 {
				proto = protos[1]
			}
			d.funcs = btf.FuncInfo{Slot: slot, Type: e.Func(btf.Identifier(called[next].Name), proto)}.Append(d.funcs, order)
			d.funcCount++
			next++
			begin = true
		}
		at := p.Position(i)
		if at.File != file || i == 0 {
			file, base = at.File, e.Text(printable(filepath.Base(at.File)))
		}
		line := btf.LineInfo{File: base, Line: uint32(at.Line), Text: e.Text(printable(texts[i]))}
		if line == last && !begin {
			continue
		}
		last = line
		line.Slot = slot
		d.lines = line.Append(d.lines, order)
		d.lineCount++
	}
	var err error
	d.blob, err = e.Encode()
	return d, err
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

// printable makes one line of text: bpf_check_btf and the log take any bytes, whoever reads them does not.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// attach loads the types and puts what belongs to the program into its attributes.
func (d *debugInfo) attach(attr *sys.ProgLoadAttr) (*sys.FD, error) {
	fd, err := sys.BTFLoad(&sys.BTFLoadAttr{BTF: sys.BytesPointer(d.blob), BTFSize: uint32(len(d.blob))})
	if err != nil {
		return nil, err
	}
	attr.ProgBTFFD = uint32(fd.Int())
	attr.FuncInfoRecSize, attr.FuncInfo, attr.FuncInfoCnt = btf.FuncInfoSize, sys.BytesPointer(d.funcs), d.funcCount
	attr.LineInfoRecSize, attr.LineInfo, attr.LineInfoCnt = btf.LineInfoSize, sys.BytesPointer(d.lines), d.lineCount
	return fd, nil
}
