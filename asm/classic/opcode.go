package classic

import "golang.org/x/net/bpf"

// Opcode is the code of an instruction, the Op field of bpf.RawInstruction.
type Opcode uint16

// All opcodes that the kernel takes (chk_code_allowed in net/core/filter.c). K stands for the constant of the
// instruction, P for the packet. Loads from the packet end the program with 0 when they reach beyond it.
const (
	OpLdImm  Opcode = 0x00 // A = K
	OpLdAbsW Opcode = 0x20 // A = P[K:4], or an extension when K is at or above SKF_AD_OFF
	OpLdAbsH Opcode = 0x28 // A = P[K:2], or an extension
	OpLdAbsB Opcode = 0x30 // A = P[K:1], or an extension
	OpLdIndW Opcode = 0x40 // A = P[X+K:4]
	OpLdIndH Opcode = 0x48 // A = P[X+K:2]
	OpLdIndB Opcode = 0x50 // A = P[X+K:1]
	OpLdMem  Opcode = 0x60 // A = M[K]
	OpLdLen  Opcode = 0x80 // A = length of P

	OpLdxImm Opcode = 0x01 // X = K
	OpLdxMem Opcode = 0x61 // X = M[K]
	OpLdxLen Opcode = 0x81 // X = length of P
	OpLdxMsh Opcode = 0xb1 // X = 4 * (P[K:1] & 0xf)

	OpSt  Opcode = 0x02 // M[K] = A
	OpStx Opcode = 0x03 // M[K] = X

	OpAddK Opcode = 0x04 // A += K
	OpAddX Opcode = 0x0c // A += X
	OpSubK Opcode = 0x14 // A -= K
	OpSubX Opcode = 0x1c // A -= X
	OpMulK Opcode = 0x24 // A *= K
	OpMulX Opcode = 0x2c // A *= X
	OpDivK Opcode = 0x34 // A /= K, K not zero
	OpDivX Opcode = 0x3c // A /= X; X = 0 ends the program with 0
	OpOrK  Opcode = 0x44 // A |= K
	OpOrX  Opcode = 0x4c // A |= X
	OpAndK Opcode = 0x54 // A &= K
	OpAndX Opcode = 0x5c // A &= X
	OpLshK Opcode = 0x64 // A <<= K, K below 32
	OpLshX Opcode = 0x6c // A <<= X & 31
	OpRshK Opcode = 0x74 // A >>= K, K below 32
	OpRshX Opcode = 0x7c // A >>= X & 31
	OpNeg  Opcode = 0x84 // A = -A
	OpModK Opcode = 0x94 // A %= K, K not zero
	OpModX Opcode = 0x9c // A %= X; X = 0 ends the program with 0
	OpXorK Opcode = 0xa4 // A ^= K
	OpXorX Opcode = 0xac // A ^= X

	OpJa    Opcode = 0x05 // skip K instructions
	OpJeqK  Opcode = 0x15 // skip Jt instructions when A == K, else Jf
	OpJeqX  Opcode = 0x1d // A == X
	OpJgtK  Opcode = 0x25 // A > K, unsigned
	OpJgtX  Opcode = 0x2d // A > X
	OpJgeK  Opcode = 0x35 // A >= K
	OpJgeX  Opcode = 0x3d // A >= X
	OpJsetK Opcode = 0x45 // A & K != 0
	OpJsetX Opcode = 0x4d // A & X != 0

	OpRetK Opcode = 0x06 // return K
	OpRetA Opcode = 0x16 // return A

	OpTax Opcode = 0x07 // X = A
	OpTxa Opcode = 0x87 // A = X
)

// operand is what an instruction has after its mnemonic; the printers differ in how they write some of them.
type operand uint8

const (
	operandNone operand = iota
	operandHex          // #0x800
	operandDec          // #14
	operandRet          // hexadecimal for bpf_asm, decimal for tcpdump
	operandA            // a, which tcpdump leaves out
	operandX            // x
	operandAbs          // [12], or an extension
	operandInd          // [x + 12]
	operandMem          // M[3]
	operandMsh          // 4*([14]&0xf)
	operandLen          // #len, for tcpdump #pktlen
	operandJump         // the target
)

// opcodes describes the opcodes; an entry without mnemonic is an opcode that the kernel refuses.
var opcodes = [...]struct {
	mnemonic string
	operand  operand
}{
	OpLdImm:  {"ld", operandHex},
	OpLdAbsW: {"ld", operandAbs},
	OpLdAbsH: {"ldh", operandAbs},
	OpLdAbsB: {"ldb", operandAbs},
	OpLdIndW: {"ld", operandInd},
	OpLdIndH: {"ldh", operandInd},
	OpLdIndB: {"ldb", operandInd},
	OpLdMem:  {"ld", operandMem},
	OpLdLen:  {"ld", operandLen},

	OpLdxImm: {"ldx", operandHex},
	OpLdxMem: {"ldx", operandMem},
	OpLdxLen: {"ldx", operandLen},
	OpLdxMsh: {"ldxb", operandMsh},

	OpSt:  {"st", operandMem},
	OpStx: {"stx", operandMem},

	OpAddK: {"add", operandDec},
	OpAddX: {"add", operandX},
	OpSubK: {"sub", operandDec},
	OpSubX: {"sub", operandX},
	OpMulK: {"mul", operandDec},
	OpMulX: {"mul", operandX},
	OpDivK: {"div", operandDec},
	OpDivX: {"div", operandX},
	OpOrK:  {"or", operandHex},
	OpOrX:  {"or", operandX},
	OpAndK: {"and", operandHex},
	OpAndX: {"and", operandX},
	OpLshK: {"lsh", operandDec},
	OpLshX: {"lsh", operandX},
	OpRshK: {"rsh", operandDec},
	OpRshX: {"rsh", operandX},
	OpNeg:  {"neg", operandNone},
	OpModK: {"mod", operandDec},
	OpModX: {"mod", operandX},
	OpXorK: {"xor", operandHex},
	OpXorX: {"xor", operandX},

	OpJa:    {"ja", operandJump},
	OpJeqK:  {"jeq", operandHex},
	OpJeqX:  {"jeq", operandX},
	OpJgtK:  {"jgt", operandHex},
	OpJgtX:  {"jgt", operandX},
	OpJgeK:  {"jge", operandHex},
	OpJgeX:  {"jge", operandX},
	OpJsetK: {"jset", operandHex},
	OpJsetX: {"jset", operandX},

	OpRetK: {"ret", operandRet},
	OpRetA: {"ret", operandA},

	OpTax: {"tax", operandNone},
	OpTxa: {"txa", operandNone},
}

// known reports whether the kernel has the opcode.
func (op Opcode) known() bool {
	return int(op) < len(opcodes) && opcodes[op].mnemonic != ""
}

// conditional reports whether op is a jump with two targets.
func (op Opcode) conditional() bool {
	switch op {
	case OpJeqK, OpJeqX, OpJgtK, OpJgtX, OpJgeK, OpJgeX, OpJsetK, OpJsetX:
		return true
	}
	return false
}

func (op Opcode) returns() bool { return op == OpRetK || op == OpRetA }

func raw(op Opcode, k uint32) bpf.RawInstruction {
	return bpf.RawInstruction{Op: uint16(op), K: k}
}
