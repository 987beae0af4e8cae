//go:build linux

package loader_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// TestLinkPin closes a pinned link, finds the program still attached, and detaches it by way of the pin.
func TestLinkPin(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	dir, cgroup := kerneltest.BPFFS(t), kerneltest.CgroupJoin(t)
	path := filepath.Join(dir, "link")
	m := counter(t)
	link, err := loader.AttachCgroup(cgroup, load(t, counting(t, "count_ops", asm.SockOps, m, 1)))
	if err != nil {
		t.Fatal(err)
	}
	info, err := link.Info()
	if err != nil {
		t.Fatal(err)
	}
	if err := link.Pin(path); err != nil {
		t.Fatal(err)
	}
	wantError(t, "pin again", link.Pin(path), "pin link of sock_ops program count_ops to cgroup "+cgroup+" to "+path+": file exists")
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	tcp(t, "tcp4", "127.0.0.1:0")
	if counted(t, m) == 0 {
		t.Error("the pinned link was detached by Close")
	}

	opened, err := loader.OpenPinnedLink(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := opened.Info(); err != nil || cmp.Diff(info, again) != "" {
		t.Errorf("info of the opened link: %v (-want +got):\n%s", err, cmp.Diff(info, again))
	}
	if err := opened.Update(load(t, counting(t, "count_more", asm.SockOps, m, 1000))); err != nil {
		t.Fatal(err)
	}
	tcp(t, "tcp4", "127.0.0.1:0")
	if n := counted(t, m); n == 0 || n%1000 != 0 {
		t.Errorf("the updated program counted %d", n)
	}
	wantError(t, "update with another type", opened.Update(load(t, returning(t, "xdp", asm.XDP, 1))),
		"update program with id ", " by link "+path+": invalid argument")
	wantError(t, "update with nothing", opened.Update(nil), "no program")
	_, programErr := loader.OpenPinned(path, nil)
	wantError(t, "open as a program", programErr, "wrong type: it is bpf-link, not a BPF prog")

	if err := opened.Unpin(path); err != nil {
		t.Fatal(err)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	tcp(t, "tcp4", "127.0.0.1:0")
	if n := counted(t, m); n != 0 {
		t.Errorf("after Unpin and Close the program counted %d", n)
	}
	_, infoErr := opened.Info()
	for name, err := range map[string]error{"info": infoErr, "pin": opened.Pin(path), "unpin": opened.Unpin(path)} {
		wantError(t, name+" after Close", err, "file already closed")
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Close: %v is not os.ErrClosed", name, err)
		}
	}
}

// TestPlainLink holds what an attachment made with BPF_PROG_ATTACH cannot do.
func TestPlainLink(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	cgroup := kerneltest.Cgroup(t)
	link, err := loader.AttachCgroupPlain(cgroup, load(t, returning(t, "plain", asm.SockOps, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if link.Pinnable() {
		t.Error("pinnable")
	}
	_, infoErr := link.Info()
	for _, test := range []struct {
		name string
		err  error
		text string
	}{
		{"pin", link.Pin("/x"), "pin sock_ops program plain to cgroup " + cgroup + " to /x: attached with BPF_PROG_ATTACH, because this kernel has no link for it: "},
		{"unpin", link.Unpin("/x"), "attached with BPF_PROG_ATTACH, because this kernel has no link for it: "},
		{"info", infoErr, "info of sock_ops program plain to cgroup " + cgroup + ": attached with BPF_PROG_ATTACH, because this kernel has no link for it: "},
	} {
		wantError(t, test.name, test.err, test.text)
		if !errors.Is(test.err, errors.ErrUnsupported) {
			t.Errorf("%s: %v is not errors.ErrUnsupported", test.name, test.err)
		}
	}
	// The cgroup goes: Close says that there is nothing to detach from.
	child := filepath.Join(cgroup, "child")
	if err := os.Mkdir(child, 0o755); err != nil {
		t.Fatal(err)
	}
	orphan, err := loader.AttachCgroupPlain(child, load(t, returning(t, "orphan", asm.SockOps, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(child); err != nil {
		t.Fatal(err)
	}
	wantError(t, "close without cgroup", orphan.Close(), "detach sock_ops program orphan to cgroup "+child+": no such file or directory")
	if err := link.Close(); err != nil {
		t.Error(err)
	}
}

func TestLinkTypeString(t *testing.T) {
	for kind, want := range map[loader.LinkType]string{
		loader.LinkCgroup: "cgroup", loader.LinkNetNS: "netns", loader.LinkSocketMap: "sockmap", 77: "link type 77",
	} {
		if got := kind.String(); got != want {
			t.Errorf("%d is %q, want %q", uint32(kind), got, want)
		}
	}
}
