package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

func TestLoadVerifies(t *testing.T) {
	needSockredir(t)
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
	needSockredir(t)
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
