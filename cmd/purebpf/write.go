package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// outputOptions say how to write, beyond the format.
type outputOptions struct {
	order   binary.ByteOrder
	program string // the one to write where a format has room for one
	pkg     string // of Go source
	symbol  string // of C source
	ctype   string // of C source
}

// errClassic and errExtended are of formats that cannot hold a program.
var (
	errClassic  = errors.New("is a classic program: -extended makes eBPF of it")
	errExtended = errors.New("is no classic program")
)

func (in *input) needClassic() (*classic.Program, error) {
	if in.classic == nil {
		return nil, fmt.Errorf("%s %w", in.name, errExtended)
	}
	return in.classic, nil
}

func (in *input) needObject() (*reloc.Object, error) {
	if in.object == nil {
		return nil, fmt.Errorf("%s %w", in.name, errClassic)
	}
	return in.object, nil
}

// needProgram returns the program to write, which is complete but for its maps.
func (in *input) needProgram(o *outputOptions) (*asm.Program, error) {
	if _, err := in.needObject(); err != nil {
		return nil, err
	}
	p, err := in.program(o.program)
	if err != nil {
		return nil, err
	}
	return withFunctions(in.object, p)
}

// selected returns the object, or of it only the program that was asked for and the functions that this calls.
func (in *input) selected(o *outputOptions) (*reloc.Object, error) {
	object, err := in.needObject()
	if err != nil || o.program == "" {
		return object, err
	}
	p, err := in.needProgram(o)
	if err != nil {
		return nil, err
	}
	return reloc.NewObject(p)
}

func writeSource(in *input, o *outputOptions) ([]byte, error) {
	object, err := in.selected(o)
	if err != nil {
		return nil, err
	}
	return asm.AppendSource(nil, object.Programs()...), nil
}

func writeLLVM(in *input, o *outputOptions) ([]byte, error) { return writeSyntax(in, o, asm.LLVM) }

func writeKernel(in *input, o *outputOptions) ([]byte, error) { return writeSyntax(in, o, asm.Kernel) }

func writeSyntax(in *input, o *outputOptions, syntax asm.Syntax) ([]byte, error) {
	p, err := in.needProgram(o)
	if err != nil {
		return nil, err
	}
	return p.AppendText(nil, syntax), nil
}

func writeBPFAsm(in *input, _ *outputOptions) ([]byte, error) {
	p, err := in.needClassic()
	if err != nil {
		return nil, err
	}
	return []byte(p.String()), nil
}

func writeTcpdump(in *input, _ *outputOptions) ([]byte, error) {
	p, err := in.needClassic()
	if err != nil {
		return nil, err
	}
	return []byte(p.Tcpdump()), nil
}

func writeSockFilter(in *input, _ *outputOptions) ([]byte, error) {
	p, err := in.needClassic()
	if err != nil {
		return nil, err
	}
	return []byte(p.CArray()), nil
}

func writeDecimal(in *input, _ *outputOptions) ([]byte, error) {
	p, err := in.needClassic()
	if err != nil {
		return nil, err
	}
	return []byte(p.Decimal()), nil
}

func writeELF(in *input, o *outputOptions) ([]byte, error) {
	object, err := in.selected(o)
	if err != nil {
		return nil, err
	}
	return elf.Append(nil, object, &elf.Options{Order: o.order})
}

func writeRaw(in *input, o *outputOptions) ([]byte, error) {
	p, err := in.needProgram(o)
	if err != nil {
		return nil, err
	}
	return p.AppendTo(nil, o.order), nil
}

func writeClassicRaw(in *input, o *outputOptions) ([]byte, error) {
	p, err := in.needClassic()
	if err != nil {
		return nil, err
	}
	return classicBytes(p, o.order), nil
}

// classicBytes returns the program as an array of struct sock_filter.
func classicBytes(p *classic.Program, order binary.ByteOrder) []byte {
	b := make([]byte, slotSize*p.Len())
	for i, ins := range p.All() {
		slot := b[slotSize*i:]
		order.PutUint16(slot, ins.Op)
		slot[2], slot[3] = ins.Jt, ins.Jf
		order.PutUint32(slot[4:], ins.K)
	}
	return b
}

func writeHex(in *input, o *outputOptions) ([]byte, error) { return hexLines(writeRaw(in, o)) }

func writeClassicHex(in *input, o *outputOptions) ([]byte, error) {
	return hexLines(writeClassicRaw(in, o))
}

// hexLines writes an instruction of eight bytes on each line.
func hexLines(b []byte, err error) ([]byte, error) {
	var out strings.Builder
	for ; len(b) > 0; b = b[slotSize:] {
		out.WriteString(hex.EncodeToString(b[:slotSize]))
		out.WriteByte('\n')
	}
	return []byte(out.String()), err
}
