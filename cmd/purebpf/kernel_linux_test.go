package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// ask runs the tool in this process, which is in a sandbox.
func ask(args ...string) result {
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(""), &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

// succeed is ask for what has to work. It returns standard output.
func succeed(t testing.TB, args ...string) string {
	t.Helper()
	got := ask(args...)
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("purebpf %s: status %d\n%s%s", strings.Join(args, " "), got.status, got.stdout, got.stderr)
	}
	return got.stdout
}

// succeedJSON is succeed for -json.
func succeedJSON[T any](t testing.TB, args ...string) (v T) {
	t.Helper()
	text := succeed(t, append(args, "-json")...)
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("purebpf %s -json: %v\n%s", strings.Join(args, " "), err, text)
	}
	return v
}

// fail makes sure that a command fails with a status and says why.
func fail(t testing.TB, status int, want string, args ...string) {
	t.Helper()
	got := ask(args...)
	if got.status != status || got.stdout != "" || !strings.HasPrefix(got.stderr, "purebpf "+args[0]+": ") || !strings.Contains(got.stderr, want) {
		t.Errorf("purebpf %s: status %d, output %q\n%s\nwant status %d and %q", strings.Join(args, " "), got.status, got.stdout, got.stderr, status, want)
	}
}

func wantHas(t testing.TB, what, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%s has no %q:\n%s", what, part, got)
		}
	}
}

// fields returns the words of the line that begins with word.
func fields(text, word string) []string {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == word {
			return f
		}
	}
	return nil
}

// pinned lists what is in a directory of a BPF file system, without the kernel's own.
func pinned(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".debug") {
			names = append(names, e.Name())
		}
	}
	return names
}

// programFile writes a file with a program: its head, then its instructions.
func programFile(t testing.TB, spec asm.ProgramSpec, write func(b *asm.Builder)) string {
	t.Helper()
	b := asm.NewBuilder(spec.Name, spec.Type)
	b.AttachType(spec.AttachType)
	write(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), spec.Name+".s")
	if err := os.WriteFile(path, asm.AppendSource(nil, p), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// returning is the file of a program that returns a number.
func returning(t testing.TB, name string, kind asm.ProgramType, n int) string {
	t.Helper()
	return programFile(t, asm.ProgramSpec{Name: name, Type: kind}, func(b *asm.Builder) {
		b.Mov(asm.R0, n)
		b.Exit()
	})
}

func needKernel(t testing.TB) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
}

func TestLoadVerifies(t *testing.T) {
	needKernel(t)
	out := succeed(t, "load", "sockredir")
	wantHas(t, "load", out, "Loaded and verified; gone with this process: -pin DIR keeps it.\n")
	// The sizes are those of the golden files of programs/sockredir.
	listed := fields(succeed(t, "list"), recordName)
	if got := fields(out, "record_socket"); len(got) < 5 || got[1] != "sock_ops" || got[3] != listed[2] || got[4] == "0" {
		t.Errorf("record_socket: %q, want sock_ops with %s instructions", got, listed[2])
	}
	if got := fields(out, "sockets"); len(got) != 7 || got[1] != "sockhash" || got[3] != "48" || got[4] != "8" || got[6] != "-" {
		t.Errorf("sockets: %q, want a sockhash with keys of 48 bytes and cookies, not pinned", got)
	}
	object := succeedJSON[loadedObject](t, "load", "sockredir")
	for _, p := range object.Programs {
		if _, err := loader.OpenID(p.ID, nil); !errors.Is(err, unix.ENOENT) {
			t.Errorf("program %s is still there: %v", p.Name, err)
		}
	}
	// Classic programs become what the kernel makes of them.
	wantHas(t, "load bytemod", succeed(t, "load", bytemodName), "byte_modulo  socket_filter")
	wantHas(t, "load -log", succeed(t, "load", "dcid", "-log"), "The verifier on select_by_dcid:\n", "; ", "(95) exit", "processed ")
}

