package classic

import (
	"fmt"
	"strings"

	"golang.org/x/net/bpf"
)

// String returns the program in the syntax of the kernel's bpf_asm (Documentation/networking/filter.rst), every
// instruction under a label as bpf_dbg prints it:
//
//	l0:	ldh [12]
//	l1:	jeq #0x800, l2, l3
//
// bpf_asm accepts all of it. Fields that an instruction does not use do not show.
func (p *Program) String() string {
	var b strings.Builder
	for i, ins := range p.raw {
		fmt.Fprintf(&b, "l%d:\t%s", i, describe(ins))
		switch op := Opcode(ins.Op); {
		case op == OpJa:
			fmt.Fprintf(&b, " l%d", i+1+int(ins.K))
		case op.conditional():
			fmt.Fprintf(&b, ", l%d, l%d", i+1+int(ins.Jt), i+1+int(ins.Jf))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Tcpdump returns the program as `tcpdump -d` prints it, blanks included:
//
//	(000) ldh      [12]
//	(001) jeq      #0x800           jt 2	jf 3
//
// For the one instruction that libpcap has no words for it says `ldx #pktlen`.
func (p *Program) Tcpdump() string {
	var b strings.Builder
	for i, ins := range p.raw {
		op := Opcode(ins.Op)
		text := operandText(ins, tcpdump)
		if op == OpJa {
			text = fmt.Sprint(i + 1 + int(ins.K))
		}
		if op.conditional() {
			fmt.Fprintf(&b, "(%03d) %-8s %-16s jt %d\tjf %d\n", i, opcodes[op].mnemonic, text, i+1+int(ins.Jt), i+1+int(ins.Jf))
		} else {
			fmt.Fprintf(&b, "(%03d) %-8s %s\n", i, opcodes[op].mnemonic, text)
		}
	}
	return b.String()
}

// describe returns an instruction as bpf_asm has it, without the targets of a jump.
func describe(ins bpf.RawInstruction) string {
	op := Opcode(ins.Op)
	if !op.known() {
		return fmt.Sprintf("{ %#x, %d, %d, %#x }", ins.Op, ins.Jt, ins.Jf, ins.K)
	}
	if text := operandText(ins, bpfAsm); text != "" {
		return opcodes[op].mnemonic + " " + text
	}
	return opcodes[op].mnemonic
}

type dialect uint8

const (
	bpfAsm dialect = iota
	tcpdump
)

// operandText returns the operand of a known instruction, without the targets of a jump. Both dialects print
// decimal numbers as signed.
func operandText(ins bpf.RawInstruction, d dialect) string {
	k := int32(ins.K)
	switch opcodes[ins.Op].operand {
	case operandHex:
		return hex(ins.K, d)
	case operandDec:
		return fmt.Sprintf("#%d", k)
	case operandRet:
		if d == tcpdump {
			return fmt.Sprintf("#%d", k)
		}
		return hex(ins.K, d)
	case operandA:
		if d == tcpdump {
			return ""
		}
		return "a"
	case operandX:
		return "x"
	case operandAbs:
		return absText(ins.K, d)
	case operandInd:
		// bpf_dbg's own [x+12] is not accepted by bpf_asm, whose lexer takes +12 for one number.
		return fmt.Sprintf("[x + %d]", k)
	case operandMem:
		return fmt.Sprintf("M[%d]", ins.K)
	case operandMsh:
		return fmt.Sprintf("4*([%d]&0xf)", k)
	case operandLen:
		if d == tcpdump {
			return "#pktlen"
		}
		return "#len"
	}
	return ""
}

func hex(k uint32, d dialect) string {
	if k == 0 && d == bpfAsm {
		return "#0"
	}
	return fmt.Sprintf("#%#x", k)
}

func absText(k uint32, d dialect) string {
	if e, ok := extensionOf(k); ok {
		names := extensionNames[e/4]
		switch {
		case d == tcpdump:
			return "[" + names.tcpdump + "]"
		case names.asm != "":
			return "#" + names.asm
		}
	}
	return fmt.Sprintf("[%d]", int32(k))
}
