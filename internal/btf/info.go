package btf

import (
	"encoding/binary"
	"fmt"
)

// The sizes in bytes of the records that BPF_PROG_LOAD takes and BPF_OBJ_GET_INFO_BY_FD returns: struct bpf_func_info
// and struct bpf_line_info of include/uapi/linux/bpf.h.
const (
	FuncInfoSize = 8
	LineInfoSize = 16
)

// FuncInfo says where a function of a program begins.
type FuncInfo struct {
	Slot uint32 // of its first instruction, in the program
	Type TypeID // a Func
}

// Append appends the record.
func (f FuncInfo) Append(b []byte, order binary.AppendByteOrder) []byte {
	return order.AppendUint32(order.AppendUint32(b, f.Slot), uint32(f.Type))
}

// LineInfo says which source line instructions come from: those from Slot up to the next record's.
type LineInfo struct {
	Slot       uint32 // of the first instruction, in the program
	File, Text uint32 // offsets in the string section, see Encoder.Text
	Line       uint32 // MaxLine is the greatest
	Column     uint32 // MaxColumn is the greatest; 0 for unknown
}

// What the bits of a LineInfo hold: BPF_LINE_INFO_LINE_NUM and BPF_LINE_INFO_LINE_COL.
const (
	MaxLine   = 1<<22 - 1
	MaxColumn = 1<<10 - 1
)

// Append appends the record. Greater numbers than it holds become the greatest.
func (l LineInfo) Append(b []byte, order binary.AppendByteOrder) []byte {
	place := min(l.Line, MaxLine)<<10 | min(l.Column, MaxColumn)
	for _, v := range [...]uint32{l.Slot, l.File, l.Text, place} {
		b = order.AppendUint32(b, v)
	}
	return b
}

// ReadFuncInfos reads records of size bytes each, as the kernel returns them. A newer kernel's may be longer.
func ReadFuncInfos(b []byte, size int, order binary.ByteOrder) ([]FuncInfo, error) {
	if size < FuncInfoSize || len(b)%size != 0 {
		return nil, fmt.Errorf("btf: %d bytes of function records of %d", len(b), size)
	}
	infos := make([]FuncInfo, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		infos = append(infos, FuncInfo{Slot: order.Uint32(b), Type: TypeID(order.Uint32(b[4:]))})
	}
	return infos, nil
}

// ReadLineInfos reads records of size bytes each, as the kernel returns them. A newer kernel's may be longer.
func ReadLineInfos(b []byte, size int, order binary.ByteOrder) ([]LineInfo, error) {
	if size < LineInfoSize || len(b)%size != 0 {
		return nil, fmt.Errorf("btf: %d bytes of line records of %d", len(b), size)
	}
	infos := make([]LineInfo, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		place := order.Uint32(b[12:])
		infos = append(infos, LineInfo{
			Slot: order.Uint32(b), File: order.Uint32(b[4:]), Text: order.Uint32(b[8:]), Line: place >> 10, Column: place & MaxColumn,
		})
	}
	return infos, nil
}

// Text returns the string at an offset of the string section, "" for one outside.
func (s *Spec) Text(off uint32) string { return s.string(off) }
