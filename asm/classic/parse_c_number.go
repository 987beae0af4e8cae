package classic

import (
	"math"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// cMember reads a member of an instruction, and blanks and comments around it.
func (s *scanner) cMember(name string, bits int) (uint32, error) {
	if err := s.blanksAndComments(); err != nil {
		return 0, err
	}
	start := *s
	v, err := s.cExpression(name, 0, 0)
	if err != nil {
		return 0, err
	}
	// Blanks before what follows do not belong to it.
	text := strings.TrimSpace(start.rest[:len(start.rest)-len(s.rest)])
	if v >= 1<<bits || v < 0 && bits < 32 {
		return 0, start.errorf("%s %s does not fit %d bits", name, shorten(text), bits)
	}
	return uint32(v), nil
}

// maxParentheses is how deep they may be in each other.
const maxParentheses = 64

// cOperators are those of C with two operands, by how strongly they bind.
var cOperators = [...][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*"}}

// cExpression reads an expression with the operators of a level and those that bind more, and the blanks behind it. Numbers
// are within the 32 bits of C's int and unsigned int, and have the same bits as in C.
func (s *scanner) cExpression(name string, level, depth int) (int64, error) {
	if level == len(cOperators) {
		v, err := s.cOperand(name, depth)
		if err != nil {
			return 0, err
		}
		return v, s.blanksAndComments()
	}
	v, err := s.cExpression(name, level+1, depth)
	for err == nil {
		op := ""
		for _, o := range cOperators[level] {
			if strings.HasPrefix(s.rest, o) {
				op = o
			}
		}
		if op == "" {
			return v, nil
		}
		at := *s
		s.advance(len(op))
		if err = s.blanksAndComments(); err != nil {
			break
		}
		var w int64
		if w, err = s.cExpression(name, level+1, depth); err != nil {
			break
		}
		fits := true
		switch op {
		case "|":
			v |= w
		case "^":
			v ^= w
		case "&":
			v &= w
		case "<<", ">>":
			// C has other results for negative numbers of either type.
			if fits = v >= 0 && w >= 0 && w < 32; fits && op == "<<" {
				v <<= w
			} else if fits {
				v >>= w
			}
		case "+":
			v += w
		case "-":
			v -= w
		case "*":
			// Less than 64 bits: one of them has 31 and a sign, or both have 32 and none.
			if v > math.MaxInt32 && w > math.MaxInt32 {
				fits = false
			}
			v *= w
		}
		if !fits || v < math.MinInt32 || v > math.MaxUint32 {
			return 0, at.errorf("%s: the result of %s does not fit 32 bits", name, op)
		}
	}
	return 0, err
}

// cOperand reads a number, a name, an expression in parentheses, or one of these behind a sign.
func (s *scanner) cOperand(name string, depth int) (int64, error) {
	if depth == maxParentheses {
		return 0, s.errorf("%s: more than %d signs and parentheses in each other", name, maxParentheses)
	}
	at := *s
	if w := s.word(); w != "" {
		v, ok := filterConstant(w)
		if !ok {
			return 0, s.errorf("%s %s: no constant of linux/filter.h or linux/bpf_common.h; write its number", name, shorten(w))
		}
		s.advance(len(w))
		return v, nil
	}
	sign := byte(0)
	if !s.end() && strings.IndexByte("+-~(", s.rest[0]) >= 0 {
		sign = s.rest[0]
		s.advance(1)
		if err := s.blanksAndComments(); err != nil {
			return 0, err
		}
	}
	switch sign {
	case 0:
		v, err := s.number(name, 32, true)
		return int64(v), err
	case '(':
		v, err := s.cExpression(name, 0, depth+1)
		if err == nil && !s.accept(')') {
			err = s.errorf("%s: expected ) for the parenthesis in column %d of line %d, found %s", name, at.column, at.line, s.next())
		}
		return v, err
	}
	v, err := s.cOperand(name, depth+1)
	switch {
	case err != nil:
		return 0, err
	case sign == '-' && -v < math.MinInt32:
		return 0, at.errorf("%s: the result of - does not fit 32 bits", name)
	case sign == '-':
		return -v, nil
	case sign == '~' && v > math.MaxInt32: // unsigned
		return v ^ math.MaxUint32, nil
	case sign == '~':
		return ^v, nil
	}
	return v, nil
}

// filterConstant returns the value of a name of linux/bpf_common.h, linux/filter.h, linux/if_ether.h or linux/in.h.
func filterConstant(name string) (int64, bool) {
	switch name {
	case "BPF_LD", "BPF_W", "BPF_IMM", "BPF_ADD", "BPF_JA", "BPF_K", "BPF_TAX", "SKF_AD_PROTOCOL":
		return 0x00, true
	case "BPF_LDX":
		return 0x01, true
	case "BPF_ST":
		return 0x02, true
	case "BPF_STX":
		return 0x03, true
	case "BPF_ALU":
		return 0x04, true
	case "BPF_JMP":
		return 0x05, true
	case "BPF_RET":
		return 0x06, true
	case "BPF_MISC":
		return 0x07, true
	case "BPF_H", "BPF_X":
		return 0x08, true
	case "BPF_B", "BPF_SUB", "BPF_JEQ", "BPF_A":
		return 0x10, true
	case "BPF_ABS", "BPF_MUL", "BPF_JGT":
		return 0x20, true
	case "BPF_DIV", "BPF_JGE":
		return 0x30, true
	case "BPF_IND", "BPF_OR", "BPF_JSET":
		return 0x40, true
	case "BPF_AND":
		return 0x50, true
	case "BPF_MEM", "BPF_LSH":
		return 0x60, true
	case "BPF_RSH":
		return 0x70, true
	case "BPF_LEN", "BPF_NEG", "BPF_TXA":
		return 0x80, true
	case "BPF_MOD":
		return 0x90, true
	case "BPF_MSH", "BPF_XOR":
		return 0xa0, true
	case "BPF_MAXINSNS":
		return MaxInstructions, true
	case "BPF_MEMWORDS":
		return 16, true

	case "SKF_AD_OFF":
		return -0x1000, true
	case "SKF_NET_OFF", "BPF_NET_OFF":
		return -0x100000, true
	case "SKF_LL_OFF", "BPF_LL_OFF":
		return -0x200000, true
	case "SKF_AD_PKTTYPE":
		return 4, true
	case "SKF_AD_IFINDEX":
		return 8, true
	case "SKF_AD_NLATTR":
		return 12, true
	case "SKF_AD_NLATTR_NEST":
		return 16, true
	case "SKF_AD_MARK":
		return 20, true
	case "SKF_AD_QUEUE":
		return 24, true
	case "SKF_AD_HATYPE":
		return 28, true
	case "SKF_AD_RXHASH":
		return 32, true
	case "SKF_AD_CPU":
		return 36, true
	case "SKF_AD_ALU_XOR_X":
		return 40, true
	case "SKF_AD_VLAN_TAG":
		return 44, true
	case "SKF_AD_VLAN_TAG_PRESENT":
		return 48, true
	case "SKF_AD_PAY_OFFSET":
		return 52, true
	case "SKF_AD_RANDOM":
		return 56, true
	case "SKF_AD_VLAN_TPID":
		return 60, true
	case "SKF_AD_MAX":
		return 64, true

	case "ETH_P_IP":
		return asm.EthPIP, true
	case "ETH_P_IPV6":
		return asm.EthPIPv6, true
	case "ETH_P_ARP":
		return asm.EthPARP, true
	case "ETH_P_8021Q":
		return asm.EthP8021Q, true
	case "IPPROTO_ICMP":
		return asm.IPProtoICMP, true
	case "IPPROTO_ICMPV6":
		return asm.IPProtoICMPv6, true
	case "IPPROTO_TCP":
		return asm.IPProtoTCP, true
	case "IPPROTO_UDP":
		return asm.IPProtoUDP, true
	case "IPPROTO_SCTP":
		return asm.IPProtoSCTP, true
	}
	return 0, false
}
