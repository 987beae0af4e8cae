package main

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// attachAsBPFToolDoes attaches a pinned program to a cgroup with BPF_PROG_ATTACH.
func attachAsBPFToolDoes(t testing.TB, pin, cgroup string, at asm.AttachType) {
	t.Helper()
	p, err := loader.OpenPinned(pin, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dir, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	err = sys.ProgAttach(&sys.ProgAttachAttr{
		TargetFD: uint32(dir.Fd()), AttachBPFFD: uint32(p.FD()), AttachType: uint32(at), AttachFlags: sys.AttachAllowMulti,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAttach attaches a program of every type that the tool knows a place for, finds it with prog and detaches it again.
func TestAttach(t *testing.T) {
	needKernel(t)
	kerneltest.Need(t, kerneltest.CAP_PERFMON)
	fs, cgroup := kerneltest.BPFFS(t), kerneltest.Cgroup(t)
	socketsName := unique("sockets")
	sockets, err := maps.NewSockets[uint32](asm.MapSpec{Name: socketsName, Type: asm.MapSockMap, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sockets.Close()
	if err := sockets.Pin(filepath.Join(fs, "sockets")); err != nil {
		t.Fatal(err)
	}
	about, err := sockets.Info()
	if err != nil {
		t.Fatal(err)
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	inCgroup := "/" + filepath.Base(cgroup) // of whichever mount
	onLo := "interface " + joinIDs([]uint32{uint32(lo.Index)})
	for _, test := range []struct {
		name   string
		spec   asm.ProgramSpec
		target string
		flags  []string
		at     string // what prog show says
		link   loader.LinkType
	}{
		{"sock_ops", asm.ProgramSpec{Type: asm.SockOps}, cgroup, nil, inCgroup, loader.LinkCgroup},
		{"cgroup_skb", asm.ProgramSpec{Type: asm.CgroupSKB}, cgroup, []string{"-at", "cgroup_inet_egress"}, inCgroup + " at cgroup_inet_egress", loader.LinkCgroup},
		{"connect4", asm.ProgramSpec{Type: asm.CgroupSockAddr, AttachType: asm.AttachCgroupInet4Connect}, cgroup,
			[]string{"-at", "cgroup_inet4_connect"}, inCgroup + " at cgroup_inet4_connect", loader.LinkCgroup},
		{"sk_msg by pin", asm.ProgramSpec{Type: asm.SkMsg}, filepath.Join(fs, "sockets"), nil, "map " + joinIDs([]uint32{about.ID}), loader.LinkSocketMap},
		{"sk_msg by name", asm.ProgramSpec{Type: asm.SkMsg}, socketsName, nil, "map " + joinIDs([]uint32{about.ID}), loader.LinkSocketMap},
		{"sk_skb", asm.ProgramSpec{Type: asm.SkSKB, AttachType: asm.AttachSkSKBVerdict}, filepath.Join(fs, "sockets"),
			[]string{"-at", "sk_skb_verdict"}, "map " + joinIDs([]uint32{about.ID}) + " at sk_skb_verdict", loader.LinkSocketMap},
		{"setsockopt", asm.ProgramSpec{Type: asm.CgroupSockopt, AttachType: asm.AttachCgroupSetSockopt}, cgroup,
			[]string{"-at", "cgroup_setsockopt"}, inCgroup + " at cgroup_setsockopt", loader.LinkCgroup},
		{"sk_lookup", asm.ProgramSpec{Type: asm.SkLookup, AttachType: asm.AttachSkLookup}, "/proc/self/ns/net", nil, "network namespace ", loader.LinkNetNS},
		{"xdp", asm.ProgramSpec{Type: asm.XDP}, "lo", []string{"-mode", "generic"}, onLo, loader.LinkXDP},
		{"sched_cls", asm.ProgramSpec{Type: asm.SchedCLS}, "lo", []string{"-at", "tcx_ingress"}, onLo + " at tcx_ingress", loader.LinkTCX},
		{"raw_tracepoint", asm.ProgramSpec{Type: asm.RawTracepoint}, "sched_process_exit", nil, "tracepoint sched_process_exit", loader.LinkRawTracepoint},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := loader.HaveLink(test.link); err != nil {
				t.Skip(err)
			}
			dir := filepath.Join(fs, "app")
			test.spec.Name = "attached"
			file := programFile(t, test.spec, func(b *asm.Builder) {
				b.Mov(asm.R0, 1)
				b.Exit()
			})
			succeed(t, "load", file, "-pin", dir)
			defer os.RemoveAll(dir)
			program := filepath.Join(dir, "attached")
			ways := [][]string{ // of detaching
				{"detach", program + "_link"},
				{"detach", program},
				append([]string{"detach", program, test.target}, slices.DeleteFunc(slices.Clone(test.flags), func(f string) bool {
					return f == "-mode" || f == "generic"
				})...),
			}
			if test.link == loader.LinkRawTracepoint {
				// Links of this type go with their pins: only the pin tells.
				ways = ways[:2]
			}
			for _, detach := range ways {
				attach := append([]string{"attach", program, test.target}, test.flags...)
				if got, want := succeed(t, attach...), "attached is attached to "+test.target+", by the link "+program+"_link\n"; got != want {
					t.Errorf("attach: %q, want %q", got, want)
				}
				shown := succeed(t, "prog", "show", program)
				wantHas(t, "prog show", shown, "attached      to ", test.at, " by link ", ", pinned at "+program+"_link\n", "pinned        "+program+"\n")
				if got := ask(attach...); got.status != 1 {
					t.Errorf("attached twice: %+v", got)
				}
				if got := succeed(t, detach...); !strings.Contains(got, "is detached; removed "+program+"_link\n") {
					t.Errorf("%s: %q", strings.Join(detach, " "), got)
				}
				if diff := cmp.Diff([]string{"attached"}, pinned(t, dir)); diff != "" {
					t.Errorf("pinned after %s (-want +got):\n%s", strings.Join(detach, " "), diff)
				}
				if shown := succeed(t, "prog", "show", program); strings.Contains(shown, "attached      to") {
					t.Errorf("after %s:\n%s", strings.Join(detach, " "), shown)
				}
			}
			if test.link != loader.LinkRawTracepoint {
				fail(t, 1, "no", append([]string{"detach", program, test.target}, ways[2][3:]...)...)
			}
		})
	}
}

// A program that somebody attached without a link is detached, too.
func TestDetachPlain(t *testing.T) {
	needKernel(t)
	fs, cgroup := kerneltest.BPFFS(t), kerneltest.Cgroup(t)
	succeed(t, "load", returning(t, "ops", asm.SockOps, 1), "-pin", filepath.Join(fs, "app"))
	path := filepath.Join(fs, "app", "ops")
	attachAsBPFToolDoes(t, path, cgroup, asm.AttachCgroupSockOps)
	if ids, err := loader.CgroupPrograms(cgroup, asm.AttachCgroupSockOps); err != nil || len(ids) != 1 {
		t.Fatalf("programs %v, %v", ids, err)
	}
	if got := succeed(t, "detach", path, cgroup); got != "ops is detached\n" {
		t.Errorf("detach: %q", got)
	}
	if ids, err := loader.CgroupPrograms(cgroup, asm.AttachCgroupSockOps); err != nil || len(ids) != 0 {
		t.Errorf("programs %v, %v", ids, err)
	}
	fail(t, 1, "detach sock_ops program ops from cgroup "+cgroup+": no such file or directory", "detach", path, cgroup)
}

func TestAttachRefuses(t *testing.T) {
	needKernel(t)
	fs, cgroup := kerneltest.BPFFS(t), kerneltest.Cgroup(t)
	dir := filepath.Join(fs, "app")
	succeed(t, "load", "dcid", returning(t, "attach_skb", asm.CgroupSKB, 1), returning(t, "attach_ops", asm.SockOps, 1),
		returning(t, "attach_xdp", asm.XDP, 2), returning(t, "attach_cls", asm.SchedCLS, 0),
		returning(t, "attach_perf", asm.PerfEvent, 0), "-pin", dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		status int
		args   []string
		want   string
	}{
		{2, []string{"attach"}, "attach which program to what?"},
		{2, []string{"attach", at("attach_ops")}, "attach which program to what?"},
		{1, []string{"attach", at("none"), cgroup}, "open pinned program " + at("none") + ": no such file or directory"},
		{1, []string{"attach", at("workers"), cgroup}, "wrong type: it is bpf-map, not a BPF prog"},
		{1, []string{"attach", file, cgroup}, "open pinned program " + file + ": permission denied (it is not in a BPF file system)"},
		{1, []string{"attach", dir, cgroup}, "open pinned program " + dir + ": permission denied (it is a directory)"},
		{1, []string{"detach", file}, "open pinned link " + file + ": permission denied (it is not in a BPF file system)"},
		{1, []string{"attach", at("attach_ops"), "/tmp"}, "it is no directory of a cgroup file system of version 2"},
		{1, []string{"attach", at("attach_ops"), filepath.Join(cgroup, "none")}, "no such file or directory"},
		{2, []string{"attach", at("attach_skb"), cgroup}, "-at cgroup_inet_ingress or cgroup_inet_egress"},
		{2, []string{"attach", at("attach_skb"), cgroup, "-at", "tcx_ingress"}, "-at tcx_ingress is not for programs of type cgroup_skb: cgroup_inet_ingress or cgroup_inet_egress"},
		{2, []string{"attach", at("attach_ops"), cgroup, "-at", "tcx_ingress"}, "-at is not for programs of type sock_ops"},
		{2, []string{"attach", at("attach_skb"), cgroup, "-at", "cgroup_inet_egres"}, "did you mean cgroup_inet_egress?"},
		{2, []string{"attach", at("attach_ops"), cgroup, "-mode", "generic"}, "-mode is for xdp programs, not for sock_ops"},
		{2, []string{"attach", "attach_ops", cgroup}, "where to pin the link? -pin PATH"},
		{1, []string{"attach", at("attach_ops"), cgroup, "-pin", filepath.Join(t.TempDir(), "link")}, "is the directory in a BPF file system"},
		{1, []string{"attach", at("attach_xdp"), "eth7"}, "no network interface eth7: lo"},
		{2, []string{"attach", at("attach_cls"), "lo"}, "-at tcx_ingress or tcx_egress"},
		{1, []string{"attach", at("select_by_dcid"), "lo"}, "it belongs to a socket, and the process that has the socket attaches it (setsockopt SO_ATTACH_REUSEPORT_EBPF"},
		{1, []string{"attach", at("attach_perf"), "lo"}, "program attach_perf is of type perf_event, which this tool does not attach"},
		{1, []string{"attach", "attach_opps", cgroup, "-pin", at("l")}, "no program in the kernel has the name attach_opps; did you mean attach_ops?"},
		{2, []string{"attach", "id:x", cgroup}, `"id:x" is no id: id:17`},
		{2, []string{"attach", "tag:12", cgroup}, `"tag:12" is no tag, which has 16 hexadecimal digits`},
		{2, []string{"attach", "", cgroup}, "the name is empty"},
		{1, []string{"attach", "tag:0000000000000000", cgroup, "-pin", at("l")}, "no program in the kernel has the tag 0000000000000000"},
		{2, []string{"detach"}, "detach what?"},
		{2, []string{"detach", at("attach_ops"), "-at", "tcx_ingress"}, "detach what?"},
		{2, []string{"detach", "attach_ops"}, "links have no names"},
		{1, []string{"detach", at("attach_ops")}, "to detach a program, say from what: purebpf detach " + at("attach_ops") + " TARGET"},
		{1, []string{"detach", at("none")}, "open pinned link " + at("none") + ": no such file or directory"},
		{1, []string{"detach", "id:1073741824"}, "open link with id 1073741824: no such file or directory"},
		{1, []string{"detach", at("attach_xdp"), "lo"}, "is not attached to lo"},
		{1, []string{"detach", at("attach_ops"), filepath.Join(cgroup, "none")}, "no such file or directory"},
		{2, []string{"detach", at("attach_skb"), cgroup}, "-at cgroup_inet_ingress or cgroup_inet_egress"},
		{1, []string{"detach", at("attach_perf"), "lo"}, "which this tool does not attach"},
	} {
		fail(t, test.status, test.want, test.args...)
	}
	if ids, err := loader.CgroupPrograms(cgroup, asm.AttachCgroupSockOps); err != nil || len(ids) > 0 {
		t.Errorf("programs %v, %v are attached after nothing but refusals", ids, err)
	}
}

// A link whose cgroup is gone is shown and taken away like any other.
func TestDetachFromNothing(t *testing.T) {
	needKernel(t)
	fs := kerneltest.BPFFS(t)
	program := filepath.Join(fs, "app", "ops")
	succeed(t, "load", returning(t, "ops", asm.SockOps, 1), "-pin", filepath.Join(fs, "app"))
	t.Run("cgroup", func(t *testing.T) { succeed(t, "attach", program, kerneltest.Cgroup(t)) }) // which is removed behind it
	eventually(t, "the cgroup is gone from the link", func() bool {
		return strings.Contains(succeed(t, "prog", "show", program), "attached      to nothing any more at cgroup_sock_ops by link ")
	})
	succeed(t, "detach", program)
	if diff := cmp.Diff([]string{"ops"}, pinned(t, filepath.Join(fs, "app"))); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
}
