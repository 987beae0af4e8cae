//go:build linux

package loader_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

func TestPins(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	fs := kerneltest.BPFFS(t)
	sub := filepath.Join(fs, "b", "c")
	if err := os.MkdirAll(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	cgroup := kerneltest.Cgroup(t)
	link, err := loader.AttachCgroup(cgroup, load(t, returning(t, "ops", asm.SockOps, 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if err := link.Pin(filepath.Join(fs, "a_link")); err != nil {
		t.Fatal(err)
	}
	linked, err := link.Info()
	if err != nil {
		t.Fatal(err)
	}
	m := counter(t)
	if err := m.Pin(filepath.Join(sub, "map")); err != nil {
		t.Fatal(err)
	}
	about, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	got, err := loader.Pins(fs)
	got = slices.DeleteFunc(got, func(p loader.Pinned) bool { return strings.HasSuffix(p.Path, ".debug") })
	want := []loader.Pinned{
		{Path: filepath.Join(fs, "a_link"), Kind: loader.LinkObject, ID: linked.ID},
		{Path: filepath.Join(sub, "map"), Kind: loader.MapObject, ID: about.ID},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("pins: %v (-want +got):\n%s", err, diff)
	}
	_, err = loader.Pins(t.TempDir())
	wantError(t, "no bpf file system", err, "list the pins in ", "it is not in a BPF file system")
	_, err = loader.Pins(filepath.Join(fs, "none"))
	wantError(t, "no directory", err, "no such file or directory")

	// What is no pin says what it is.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = loader.OpenPinned(file, nil)
	wantError(t, "file", err, "open pinned program "+file+": permission denied (it is not in a BPF file system)")
	_, err = loader.OpenPinnedLink(sub)
	wantError(t, "directory", err, "open pinned link "+sub+": permission denied (it is a directory)")

	mounts, err := loader.Mounts()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(mounts, "\n")+"\n", fs+"\n") {
		t.Errorf("mounts %q without %s", mounts, fs)
	}
}

// Pins that cannot be opened are named, and the others listed.
func TestPinsUnprivileged(t *testing.T) {
	const dirEnv = "PUREBPF_TEST_PINS"
	if os.Getenv(dirEnv) == "" {
		kerneltest.Need(t, kerneltest.CAP_BPF)
		fs := kerneltest.BPFFS(t)
		if err := os.Chmod(fs, 0o755); err != nil {
			t.Fatal(err)
		}
		p := load(t, returning(t, "filter", asm.SocketFilter, 0))
		for _, name := range []string{"closed", "open"} {
			if err := p.Pin(filepath.Join(fs, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(fs, "open"), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Setenv(dirEnv, fs)
	}
	kerneltest.Unprivileged(t, func(t *testing.T) {
		fs := os.Getenv(dirEnv)
		pins, err := loader.Pins(fs)
		wantError(t, "closed", err, "open pin "+filepath.Join(fs, "closed")+": permission denied")
		if len(pins) != 1 || pins[0].Path != filepath.Join(fs, "open") || pins[0].Kind != loader.ProgramObject {
			t.Errorf("pins %+v, want the one that everybody may open", pins)
		}
	}, kerneltest.CAP_BPF)
}
