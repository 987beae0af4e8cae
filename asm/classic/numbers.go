package classic

import (
	"fmt"
	"strings"
)

// CArray returns the instructions as the initializers of a C array of struct sock_filter, one a line, as `tcpdump
// -dd` prints them:
//
//	{ 0x28, 0, 0, 0x0000000c },
func (p *Program) CArray() string {
	var b strings.Builder
	for _, ins := range p.raw {
		fmt.Fprintf(&b, "{ %#x, %d, %d, 0x%08x },\n", ins.Op, ins.Jt, ins.Jf, ins.K)
	}
	return b.String()
}

// Decimal returns the number of instructions and then the fields code, jt, jf and k of each, a line apiece, as
// `tcpdump -ddd` prints them.
func (p *Program) Decimal() string { return p.decimal("\n") + "\n" }

// OneLine returns the same as Decimal in one line with commas, for the xt_bpf match of iptables (-m bpf
// --bytecode) and for bpf_dbg:
//
//	4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0
func (p *Program) OneLine() string { return p.decimal(",") }

func (p *Program) decimal(separator string) string {
	var b strings.Builder
	fmt.Fprint(&b, len(p.raw))
	for _, ins := range p.raw {
		fmt.Fprintf(&b, "%s%d %d %d %d", separator, ins.Op, ins.Jt, ins.Jf, ins.K)
	}
	return b.String()
}
