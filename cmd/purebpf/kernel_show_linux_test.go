package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// counting loads a program with a map and a function, and pins both in dir. Its name, and with it that of the map, belongs
// to one test: what the tests before it loaded may be there for a moment.
func counting(t testing.TB, name, dir string) loadedObject {
	t.Helper()
	file := programFile(t, asm.ProgramSpec{Name: name, Type: asm.SocketFilter}, func(b *asm.Builder) {
		counts := asm.NewStruct("counts", asm.Member{Name: "packets", Size: asm.W}, asm.Member{Name: "bytes", Size: asm.W})
		b.DeclareMap(asm.MapSpec{Name: "m_" + name, Type: asm.MapHash, KeySize: 4, MaxEntries: 9, Value: counts})
		b.St(asm.R10.U32(-4), 7)
		b.LdMap(asm.R1, "m_"+name)
		b.Mov(asm.R2, asm.R10)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
		b.CallSubprogram("answer")
		b.Exit()
		b.Subprogram("answer")
		b.CallHelper(asm.FnGetPrandomU32)
		b.Mov(asm.R0, 42)
		b.Exit()
	})
	return succeedJSON[loadedObject](t, "load", file, "-pin", dir)
}

func TestProgListAndShow(t *testing.T) {
	needKernel(t)
	name := unique("show")
	dir := filepath.Join(kerneltest.BPFFS(t), "app")
	before := time.Now().Truncate(time.Second)
	o := counting(t, name, dir)
	p, m := o.Programs[0], o.Maps[0]
	f := fields(succeed(t, "prog"), joinIDs([]uint32{p.ID}))
	if len(f) < 10 || f[1] != "socket_filter" || f[2] != name || f[3] != p.Tag || f[6] != fmt.Sprint(os.Getuid()) ||
		f[7] != fmt.Sprint(p.Xlated) || f[8] != fmt.Sprint(p.JITed) || f[9] != joinIDs([]uint32{m.ID}) {
		t.Errorf("prog: %q, want what load said: %+v", f, p)
	}
	for _, which := range []string{name, "id:" + joinIDs([]uint32{p.ID}), filepath.Join(dir, name), "pinned:" + filepath.Join(dir, name)} {
		all := succeedJSON[[]kernelProgram](t, "prog", "show", which)
		if len(all) != 1 {
			t.Fatalf("prog show %s: %+v", which, all)
		}
		got := all[0]
		if got.LoadedAt.Before(before.Add(-time.Second)) || got.LoadedAt.After(time.Now().Add(time.Second)) {
			t.Errorf("loaded at %v, want about %v", got.LoadedAt, before)
		}
		got.LoadedAt, got.BTF = time.Time{}, 0
		want := kernelProgram{
			ID: p.ID, Type: "socket_filter", Name: name, Tag: p.Tag, GPL: true, UID: uint32(os.Getuid()), Xlated: p.Xlated,
			JITed: p.JITed, Verified: p.Verified, Maps: []uint32{m.ID}, Pinned: []string{filepath.Join(dir, name)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("prog show %s (-want +got):\n%s", which, diff)
		}
	}
	wantHas(t, "prog show", succeed(t, "prog", "show", name), "program       "+name+"\n", "licence       compatible with the GPL\n",
		"pinned        "+filepath.Join(dir, name)+"\n")
	fail(t, 1, "no program in the kernel has the name x"+name+"; did you mean "+name+"?", "prog", "show", "x"+name)
	fail(t, 2, "show which prog?", "prog", "show")
	fail(t, 2, "dump which prog?", "prog", "dump")
	fail(t, 2, "prog what? list, show or dump; did you mean show?", "prog", "shwo")
	fail(t, 2, `dumps one program, got "y" as well`, "prog", "dump", "x", "y")
}

func TestProgDump(t *testing.T) {
	needKernel(t)
	name := unique("dump")
	dir := filepath.Join(kerneltest.BPFFS(t), "app")
	o := counting(t, name, dir)
	text := succeed(t, "prog", "dump", name)
	id := joinIDs([]uint32{o.Maps[0].ID})
	wantHas(t, "prog dump", text, name+":\n", "answer:\n", "   0: (62) *(u32 *)(r10 -4) = 7\n",
		"(18) r1 = map[id:"+id+"] ; m_"+name+"\n", "#answer\n", "(b7) r0 = 42\n", "(95) exit\n", " @ kernel_show_linux_test.go:")
	if symbols, err := os.ReadFile("/proc/kallsyms"); err == nil && !strings.HasPrefix(string(symbols), "0000000000000000") {
		wantHas(t, "prog dump", text, "call bpf_user_rnd_u32#") // what the kernel calls bpf_get_prandom_u32 inside
	}
	x := succeedJSON[xlatedProgram](t, "prog", "dump", filepath.Join(dir, name))
	if x.ID != o.Programs[0].ID || x.Instructions[0].Function != name || x.Instructions[0].Bytes == "" {
		t.Errorf("prog dump -json: %+v", x)
	}
	bytes := 0
	for _, ins := range x.Instructions {
		if ins.Slot != bytes/8 {
			t.Errorf("slot %d begins at byte %d", ins.Slot, bytes)
		}
		bytes += len(ins.Bytes) / 2
	}
	if bytes != o.Programs[0].Xlated {
		t.Errorf("%d bytes, want %d", bytes, o.Programs[0].Xlated)
	}
	fail(t, 1, "wrong type: it is bpf-map, not a BPF prog", "prog", "dump", filepath.Join(dir, "m_"+name))
}

// A dump of a program in which the kernel put nothing of its own is that program again.
func TestProgDumpIsAProgram(t *testing.T) {
	needKernel(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "app")
	file := programFile(t, asm.ProgramSpec{Name: "plain", Type: asm.XDP}, func(b *asm.Builder) {
		b.Mov(asm.R0, 1)
		b.JumpIf(asm.R0.Gt(2), "out")
		b.CallSubprogram("two")
		b.Label("out")
		b.Exit()
		b.Subprogram("two")
		b.Mov(asm.R0, 2)
		b.Exit()
	})
	succeed(t, "load", file, "-pin", dir)
	dump := filepath.Join(t.TempDir(), "plain.txt")
	if err := os.WriteFile(dump, []byte(succeed(t, "prog", "dump", filepath.Join(dir, "plain"))), 0o600); err != nil {
		t.Fatal(err)
	}
	want := succeed(t, "convert", file, "-to", "hex", "-program", "plain")
	if diff := cmp.Diff(want, succeed(t, "convert", dump, "-to", "hex")); diff != "" {
		t.Errorf("(-given +dumped):\n%s", diff)
	}
}

func TestMapCommands(t *testing.T) {
	needKernel(t)
	name := unique("fill")
	dir := filepath.Join(kerneltest.BPFFS(t), "app")
	o := counting(t, name, dir)
	path, id := filepath.Join(dir, "m_"+name), o.Maps[0].ID
	if got := succeed(t, "map", "dump", path); got != fmt.Sprintf("map m_"+name+" (id %d, hash):\n  nothing in it\n", id) {
		t.Errorf("map dump: %q", got)
	}
	m, err := maps.OpenPinned(path, maps.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	value := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, 3), 4096)
	if err := m.Update(binary.NativeEndian.AppendUint32(nil, 7), value, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	if got, want := succeed(t, "map", "dump", "m_"+name), fmt.Sprintf("map m_"+name+" (id %d, hash):\n  7: {packets: 3, bytes: 4096}\n", id); got != want {
		t.Errorf("map dump: %q, want %q", got, want)
	}
	dumped := succeedJSON[[]dumpedMap](t, "map", "dump", "id:"+joinIDs([]uint32{id}))
	if len(dumped) != 1 || len(dumped[0].Elements) != 1 || string(dumped[0].Elements[0].Key) != "7" ||
		strings.Join(strings.Fields(string(dumped[0].Elements[0].Value)), "") != `{"packets":3,"bytes":4096}` {
		t.Errorf("map dump -json: %+v", dumped)
	}
	if f := fields(succeed(t, "map", "list"), joinIDs([]uint32{id})); len(f) != 9 || f[1] != "hash" || f[2] != "m_"+name || f[3] != "4" ||
		f[4] != "8" || f[5] != "9" || f[8] != path {
		t.Errorf("map list: %q", f)
	}
	shown := succeedJSON[[]kernelMap](t, "map", "show", "m_"+name)
	if len(shown) != 1 || shown[0].Memory == 0 || shown[0].BTF == 0 {
		t.Errorf("map show -json: %+v", shown)
	}
	wantHas(t, "map show", succeed(t, "map", "show", path), "map          m_"+name+"\n", "entries      9 at most\n", "pinned       "+path+"\n")
	fail(t, 1, "no map in the kernel has the name x_"+name+"; did you mean m_"+name+"?", "map", "dump", "x_"+name)
	fail(t, 2, "dump which map?", "map", "dump")
	fail(t, 1, "wrong type", "prog", "show", path)
	fail(t, 1, "of bpf-prog, not of a map", "map", "show", filepath.Join(dir, name))
}

// Elements that are deleted during a dump are in it or not; nothing comes twice, and what stays is there.
func TestMapDumpDuringDeletes(t *testing.T) {
	needKernel(t)
	const kept, churned = 100, 400
	m, err := maps.New[uint32, uint32](asm.MapSpec{Name: unique("churn"), Type: asm.MapHash, MaxEntries: kept + churned}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for key := range uint32(kept) {
		if err := m.Update(key, key, asm.UpdateAny); err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for key := uint32(0); ; key++ {
			select {
			case <-stop:
				return
			default:
			}
			m.Update(kept+key%churned, key, asm.UpdateAny)
			m.Delete(kept + (key+churned/2)%churned)
		}
	}()
	for range 20 {
		seen := make(map[string]int)
		for _, e := range succeedJSON[[]dumpedMap](t, "map", "dump", unique("churn"))[0].Elements {
			seen[string(e.Key)]++
		}
		for key := range uint32(kept) {
			if n := seen[fmt.Sprintf("\"%x\"", binary.NativeEndian.AppendUint32(nil, key))]; n != 1 {
				t.Errorf("key %d came %d times", key, n)
			}
		}
		for key, n := range seen {
			if n > 1 {
				t.Errorf("key %s came %d times", key, n)
			}
		}
	}
	close(stop)
	<-stopped
}

func TestEachSymbol(t *testing.T) {
	const table = "ffffffff81000010 T bpf_one\nffffffff81000020 d data\nffffffff81000030 t two\t[module]\nbad line\nzz T x\n" +
		"ffffffff81000040 W three\nffffffff81000050 T behind\n"
	var got []string
	eachSymbol(strings.NewReader(table), func(address uint64, name string) bool {
		got = append(got, fmt.Sprintf("%x %s", address, name))
		return name != "three"
	})
	if diff := cmp.Diff([]string{"ffffffff81000010 bpf_one", "ffffffff81000030 two", "ffffffff81000040 three"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What cannot be listed or read says so.
func TestMapDumpOfAllKinds(t *testing.T) {
	needKernel(t)
	for _, test := range []struct {
		spec asm.MapSpec
		fill func(m *maps.Raw) error
		want string // behind the first line
		fail string
	}{
		{asm.MapSpec{Type: asm.MapQueue, ValueSize: 2, MaxEntries: 4}, func(m *maps.Raw) error { return m.Update(nil, []byte{1, 2}, 0) }, "  next: 01 02\n", ""},
		{asm.MapSpec{Type: asm.MapStack, ValueSize: 2, MaxEntries: 4}, nil, "  nothing in it\n", ""},
		{asm.MapSpec{Type: asm.MapRingBuf, MaxEntries: 1 << 16}, nil, "", "what is in a map of type ringbuf cannot be listed"},
		{asm.MapSpec{Type: asm.MapPerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil, "  0: (the kernel does not tell)\n", ""},
		{asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 1, MaxEntries: 2, Flags: asm.MapReadOnly}, nil, "  0: 00\n  1: 00\n", ""},
		{asm.MapSpec{Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}, nil, "  nothing in it\n", ""},
	} {
		t.Run(test.spec.Type.String(), func(t *testing.T) {
			name := unique(fmt.Sprintf("m%d", test.spec.Type))
			test.spec.Name = name
			m, err := maps.Create(test.spec, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if test.fill != nil {
				if err := test.fill(m); err != nil {
					t.Fatal(err)
				}
			}
			if test.fail != "" {
				got := ask("map", "dump", name)
				if got.status != 1 || !strings.Contains(got.stderr, test.fail) {
					t.Errorf("%+v, want %q", got, test.fail)
				}
				return
			}
			_, got, _ := strings.Cut(succeed(t, "map", "dump", name), "\n")
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			succeedJSON[[]dumpedMap](t, "map", "dump", name)
		})
	}
	// The kernel clears a prog_array a moment after the last descriptor was closed. Whoever opens it by its id meanwhile, as
	// listing all maps does, makes Linux 6.18 lose count: the map stays for ever.
	time.Sleep(50 * time.Millisecond)
}

func TestProbeCommand(t *testing.T) {
	needKernel(t)
	kerneltest.Need(t, kerneltest.CAP_PERFMON)
	text := succeed(t, "probe")
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	wantHas(t, "probe", text, "Linux "+strings.TrimSpace(string(release))+" on ", "\n  CAP_BPF        held\n", "\nPROGRAM TYPE\n", "\nMAP TYPE\n", "\nLINK TYPE\n")
	if f := fields(text, "sk_reuseport"); len(f) != 2 || f[1] != "yes" {
		t.Errorf("sk_reuseport: %q", f)
	}
	p := succeedJSON[probed](t, "probe", "-helpers")
	for _, kind := range p.Programs {
		if kind.Name != "xdp" {
			continue
		}
		verdicts := make(map[string]string)
		for _, h := range kind.Helpers {
			verdicts[h.Name] = h.Verdict
		}
		if verdicts["bpf_redirect_map"] != "yes" || verdicts["bpf_sk_select_reuseport"] != "no" || verdicts["bpf_trace_printk"] != "unknown" {
			t.Errorf("helpers of xdp: %v", verdicts)
		}
	}
	wantHas(t, "probe -helpers", succeed(t, "probe", "-helpers"), "\nHELPERS of xdp\n  yes: map_lookup_elem map_update_elem ", "\n  unknown: trace_printk ")
	fail(t, 2, `takes no argument, got "xdp"`, "probe", "xdp")
}

// A process without privileges is told which capability is missing, by every command.
func TestKernelCommandsUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		for _, test := range []struct{ args, want string }{
			{"load sockredir", "operation not permitted (missing CAP_NET_ADMIN)"},
			{"prog", "list all programs: operation not permitted (missing CAP_SYS_ADMIN)"},
			{"prog show some_program", "list all programs: operation not permitted (missing CAP_SYS_ADMIN)"},
			{"prog dump id:1", "open program with id 1: operation not permitted (missing CAP_SYS_ADMIN)"},
			{"map dump some_map", "list all maps: operation not permitted (missing CAP_SYS_ADMIN)"},
			{"map show id:1", "open map with id 1: operation not permitted (missing CAP_SYS_ADMIN)"},
			{"detach id:1", "open link with id 1: operation not permitted (missing CAP_SYS_ADMIN)"},
			{"attach id:1 lo -pin /nowhere/link", "open program with id 1: operation not permitted (missing CAP_SYS_ADMIN)"},
		} {
			fail(t, 1, test.want, strings.Fields(test.args)...)
		}
		wantHas(t, "load dcid", succeed(t, "load", "bytemod"), "byte_modulo  socket_filter") // needs CAP_BPF only
		text := succeed(t, "probe")
		wantHas(t, "probe", text, "\n  CAP_NET_ADMIN  missing\n", "denied: missing CAP_NET_ADMIN\n", "denied: missing CAP_PERFMON\n")
		for _, p := range succeedJSON[probed](t, "probe").Programs {
			if p.Name == "xdp" && (p.Verdict != "denied" || strings.Join(p.Missing, " ") != "CAP_NET_ADMIN") {
				t.Errorf("xdp: %+v", p)
			}
		}
	}, kerneltest.CAP_BPF)
}

// A load that is killed, at whatever moment, leaves a complete directory or none.
func TestLoadKilled(t *testing.T) {
	needSockredir(t)
	fs := kerneltest.BPFFS(t)
	complete := 0
	for attempt := range 30 {
		dir := filepath.Join(fs, fmt.Sprint("app", attempt))
		tool := inRole("tool", "load", "sockredir", "-pin", dir)
		tool.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
		if err := tool.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(attempt) * time.Millisecond)
		tool.Process.Kill()
		tool.Wait()
		if _, err := os.Stat(dir); err == nil {
			complete++
			if got := pinned(t, dir); len(got) != 5 {
				t.Errorf("killed after %d ms, it left %q", attempt, got)
			}
		}
	}
	t.Logf("%d of 30 came to pin", complete)
	succeed(t, "load", "dcid", "-pin", filepath.Join(fs, "last"))
	for _, name := range pinned(t, fs) {
		if strings.HasPrefix(name, "_purebpf_") {
			t.Errorf("%s is left", name)
		}
	}
	if _, err := loader.Pins(fs); err != nil {
		t.Error(err)
	}
}

// bpftool, where it is installed, sees what load pinned as the tool does.
func TestAgainstBPFTool(t *testing.T) {
	needKernel(t)
	name := unique("tool")
	bpftool, err := exec.LookPath("bpftool")
	if err != nil {
		t.Skip("no bpftool is installed")
	}
	dir := filepath.Join(kerneltest.BPFFS(t), "app")
	o := counting(t, name, dir)
	ours := succeedJSON[xlatedProgram](t, "prog", "dump", filepath.Join(dir, name))
	theirs, err := exec.Command(bpftool, "prog", "dump", "xlated", "id", fmt.Sprint(o.Programs[0].ID)).Output()
	if err != nil {
		t.Fatal(err)
	}
	// Each instruction in the same words; what bpftool does not name is left out.
	for _, ins := range ours.Instructions {
		line := fmt.Sprintf("%4d: (%s) %s", ins.Slot, ins.Bytes[:2], ins.Text)
		if !strings.Contains(string(theirs), line) && !strings.Contains(ins.Text, "#") {
			t.Errorf("bpftool has no %q:\n%s", line, theirs)
		}
		if ins.Calls != "" && !strings.Contains(string(theirs), "call "+ins.Calls+"#") {
			t.Errorf("bpftool has no call of %s:\n%s", ins.Calls, theirs)
		}
	}
}
