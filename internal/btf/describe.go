package btf

import (
	"cmp"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// Records say of instructions which functions they are and which lines of the author's source they come from: what the
// kernel is told of a program, and an object file says of a section.
type Records struct {
	Functions, Lines []byte // FuncInfos and LineInfos

	types  *Encoder
	unit   uint32   // what a slot counts
	begins bool     // a function begins with the next instruction
	last   LineInfo // without Slot
	file   string   // of last
}

// Slots returns records for the kernel, which counts in slots. Their types and strings go to e.
func Slots(e *Encoder) *Records { return &Records{types: e, unit: 1} }

// Bytes returns records for a section of an object file, where offsets are in bytes.
func Bytes(e *Encoder) *Records { return &Records{types: e, unit: 8} }

// Begin says that a function begins with the next instruction. fn is a Func.
func (r *Records) Begin(slot int, fn TypeID) {
	r.begins = true
	r.Functions = FuncInfo{Slot: uint32(slot) * r.unit, Type: fn}.Append(r.Functions, r.types.order)
}

// Line says where the instruction at slot comes from. The first instruction of every function has a record; behind it
// there is one wherever the line or its text changes.
func (r *Records) Line(slot int, at asm.Position, text string) {
	line := LineInfo{File: r.last.File, Line: uint32(at.Line), Text: r.types.Text(printable(text))}
	if at.File != r.file || len(r.Lines) == 0 {
		r.file, line.File = at.File, r.types.Text(printable(cmp.Or(at.File, "-")))
	}
	if !r.begins && line == r.last {
		return
	}
	r.begins, r.last = false, line
	line.Slot = uint32(slot) * r.unit
	r.Lines = line.Append(r.Lines, r.types.order)
}

// Main is the type of a program: int (void *ctx).
func (e *Encoder) Main() TypeID {
	return e.FuncProto(e.result(), Member{Name: "ctx", Type: e.Pointer(0)})
}

// Subprogram is the type of a function inside a program. It is static, so that the verifier looks at its calls and not at
// what is said here.
func (e *Encoder) Subprogram() TypeID { return e.FuncProto(e.result()) }

// result is the type of what functions return.
func (e *Encoder) result() TypeID {
	if e.number == 0 {
		e.number = e.Int("int", 4, true)
	}
	return e.number
}

// printable makes one line of a text.
func printable(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return ' '
				}
				return r
			}, s)
		}
	}
	return s
}
