package elf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	_ "github.com/purebpf/purebpf/asm/golden"
)

// loaded is what a section name says.
type loaded struct {
	Type     asm.ProgramType
	Attach   asm.AttachType
	Flags    asm.LoadFlags
	AttachTo string
}

// The names of libbpf's documentation (Documentation/bpf/libbpf/program_types.rst) and what it says they are.
func TestParseSection(t *testing.T) {
	for _, test := range []struct {
		name string
		want loaded
		// writes is the name for such a program, when it is another.
		writes string
	}{
		{"socket", loaded{Type: asm.SocketFilter}, ""},
		{"sk_reuseport", loaded{asm.SkReuseport, asm.AttachSkReuseportSelect, 0, ""}, ""},
		{"sk_reuseport/migrate", loaded{asm.SkReuseport, asm.AttachSkReuseportSelectOrMigrate, 0, ""}, ""},
		{"?xdp", loaded{asm.XDP, asm.AttachXDP, 0, ""}, "xdp"},
		{"xdp.frags/cpumap", loaded{asm.XDP, asm.AttachXDPCPUMap, asm.XDPFragments, ""}, ""},
		{"kprobe", loaded{Type: asm.Kprobe}, ""},
		{"kprobe/tcp_connect", loaded{Type: asm.Kprobe, AttachTo: "tcp_connect"}, ""},
		{"kretprobe/tcp_connect", loaded{Type: asm.Kprobe, AttachTo: "kretprobe/tcp_connect"}, ""},
		{"uprobe//bin/sh:main", loaded{Type: asm.Kprobe, AttachTo: "uprobe//bin/sh:main"}, ""},
		{"kprobe.multi/tcp_*", loaded{asm.Kprobe, asm.AttachTraceKprobeMulti, 0, "tcp_*"}, ""},
		{"tp/sched/sched_switch", loaded{Type: asm.Tracepoint, AttachTo: "sched/sched_switch"}, "tracepoint/sched/sched_switch"},
		{"fexit.s/vfs_read", loaded{asm.Tracing, asm.AttachTraceFexit, asm.Sleepable, "vfs_read"}, ""},
		{"lsm/bpf", loaded{asm.LSM, asm.AttachLSMMAC, 0, "bpf"}, ""},
		{"syscall", loaded{asm.Syscall, 0, asm.Sleepable, ""}, ""},
		{"sk_skb", loaded{Type: asm.SkSKB}, ""},
		{"sk_skb/stream_verdict", loaded{asm.SkSKB, asm.AttachSkSKBStreamVerdict, 0, ""}, ""},
		{"sockops", loaded{asm.SockOps, asm.AttachCgroupSockOps, 0, ""}, ""},
		{"cgroup_skb/ingress", loaded{Type: asm.CgroupSKB}, "cgroup/skb"},
		{"cgroup_skb/egress", loaded{asm.CgroupSKB, asm.AttachCgroupInetEgress, 0, ""}, ""},
		{"cgroup/connect4", loaded{asm.CgroupSockAddr, asm.AttachCgroupInet4Connect, 0, ""}, ""},
		{"struct_ops/init", loaded{Type: asm.StructOps, AttachTo: "init"}, ""},
		{"classifier/from-netdev", loaded{Type: asm.SchedCLS}, "tc"},
		{"tc/ingress", loaded{asm.SchedCLS, asm.AttachTCXIngress, 0, ""}, "tcx/ingress"},
	} {
		var got loaded
		var ok bool
		got.Type, got.Attach, got.Flags, got.AttachTo, ok = parseSection(test.name)
		if diff := cmp.Diff(test.want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, ok, diff)
		}
		want := test.writes
		if want == "" {
			want = test.name
		}
		if name, err := sectionOf(empty(t, got)); name != want || err != nil {
			t.Errorf("%s is written as %q, %v, want %q", test.name, name, err, want)
		}
	}
	for _, name := range []string{"", "?", "/", "xdp1", "xdpx/y", "cgroup", "cgroup/", "maps", "kprobe.multi2/f", ".text", "license"} {
		if typ, _, _, _, ok := parseSection(name); ok {
			t.Errorf("%q is a section of %v programs", name, typ)
		}
	}
}

// Whatever a name says, the name written for it says the same.
func TestSectionNamesAgree(t *testing.T) {
	for i := range sections {
		base, extended := sections[i].base()
		names := []string{base}
		if extended {
			names = append(names, base+"/a/b")
		}
		for _, name := range names {
			var first, again loaded
			var ok bool
			first.Type, first.Attach, first.Flags, first.AttachTo, ok = parseSection(name)
			if !ok {
				t.Errorf("%s is not found", name)
				continue
			}
			written, err := sectionOf(empty(t, first))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			again.Type, again.Attach, again.Flags, again.AttachTo, _ = parseSection(written)
			if diff := cmp.Diff(first, again); diff != "" {
				t.Errorf("%s is written as %s (-want +got):\n%s", name, written, diff)
			}
		}
	}
}

// The kernel takes these programs without attach type (bpf_prog_load_check_attach and bpf_prog_load_fixup_attach_type of
// kernel/bpf/syscall.c).
func TestSectionOfWithoutAttachType(t *testing.T) {
	for typ, want := range map[asm.ProgramType]string{
		asm.XDP: "xdp", asm.SkMsg: "sk_msg", asm.SockOps: "sockops", asm.SkReuseport: "sk_reuseport", asm.SkSKB: "sk_skb",
		asm.CgroupSock: "cgroup/sock_create", asm.CgroupSKB: "cgroup/skb", asm.CgroupSysctl: "cgroup/sysctl",
		asm.CgroupDevice: "cgroup/dev", asm.FlowDissector: "flow_dissector", asm.LircMode2: "lirc_mode2",
	} {
		if name, err := sectionOf(empty(t, loaded{Type: typ})); name != want || err != nil {
			t.Errorf("%v: %q, %v, want %q", typ, name, err, want)
		}
	}
}

func TestSectionOfRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		program loaded
		want    string
	}{
		{"attach type of another", loaded{asm.XDP, asm.AttachSkMsgVerdict, 0, ""}, "type xdp, attach type sk_msg_verdict, flags 0x0"},
		{"no attach type", loaded{Type: asm.CgroupSockAddr}, "no section name for type cgroup_sock_addr, attach type cgroup_inet_ingress"},
		{"flag", loaded{Type: asm.SocketFilter, Flags: asm.StrictAlignment}, "flags 0x1"},
		{"target", loaded{Type: asm.SkSKB, AttachTo: "eth0"}, "the section name sk_skb cannot say that it is made for eth0"},
		{"type", loaded{Type: 99}, "type program type 99"},
	} {
		_, err := sectionOf(empty(t, test.program))
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "program empty: ") {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// empty is a program of one instruction to be loaded like that.
func empty(t testing.TB, l loaded) *asm.Program {
	t.Helper()
	p, err := asm.NewProgram(asm.ProgramSpec{
		Name: "empty", Type: l.Type, AttachType: l.Attach, Flags: l.Flags, AttachTo: l.AttachTo,
		Instructions: []asm.Instruction{{Op: 0x95}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
