package asm_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/sys"
)

// A setting is what the verifier knows of a program besides its instructions.
type setting struct {
	typ       asm.ProgramType
	at        asm.AttachType
	attachTo  string     // kernel function or tracepoint the program is for
	target    btf.TypeID // of attachTo
	sleepable bool
}

func (s setting) String() string {
	text := s.typ.String() + "/" + s.at.String()
	if s.attachTo != "" {
		text += "/" + s.attachTo
	}
	if s.sleepable {
		text += "/sleepable"
	}
	return text
}

// Flags of BPF_PROG_LOAD.
const (
	strictAlignment = 1 << 0 // BPF_F_STRICT_ALIGNMENT: refuse what only some architectures can do
	sleepable       = 1 << 4 // BPF_F_SLEEPABLE
)

// verify gives a program to the verifier and returns its verdict and log. Level 2 logs the registers after every
// instruction of an accepted program too.
func (s setting) verify(t *testing.T, licence string, level uint32, insns ...asm.Instruction) (log string, err error) {
	t.Helper()
	code, err := asm.AppendInstructions(nil, insns, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	attr := sys.ProgLoadAttr{
		ProgType:           uint32(s.typ),
		ExpectedAttachType: uint32(s.at),
		InsnCnt:            uint32(len(code) / 8),
		Insns:              sys.BytesPointer(code),
		License:            sys.StringPointer(licence),
		ProgFlags:          strictAlignment,
		AttachBTFID:        uint32(s.target),
	}
	if s.sleepable {
		attr.ProgFlags |= sleepable
	}
	var buf []byte
	if level != 0 {
		buf = make([]byte, 1<<15)
		attr.LogLevel = level
		attr.LogSize = uint32(len(buf))
		attr.LogBuf = sys.BytesPointer(buf)
	}
	fd, err := sys.ProgLoad(&attr)
	if err == nil {
		err = fd.Close()
	}
	if end := bytes.IndexByte(buf, 0); end > 0 {
		log = string(buf[:end])
	}
	return log, err
}

// Instructions by their encoding, so that these tests depend on the encoder alone.

func mov(dst asm.Register, imm int64) asm.Instruction {
	return asm.Instruction{Op: 0xb7, Dst: dst, Imm: imm}
}

func movReg(dst, src asm.Register) asm.Instruction {
	return asm.Instruction{Op: 0xbf, Dst: dst, Src: src}
}

func load(dst, src asm.Register, off, size int) asm.Instruction {
	return asm.Instruction{Op: 0x61 | sizeBits[size], Dst: dst, Src: src, Off: int16(off)}
}

func store(dst asm.Register, off int, src asm.Register, size int) asm.Instruction {
	return asm.Instruction{Op: 0x63 | sizeBits[size], Dst: dst, Src: src, Off: int16(off)}
}

func exitIfZero(r asm.Register) []asm.Instruction {
	return []asm.Instruction{{Op: 0x55, Dst: r, Off: 2}, mov(asm.R0, 1), {Op: 0x95}}
}

func call(h asm.Helper) asm.Instruction { return asm.Instruction{Op: 0x85, Imm: int64(h)} }

func exit() asm.Instruction { return asm.Instruction{Op: 0x95} }

var sizeBits = map[int]asm.Opcode{1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}
