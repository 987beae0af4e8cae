//go:build linux

package loader

import (
	"encoding/binary"
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Source is what the kernel knows of where a program's instructions come from. Both lists are in the order of the
// instructions; they are empty when it was told nothing, see Lines.
type Source struct {
	Functions []SourceFunction
	Lines     []SourceLine
}

// SourceFunction is a function of a loaded program.
type SourceFunction struct {
	Slot int // of its first instruction in Program.Xlated
	Name string
}

// SourceLine is where the instructions from a slot on up to that of the next line come from.
type SourceLine struct {
	Slot     int // in Program.Xlated, which has more slots than the program that was loaded
	Position asm.Position
	Text     string // what the line is about: the author's comment, or the instruction
}

// Source asks the kernel for the program's functions and lines, whoever loaded it. It needs Linux 5.0 and CAP_SYS_ADMIN.
func (p *Program) Source() (*Source, error) {
	s, err := p.source()
	if err != nil {
		return nil, fmt.Errorf("source of program %s: %w", p.name, sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
	}
	return s, nil
}

func (p *Program) source() (*Source, error) {
	info, err := p.info()
	if err != nil || info.BTFID == 0 {
		return new(Source), err
	}
	blob, err := sys.BTFBlob(info.BTFID)
	if err != nil {
		return nil, err
	}
	types, err := btf.Parse(blob)
	if err != nil {
		return nil, err
	}
	funcs := make([]byte, info.NrFuncInfo*info.FuncInfoRecSize)
	lines := make([]byte, info.NrLineInfo*info.LineInfoRecSize)
	room := sys.ProgInfo{
		NrFuncInfo: info.NrFuncInfo, FuncInfoRecSize: info.FuncInfoRecSize, FuncInfo: sys.BytesPointer(funcs),
		NrLineInfo: info.NrLineInfo, LineInfoRecSize: info.LineInfoRecSize, LineInfo: sys.BytesPointer(lines),
	}
	if err := use(p.fd, func(n int) error { return sys.ObjGetInfo(n, &room) }); err != nil {
		return nil, err
	}
	return readSource(types, funcs, int(info.FuncInfoRecSize), lines, int(info.LineInfoRecSize))
}

func readSource(types *btf.Spec, funcs []byte, funcSize int, lines []byte, lineSize int) (*Source, error) {
	s := new(Source)
	if len(funcs) > 0 {
		records, err := btf.ReadFuncInfos(funcs, funcSize, binary.NativeEndian)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			f, err := types.Type(r.Type)
			if err != nil {
				return nil, err
			}
			s.Functions = append(s.Functions, SourceFunction{Slot: int(r.Slot), Name: f.Name})
		}
	}
	if len(lines) > 0 {
		records, err := btf.ReadLineInfos(lines, lineSize, binary.NativeEndian)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			s.Lines = append(s.Lines, SourceLine{
				Slot: int(r.Slot), Position: asm.Position{File: types.Text(r.File), Line: int(r.Line)}, Text: types.Text(r.Text),
			})
		}
	}
	return s, nil
}