func TestLoadPins(t *testing.T) {
	needKernel(t)
	fs := kerneltest.BPFFS(t)
	dir := filepath.Join(fs, "app")
	object := succeedJSON[loadedObject](t, "load", "sockredir", "-pin", dir)
	want := []string{"counters", "plain_tcp", "record_socket", "redirect_msg", "sockets"}
	if diff := cmp.Diff(want, pinned(t, dir)); diff != "" {
		t.Fatalf("pinned (-want +got):\n%s", diff)
	}
	pins, err := loader.Pins(dir)
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]uint32)
	for _, pin := range pins {
		ids[pin.Path] = pin.ID
	}
	for _, p := range object.Programs {
		if p.ID == 0 || ids[p.Pinned] != p.ID || len(p.Maps) != 3 || p.Verified == 0 || p.Xlated == 0 {
			t.Errorf("program %+v, pins %v", p, ids)
		}
	}
	for _, m := range object.Maps {
		if m.ID == 0 || ids[m.Pinned] != m.ID {
			t.Errorf("map %+v, pins %v", m, ids)
		}
	}
	fail(t, 1, "pin in "+dir+": directory not empty", "load", "sockredir", "-pin", dir)
	fail(t, 1, "it is not in a BPF file system", "load", "dcid", "-pin", filepath.Join(t.TempDir(), "app"))
	if diff := cmp.Diff([]string{"app"}, pinned(t, fs)); diff != "" {
		t.Errorf("after failures (-want +got):\n%s", diff)
	}

	// Another object takes a map over, by its path, id or name.
	m := object.Maps[slices.IndexFunc(object.Maps, func(m loadedMap) bool { return m.Name == "counters" })]
	user := programFile(t, asm.ProgramSpec{Name: "user", Type: asm.SocketFilter}, func(b *asm.Builder) {
		b.LdMap(asm.R1, "theirs")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	for _, which := range []string{m.Pinned, "id:" + joinIDs([]uint32{m.ID})} {
		taken := succeedJSON[loadedObject](t, "load", user, "-map", "theirs="+which)
		if len(taken.Maps) != 1 || taken.Maps[0].ID != m.ID || taken.Maps[0].Pinned != "" || taken.Maps[0].Name != "theirs" {
			t.Errorf("-map theirs=%s: %+v, want map %d", which, taken.Maps, m.ID)
		}
	}
	fail(t, 1, "unresolved symbol theirs", "load", user)
	fail(t, 1, "no such file or directory", "load", user, "-map", "theirs="+filepath.Join(dir, "none"))
	fail(t, 1, "unknown symbol ours", "load", user, "-map", "theirs="+m.Pinned, "-map", "ours="+m.Pinned)
	fail(t, 1, "not of a map", "load", user, "-map", "theirs="+filepath.Join(dir, "redirect_msg"))
	fail(t, 2, `-map "theirs": want NAME=PATH`, "load", user, "-map", "theirs")
	fail(t, 2, "-map gives theirs twice", "load", user, "-map", "theirs="+m.Pinned, "-map", "theirs="+m.Pinned)
}

func TestLoadPinsByName(t *testing.T) {
	needKernel(t)
	fs := kerneltest.BPFFS(t)
	file := programFile(t, asm.ProgramSpec{Name: "user", Type: asm.SocketFilter}, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "shared", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, PinByName: true})
		b.LdMap(asm.R1, "shared")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	succeed(t, "load", file) // verifies only, and pins nothing
	if left := pinned(t, fs); len(left) > 0 {
		t.Fatalf("without -pin there is %q", left)
	}
	one := succeedJSON[loadedObject](t, "load", file, "-pin", filepath.Join(fs, "one"), "-by-name", fs)
	two := succeedJSON[loadedObject](t, "load", file, "-pin", filepath.Join(fs, "two"), "-by-name", fs)
	if one.Maps[0].ID != two.Maps[0].ID || one.Maps[0].Pinned != filepath.Join(fs, "shared") {
		t.Errorf("maps %+v and %+v, want one", one.Maps, two.Maps)
	}
	if diff := cmp.Diff([]string{"one", "shared", "two"}, pinned(t, fs)); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"user"}, pinned(t, filepath.Join(fs, "two"))); diff != "" {
		t.Errorf("pinned in two (-want +got):\n%s", diff)
	}
}

