package asm_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// bytesOf reads what fields writes.
func bytesOf(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name   string
		order  binary.ByteOrder
		code   string
		want   []asm.Instruction
		errors string
	}{
		{"nothing", binary.LittleEndian, "", []asm.Instruction{}, ""},
		{"one instruction", binary.LittleEndian, "07 a1 0000 05000000", nil, "decode slot 0: reserved field set: source r10"},
		{"registers", binary.LittleEndian, "bf a9 0000 00000000", []asm.Instruction{{Op: 0xbf, Dst: asm.R9, Src: asm.FP}}, ""},
		{"registers", binary.BigEndian, "bf 9a 0000 00000000", []asm.Instruction{{Op: 0xbf, Dst: asm.R9, Src: asm.FP}}, ""},
		{"negative offset and immediate", binary.LittleEndian, "7a 0a f8ff feffffff", []asm.Instruction{{Op: 0x7a, Dst: asm.FP, Off: -8, Imm: -2}}, ""},
		{"negative offset and immediate", binary.BigEndian, "7a a0 fff8 fffffffe", []asm.Instruction{{Op: 0x7a, Dst: asm.FP, Off: -8, Imm: -2}}, ""},
		{"64-bit immediate", binary.LittleEndian, "18 01 0000 ffffffff 00 00 0000 01000000", []asm.Instruction{{Op: 0x18, Dst: asm.R1, Imm: 0x1ffffffff}}, ""},
		{"64-bit immediate", binary.BigEndian, "18 10 0000 80000000 00 00 0000 ffffffff", []asm.Instruction{{Op: 0x18, Dst: asm.R1, Imm: -0x80000000}}, ""},
		{"two instructions after a 64-bit immediate", binary.LittleEndian,
			"18 01 0000 05000000 00 00 0000 00000000 95 00 0000 00000000 95 00 0000 00000000",
			[]asm.Instruction{{Op: 0x18, Dst: asm.R1, Imm: 5}, {Op: 0x95}, {Op: 0x95}}, ""},
		{"error names the slot", binary.LittleEndian,
			"18 01 0000 05000000 00 00 0000 00000000 ff 00 0000 00000000", nil, "decode slot 2: unknown opcode 0xff"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s/%v", test.name, test.order), func(t *testing.T) {
			got, err := asm.Decode(bytesOf(t, test.code), test.order)
			if errors := errorText(err); errors != test.errors {
				t.Errorf("error %q, want %q", errors, test.errors)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestDecodeRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		code string // little-endian
		want string
		is   error
	}{
		// Registers: there are r0 to r10, and four bits for their numbers.
		{"destination r11", "bf 0b 0000 00000000", "register out of range: destination r11", asm.ErrRegister},
		{"destination r15", "bf 0f 0000 00000000", "register out of range: destination r15", asm.ErrRegister},
		{"source r11", "bf b0 0000 00000000", "register out of range: source r11", asm.ErrRegister},
		{"source r15 of a store", "7b fa 0000 00000000", "register out of range: source r15", asm.ErrRegister},
		{"destination r12 of a 64-bit immediate", "18 0c 0000 00000000 00 00 0000 00000000", "register out of range: destination r12", asm.ErrRegister},
		{"destination r11 of an instruction without one", "95 0b 0000 00000000", "register out of range: destination r11", asm.ErrRegister},

		// Arithmetic.
		{"add: source beside an immediate", "07 21 0000 05000000", "reserved field set: source r2", asm.ErrReserved},
		{"add: offset beside an immediate", "07 01 0100 05000000", "reserved field set: offset 1", asm.ErrReserved},
		{"add: offset beside a register", "0f 21 ffff 00000000", "reserved field set: offset -1", asm.ErrReserved},
		{"add: immediate beside a register", "0f 21 0000 05000000", "reserved field set: immediate 5", asm.ErrReserved},
		{"add32: immediate beside a register", "0c 21 0000 ffffffff", "reserved field set: immediate -1", asm.ErrReserved},
		{"div: source beside an immediate", "37 21 0000 05000000", "reserved field set: source r2", asm.ErrReserved},
		{"div: offset that is not that of sdiv", "37 01 0200 05000000", "reserved field set: offset 2", asm.ErrReserved},
		{"div: offset that is not that of sdiv, register", "3f 21 ffff 00000000", "reserved field set: offset -1", asm.ErrReserved},
		{"mod32: immediate beside a register", "9c 21 0100 05000000", "reserved field set: immediate 5", asm.ErrReserved},
		{"neg: source", "87 21 0000 00000000", "reserved field set: source r2", asm.ErrReserved},
		{"neg: offset", "87 01 0100 00000000", "reserved field set: offset 1", asm.ErrReserved},
		{"neg: immediate", "84 01 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"mov: offset beside an immediate", "b7 01 0800 05000000", "reserved field set: offset 8", asm.ErrReserved},
		{"mov: offset that is no width", "bf 21 0700 00000000", "reserved field set: offset 7", asm.ErrReserved},
		{"mov: offset -1, the kernel's own address of per-CPU memory", "bf 21 ffff 00000000", "reserved field set: offset -1", asm.ErrReserved},
		{"mov32: sign extension of 32 bits", "bc 21 2000 00000000", "reserved field set: offset 32", asm.ErrReserved},
		{"mov32: address space cast", "bc 21 0100 01000000", "reserved field set: offset 1", asm.ErrReserved},
		{"mov: immediate beside sign extension", "bf 21 0800 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"address space cast from 0 to 0", "bf 21 0100 00000000", "immediate out of range: address space cast 0x0", asm.ErrImmediate},
		{"address space cast from 2 to 1", "bf 21 0100 02000100", "immediate out of range: address space cast 0x10002", asm.ErrImmediate},
		{"le: 8 bits", "d4 01 0000 08000000", "immediate out of range: byte swap of 8 bits", asm.ErrImmediate},
		{"be: source", "dc 21 0000 10000000", "reserved field set: source r2", asm.ErrReserved},
		{"bswap: offset", "d7 01 0100 10000000", "reserved field set: offset 1", asm.ErrReserved},

		// Jumps.
		{"if: source beside an immediate", "15 21 0000 05000000", "reserved field set: source r2", asm.ErrReserved},
		{"if: immediate beside a register", "1d 21 0000 05000000", "reserved field set: immediate 5", asm.ErrReserved},
		{"if32: immediate beside a register", "1e 21 0000 05000000", "reserved field set: immediate 5", asm.ErrReserved},
		{"goto: destination", "05 01 0000 00000000", "reserved field set: destination r1", asm.ErrReserved},
		{"goto: source", "05 10 0000 00000000", "reserved field set: source r1", asm.ErrReserved},
		{"goto: immediate", "05 00 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"gotol: offset", "06 00 0100 00000000", "reserved field set: offset 1", asm.ErrReserved},
		{"gotol: destination", "06 01 0000 00000000", "reserved field set: destination r1", asm.ErrReserved},
		{"may_goto: immediate", "e5 00 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"may_goto: source", "e5 10 0000 00000000", "reserved field set: source r1", asm.ErrReserved},
		{"call: destination", "85 01 0000 01000000", "reserved field set: destination r1", asm.ErrReserved},
		{"call of a helper: offset", "85 00 0100 01000000", "reserved field set: offset 1", asm.ErrReserved},
		{"call of a subprogram: offset", "85 10 0100 01000000", "reserved field set: offset 1", asm.ErrReserved},
		{"call of a kernel function: destination", "85 21 0100 01000000", "reserved field set: destination r1", asm.ErrReserved},
		{"call of a kernel function: negative index", "85 20 ffff 01000000", "immediate out of range: index -1 of the kernel function's BTF in fd_array", asm.ErrImmediate},
		{"call of an unknown kind", "85 30 0000 01000000", "reserved field set: source r3", asm.ErrReserved},
		{"exit: destination", "95 01 0000 00000000", "reserved field set: destination r1", asm.ErrReserved},
		{"exit: source", "95 10 0000 00000000", "reserved field set: source r1", asm.ErrReserved},
		{"exit: offset", "95 00 0100 00000000", "reserved field set: offset 1", asm.ErrReserved},
		{"exit: immediate", "95 00 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},

		// Memory.
		{"load: immediate", "61 21 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"sign-extending load: immediate", "81 21 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"store: immediate", "63 21 0000 01000000", "reserved field set: immediate 1", asm.ErrReserved},
		{"store of a constant: source", "62 21 0000 01000000", "reserved field set: source r2", asm.ErrReserved},
		{"packet load: destination", "20 01 0000 0c000000", "reserved field set: destination r1", asm.ErrReserved},
		{"packet load: source", "20 10 0000 0c000000", "reserved field set: source r1", asm.ErrReserved},
		{"packet load: offset", "20 00 0100 0c000000", "reserved field set: offset 1", asm.ErrReserved},
		{"packet load at a register: destination", "40 71 0000 0c000000", "reserved field set: destination r1", asm.ErrReserved},
		{"packet load at a register: offset", "40 70 0100 0c000000", "reserved field set: offset 1", asm.ErrReserved},
		{"atomic: no operation", "db 21 0000 10000000", "immediate out of range: no atomic operation 0x10 on 8 bytes", asm.ErrImmediate},
		{"atomic: xchg without fetch", "db 21 0000 e0000000", "immediate out of range: no atomic operation 0xe0 on 8 bytes", asm.ErrImmediate},
		{"atomic: cmpxchg without fetch", "c3 21 0000 f0000000", "immediate out of range: no atomic operation 0xf0 on 4 bytes", asm.ErrImmediate},
		{"atomic: negative", "db 21 0000 ffffffff", "immediate out of range: no atomic operation 0xffffffff on 8 bytes", asm.ErrImmediate},
		{"atomic: add of a byte", "d3 21 0000 00000000", "immediate out of range: no atomic operation 0x0 on 1 bytes", asm.ErrImmediate},
		{"atomic: xchg of 2 bytes", "cb 21 0000 e1000000", "immediate out of range: no atomic operation 0xe1 on 2 bytes", asm.ErrImmediate},
		{"atomic: load_acquire with fetch", "db 21 0000 01010000", "immediate out of range: no atomic operation 0x101 on 8 bytes", asm.ErrImmediate},

		// 64-bit immediates.
		{"64-bit immediate: offset", "18 01 0100 05000000 00 00 0000 00000000", "reserved field set: offset 1", asm.ErrReserved},
		{"64-bit immediate: unknown kind", "18 71 0000 05000000 00 00 0000 00000000", "reserved field set: source r7", asm.ErrReserved},
		{"64-bit immediate: second opcode", "18 01 0000 05000000 18 00 0000 00000000", "reserved field set: second half of a 64-bit immediate has opcode 0x18", asm.ErrReserved},
		{"64-bit immediate: second destination", "18 01 0000 05000000 00 01 0000 00000000", "reserved field set: second half of a 64-bit immediate has destination r1", asm.ErrReserved},
		{"64-bit immediate: second source", "18 01 0000 05000000 00 10 0000 00000000", "reserved field set: second half of a 64-bit immediate has source r1", asm.ErrReserved},
		{"64-bit immediate: second offset", "18 01 0000 05000000 00 00 0100 00000000", "reserved field set: second half of a 64-bit immediate has offset 1", asm.ErrReserved},
		{"map: second immediate", "18 11 0000 05000000 00 00 0000 01000000", "reserved field set: second immediate 1", asm.ErrReserved},
		{"function: second immediate", "18 41 0000 05000000 00 00 0000 ffffffff", "reserved field set: second immediate -1", asm.ErrReserved},
		{"map by index: second immediate", "18 51 0000 05000000 00 00 0000 01000000", "reserved field set: second immediate 1", asm.ErrReserved},

		// Truncation.
		{"half of a 64-bit immediate", "18 01 0000 05000000", "truncated: second half of a 64-bit immediate is missing", asm.ErrTruncated},
		{"three quarters of a 64-bit immediate", "18 01 0000 05000000 00 00 0000", "truncated: second half of a 64-bit immediate is missing", asm.ErrTruncated},
		{"second half alone", "00 00 0000 00000000", "unknown opcode 0x00", asm.ErrOpcode},
		{"one byte", "95", "truncated: 1 bytes of an instruction's 8", asm.ErrTruncated},
		{"seven bytes", "95 00 0000 000000", "truncated: 7 bytes of an instruction's 8", asm.ErrTruncated},
		{"seven bytes behind a 64-bit immediate", "18 01 0000 05000000 00 00 0000 00000000 95 00 0000 000000", "decode slot 2: truncated: 7 bytes of an instruction's 8", asm.ErrTruncated},
	} {
		t.Run(test.name, func(t *testing.T) {
			code := bytesOf(t, test.code)
			want := test.want
			if !strings.HasPrefix(want, "decode slot") {
				want = "decode slot 0: " + want
			}
			insns, err := asm.Decode(code, binary.LittleEndian)
			if insns != nil || errorText(err) != want || !errors.Is(err, test.is) {
				t.Errorf("Decode: %v, %v\nwant error %q", insns, err, want)
			}
			if len(code)%8 != 0 {
				return
			}
			code = bytesOf(t, swapFields(t, test.code))
			insns, err = asm.Decode(code, binary.BigEndian)
			if insns != nil || errorText(err) != want || !errors.Is(err, test.is) {
				t.Errorf("Decode for big-endian: %v, %v\nwant error %q", insns, err, want)
			}
		})
	}
}

func TestDecodeInstruction(t *testing.T) {
	code := bytesOf(t, "18 01 0000 05000000 00 00 0000 00000000 95 00 0000 00000000")
	i, n, err := asm.DecodeInstruction(code, binary.LittleEndian)
	if want := (asm.Instruction{Op: asm.OpLdImm64, Dst: asm.R1, Imm: 5}); i != want || n != 16 || err != nil {
		t.Errorf("first: %v, %d bytes, %v; want %v, 16 bytes", i, n, err, want)
	}
	i, n, err = asm.DecodeInstruction(code[16:], binary.LittleEndian)
	if want := (asm.Instruction{Op: 0x95}); i != want || n != 8 || err != nil {
		t.Errorf("second: %v, %d bytes, %v; want %v, 8 bytes", i, n, err, want)
	}
	i, n, err = asm.DecodeInstruction(nil, binary.LittleEndian)
	if i != (asm.Instruction{}) || n != 0 || errorText(err) != "truncated: 0 bytes of an instruction's 8" {
		t.Errorf("nothing: %v, %d bytes, %v", i, n, err)
	}
}

// opcodes has a line for every upper half of an opcode and a column for every lower one: + is an opcode of RFC 9669 or
// of Linux 6.18 (may_goto e5; 1- and 2-byte atomics d3 and cb, for load_acquire and store_release).
const opcodes = `
   0 1 2 3 4 5 6 7 8 9 a b c d e f
0  . . . . + + + + . . . . + . . +
1  . . . . + + + + + . . . + + + +
2  + . . . + + + + + . . . + + + +
3  + . . . + + + + . . . . + + + +
4  + . . . + + + + + . . . + + + +
5  + . . . + + + + . . . . + + + +
6  . + + + + + + + . + + + + + + +
7  . + + + + + + + . + + + + + + +
8  . + . . + + . + . + . . . . . .
9  . + . . + + . + . . . . + . . +
a  . . . . + + + + . . . . + + + +
b  . . . . + + + + . . . . + + + +
c  . . . + + + + + . . . + + + + +
d  . . . + + + + + . . . + + + + .
e  . . . . . + . . . . . . . . . .
f  . . . . . . . . . . . . . . . .
`

func knownOpcode(op int) bool {
	row := strings.Split(strings.TrimSpace(opcodes), "\n")[1+op>>4]
	return row[3+2*(op&15)] == '+'
}

func TestDecodeOpcodes(t *testing.T) {
	for op := range 256 {
		accepted := false
		// One of these immediates suits every opcode: 16 bits to swap, load_acquire.
		for _, imm := range []byte{0, 16} {
			for _, high := range []byte{0, 1} {
				code := []byte{byte(op), 0, 0, 0, imm, high, 0, 0, 15: 0}
				if _, n, err := asm.DecodeInstruction(code, binary.LittleEndian); err == nil {
					accepted = true
				} else if n != 0 {
					t.Errorf("%#02x: refused, and %d bytes long", op, n)
				}
			}
		}
		if want := knownOpcode(op); accepted != want {
			t.Errorf("opcode %#02x: accepted %v, want %v", op, accepted, want)
		}
	}
}

// Check also sees what has no bytes.
func TestCheck(t *testing.T) {
	for _, test := range []struct {
		ins  asm.Instruction
		want string
		is   error
	}{
		{asm.Instruction{Op: 0xb7, Dst: 16}, "register out of range: destination r16", asm.ErrRegister},
		{asm.Instruction{Op: 0xbf, Src: 0xffff}, "register out of range: source v32767", asm.ErrRegister},
		{asm.Instruction{Op: 0xb7, Imm: 1 << 31}, "immediate out of range: 2147483648 does not fit 32 bits", asm.ErrImmediate},
		{asm.Instruction{Op: 0xb7, Imm: -1<<31 - 1}, "immediate out of range: -2147483649 does not fit 32 bits", asm.ErrImmediate},
		{asm.Instruction{Op: 0x95, Imm: 1 << 32}, "immediate out of range: 4294967296 does not fit 32 bits", asm.ErrImmediate},
		{asm.Instruction{}, "unknown opcode 0x00", asm.ErrOpcode},
	} {
		if err := test.ins.Check(); errorText(err) != test.want || !errors.Is(err, test.is) {
			t.Errorf("Check of %v: %v, want %q", test.ins, err, test.want)
		}
		b, err := test.ins.AppendTo([]byte{1, 2}, binary.LittleEndian)
		if diff := cmp.Diff([]byte{1, 2}, b); diff != "" || errorText(err) != test.want {
			t.Errorf("AppendTo of %v: % x, %v", test.ins, b, err)
		}
		b, err = asm.AppendInstructions([]byte{1, 2}, []asm.Instruction{{Op: 0x95}, test.ins}, binary.LittleEndian)
		if diff := cmp.Diff([]byte{1, 2}, b); diff != "" || errorText(err) != "encode instruction 1: "+test.want || !errors.Is(err, test.is) {
			t.Errorf("AppendInstructions of %v: % x, %v", test.ins, b, err)
		}
	}
}
