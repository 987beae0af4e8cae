package asm_test

import (
	"embed"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// sources are embedded because the tests also run where the source tree is not.
//
//go:embed constants.go helper_table.go context_table.go
var sources embed.FS

// parse returns the syntax tree of one of the sources.
func parse(t *testing.T, fset *token.FileSet, file string) *ast.File {
	t.Helper()
	text, err := sources.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := parser.ParseFile(fset, file, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// initialisms are the words that Go names do not write with one capital letter.
var initialisms = map[string]string{
	"ack": "ACK", "af": "AF", "arp": "ARP", "bpf": "BPF", "btf": "BTF", "cb": "CB", "ce": "CE", "classid": "ClassID",
	"cpu": "CPU", "ecn": "ECN", "fib": "FIB", "fin": "FIN", "gid": "GID", "gre": "GRE", "gso": "GSO", "hw": "HW",
	"icmp": "ICMP", "icmpv6": "ICMPv6", "id": "ID", "ima": "IMA", "ip": "IP", "ip4": "IP4", "ip6": "IP6",
	"ipproto": "IPProto", "ipv4": "IPv4", "ipv6": "IPv6", "lwt": "LWT", "mac": "MAC", "mptcp": "MPTCP", "mss": "MSS",
	"mtu": "MTU", "napi": "NAPI", "ns": "NS", "numa": "NUMA", "ok": "OK", "percpu": "PerCPU", "pid": "PID", "rb": "RB",
	"rc": "RC", "ringbuf": "RingBuf", "rto": "RTO", "rtt": "RTT", "sctp": "SCTP", "skb": "SKB", "smp": "SMP",
	"srh": "SRH", "stackid": "StackID", "sw": "SW", "syn": "SYN", "tai": "TAI", "tbid": "TBID", "tc": "TC", "tcp": "TCP",
	"tcp6": "TCP6", "tgid": "TGID", "tx": "TX", "udp": "UDP", "udp6": "UDP6", "uid": "UID", "vlan": "VLAN", "vma": "VMA",
	"8021q": "8021Q", "xdp": "XDP", "xfrm": "XFRM",
}

// goName turns a name of the kernel into the name this package gives it.
func goName(kernel string) string {
	name := ""
	for word := range strings.SplitSeq(strings.ToLower(kernel), "_") {
		switch known, ok := initialisms[word]; {
		case ok:
			name += known
		case word != "":
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return name
}

// A named constant of a source file of this package, and the kernel's name, which is the first word of its comment.
type named struct {
	name   string
	kernel string
	value  int64
}

// constants returns the constants of a file that refers to no other.
func constants(t *testing.T, file string) []named {
	t.Helper()
	fset := token.NewFileSet()
	tree := parse(t, fset, file)
	var config types.Config
	pkg, err := config.Check("asm", fset, []*ast.File{tree}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []named
	for name, comment := range comments(tree) {
		value, exact := constant.Int64Val(pkg.Scope().Lookup(name).(*types.Const).Val())
		if !exact {
			t.Errorf("%s has no integer value", name)
		}
		all = append(all, named{name, comment, value})
	}
	return all
}

// comments returns the exported constants of a file with the first word of the comment behind each, as it should be the
// kernel's name.
func comments(tree *ast.File) map[string]string {
	found := map[string]string{}
	for _, d := range tree.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			continue
		}
		for _, s := range decl.Specs {
			spec := s.(*ast.ValueSpec)
			if name := spec.Names[0].Name; ast.IsExported(name) {
				word, _, _ := strings.Cut(strings.TrimSpace(spec.Comment.Text()), ":")
				found[name] = strings.TrimPrefix(strings.TrimSpace(word), "struct ")
			}
		}
	}
	return found
}

// Names follow from the kernel's by one rule, so that who knows the kernel's knows ours.
func TestNames(t *testing.T) {
	tests := []struct {
		file string
		name func(kernel string) string
	}{
		{"helper_table.go", func(kernel string) string { return "Fn" + goName(strings.TrimPrefix(kernel, "bpf_")) }},
		{"context_table.go", func(kernel string) string {
			of, field, isField := strings.Cut(kernel, ".")
			of = goName(strings.TrimPrefix(strings.TrimPrefix(of, "__"), "bpf_"))
			if !isField {
				return "Context" + of
			}
			return of + goName(field)
		}},
		{"constants.go", func(kernel string) string {
			switch kernel {
			case "BPF_OK", "BPF_DROP", "BPF_REDIRECT":
				return goName(kernel)
			}
			return goName(strings.TrimPrefix(kernel, "BPF_"))
		}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			all := comments(parse(t, token.NewFileSet(), test.file))
			if len(all) < 100 {
				t.Fatalf("%d constants found", len(all))
			}
			for name, kernel := range all {
				if want := test.name(kernel); name != want {
					t.Errorf("%s is called %s, want %s", kernel, name, want)
				}
			}
		})
	}
}

// notInEnums are the constants that the kernel defines by macro, with the values of its headers: pkt_cls.h, socket.h,
// net.h, if_ether.h, icmpv6.h. No kernel's types hold them.
var notInEnums = map[string]int64{
	"TC_ACT_UNSPEC":     -1,
	"TC_ACT_OK":         0,
	"TC_ACT_RECLASSIFY": 1,
	"TC_ACT_SHOT":       2,
	"TC_ACT_PIPE":       3,
	"TC_ACT_STOLEN":     4,
	"TC_ACT_QUEUED":     5,
	"TC_ACT_REPEAT":     6,
	"TC_ACT_REDIRECT":   7,
	"TC_ACT_TRAP":       8,
	"AF_UNIX":           1,
	"AF_INET":           2,
	"AF_INET6":          10,
	"IPPROTO_ICMPV6":    58,
	"ETH_P_IP":          0x0800,
	"ETH_P_ARP":         0x0806,
	"ETH_P_8021Q":       0x8100,
	"ETH_P_IPV6":        0x86dd,
}

func TestConstantsOfMacros(t *testing.T) {
	got := map[string]int64{}
	for _, c := range constants(t, "constants.go") {
		got[c.kernel] = c.value
	}
	for kernel, want := range notInEnums {
		if v, ok := got[kernel]; !ok || v != want {
			t.Errorf("%s = %d, want %d", kernel, v, want)
		}
	}
}

// Constants are untyped: they go with registers, immediates and Go integers of any size.
func TestConstantsAreUntyped(t *testing.T) {
	var flags uint64 = asm.FIngress
	var verdict int8 = asm.SkPass
	var index uint32 = asm.FCurrentCPU
	if flags != 1 || verdict != 1 || index != 0xffffffff {
		t.Error(flags, verdict, index)
	}
}