func TestLoadRefused(t *testing.T) {
	needKernel(t)
	fs := kerneltest.BPFFS(t)
	bad := programFile(t, asm.ProgramSpec{Name: "bad", Type: asm.SocketFilter}, func(b *asm.Builder) {
		b.Mov(asm.R1, 0)
		b.Exit()
	})
	untyped := filepath.Join(t.TempDir(), "untyped.s")
	if err := os.WriteFile(untyped, []byte("r0 = 0\nexit\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fail(t, 1, "load socket_filter program bad: instruction 1: exit: R0 !read_ok: permission denied\n", "load", bad, "-pin", filepath.Join(fs, "app"))
	fail(t, 1, "\n\t1: (95) exit\n", "load", bad, "-log")
	fail(t, 1, "no program says of which type it is; -type says it", "load", untyped)
	fail(t, 1, "duplicate definition: program select_by_dcid", "load", "dcid", "dcid")
	fail(t, 2, "which program?", "load")
	if left := pinned(t, fs); len(left) > 0 {
		t.Errorf("a refused program left %q", left)
	}
	wantHas(t, "load -type", succeed(t, "load", untyped, "-type", "xdp"), "untyped  xdp")
}

// TestAttach attaches a program of every type that the tool knows a place for, finds it with prog and detaches it again.
func TestAttach(t *testing.T) {
	needKernel(t)
	kerneltest.Need(t, kerneltest.CAP_PERFMON)
	fs, cgroup := kerneltest.BPFFS(t), kerneltest.Cgroup(t)
	sockets, err := maps.NewSockets[uint32](asm.MapSpec{Name: "attach_sockets", Type: asm.MapSockMap, MaxEntries: 1}, nil)
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
		{"sk_msg by name", asm.ProgramSpec{Type: asm.SkMsg}, "attach_sockets", nil, "map " + joinIDs([]uint32{about.ID}), loader.LinkSocketMap},
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
	for _, test := range []struct {
		status int
		args   []string
		want   string
	}{
		{2, []string{"attach"}, "attach which program to what?"},
		{2, []string{"attach", at("attach_ops")}, "attach which program to what?"},
		{1, []string{"attach", at("none"), cgroup}, "open pinned program " + at("none") + ": no such file or directory"},
		{1, []string{"attach", at("workers"), cgroup}, "wrong type: it is bpf-map, not a BPF prog"},
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

// Two programs, and two maps, of one name: list shows both, what needs one says which there are.
func TestNamesThatMatchSeveral(t *testing.T) {
	needKernel(t)
	fs := kerneltest.BPFFS(t)
	cgroup := kerneltest.Cgroup(t)
	file := programFile(t, asm.ProgramSpec{Name: "twin_program", Type: asm.SockOps}, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "twin_map", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.LdMap(asm.R1, "twin_map")
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	var programs, twins []uint32
	for _, dir := range []string{"one", "two"} {
		o := succeedJSON[loadedObject](t, "load", file, "-pin", filepath.Join(fs, dir))
		programs, twins = append(programs, o.Programs[0].ID), append(twins, o.Maps[0].ID)
	}
	var listed []uint32
	for _, p := range succeedJSON[[]kernelProgram](t, "prog", "list", "twin_program") {
		listed = append(listed, p.ID)
	}
	if diff := cmp.Diff(programs, listed); diff != "" {
		t.Errorf("prog list (-want +got):\n%s", diff)
	}
	listed = nil
	for _, m := range succeedJSON[[]dumpedMap](t, "map", "dump", "twin_map") {
		listed = append(listed, m.ID)
	}
	if diff := cmp.Diff(twins, listed); diff != "" {
		t.Errorf("map dump (-want +got):\n%s", diff)
	}
	choose := "2 programs match twin_program: choose by id:" + joinIDs(programs[:1]) + " or id:" + joinIDs(programs[1:]) + "\n"
	fail(t, 1, choose, "prog", "dump", "twin_program")
	fail(t, 1, choose, "attach", "twin_program", cgroup, "-pin", filepath.Join(fs, "link"))
	user := programFile(t, asm.ProgramSpec{Name: "user", Type: asm.SocketFilter}, func(b *asm.Builder) {
		b.LdMap(asm.R1, "theirs")
		b.Mov(asm.R0, 0)
		b.Exit()
	})
	fail(t, 1, "2 maps match twin_map: choose by id:"+joinIDs(twins[:1])+" or id:"+joinIDs(twins[1:])+"\n", "load", user, "-map", "theirs=twin_map")
	// Both have the same instructions, and so the same tag.
	tag := succeedJSON[[]kernelProgram](t, "prog", "show", "id:"+joinIDs(programs[:1]))[0].Tag
	if got := succeedJSON[[]kernelProgram](t, "prog", "list", "tag:"+tag); len(got) != 2 {
		t.Errorf("prog list tag:%s: %+v", tag, got)
	}
	fail(t, 2, "maps have no tags", "map", "dump", "tag:"+tag)
}
