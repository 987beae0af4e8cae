//go:build linux

package loader_test

import (
	"errors"
	"fmt"
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

func infoOf(t testing.TB, p *loader.Program) *loader.Info {
	t.Helper()
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// found returns the ids of what Find finds.
func found(t testing.TB, match func(*loader.Info) bool) (ids []uint32) {
	t.Helper()
	programs, err := loader.Find(match)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		ids = append(ids, infoOf(t, p).ID)
		p.Close()
	}
	return ids
}

// The two programs of one name are both found; tags tell them apart.
func TestFind(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	name := fmt.Sprintf("f%d_twins_of_one", os.Getpid()) // other processes may run this test, too
	one := infoOf(t, load(t, returning(t, name, asm.SocketFilter, 4711)))
	two := infoOf(t, load(t, returning(t, name, asm.SocketFilter, os.Getpid())))
	before := bpfDescriptors(t)
	for _, test := range []struct {
		name  string
		match func(*loader.Info) bool
		want  []uint32
	}{
		{"name", loader.Named(name), []uint32{one.ID, two.ID}},
		{"name as the kernel cuts it", loader.Named(name[:15]), []uint32{one.ID, two.ID}},
		{"part of the name", loader.Named(name[:10]), nil},
		{"no name", loader.Named(""), nil},
		{"tag", func(i *loader.Info) bool { return loader.Tagged(two.Tag)(i) && i.ID >= one.ID }, []uint32{two.ID}},
		{"nothing", func(*loader.Info) bool { return false }, nil},
	} {
		if diff := cmp.Diff(test.want, found(t, test.match)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if after := bpfDescriptors(t); after != before {
		t.Errorf("%d descriptors of BPF objects before, %d after", before, after)
	}
	ids, err := loader.ProgramIDs()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(ids) || !slices.Contains(ids, one.ID) || !slices.Contains(ids, two.ID) {
		t.Errorf("programs %v, want %d and %d among them, sorted", ids, one.ID, two.ID)
	}
}

func TestLinks(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	cgroup := kerneltest.CgroupJoin(t)
	m := counter(t)
	p := load(t, counting(t, "count_ops", asm.SockOps, m, 1))
	ofProgram := func(i loader.LinkInfo) bool { return i.ProgramID == infoOf(t, p).ID }
	if links, err := loader.Links(ofProgram); err != nil || len(links) != 0 {
		t.Fatalf("links %v, %v before there is one", links, err)
	}
	link, err := loader.AttachCgroup(cgroup, p)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	links, err := loader.Links(ofProgram)
	if err != nil {
		t.Fatal(err)
	}
	want, err := link.Info()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]loader.LinkInfo{want}, links); diff != "" {
		t.Fatalf("links (-want +got):\n%s", diff)
	}
	if all, err := loader.Links(nil); err != nil || !slices.Contains(all, want) {
		t.Errorf("all links: %v, %v; want %v among them", all, err, want)
	}

	// Somebody else detaches it, who knows no more than its id.
	opened, err := loader.OpenLinkID(links[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if err := opened.Detach(); err != nil {
		t.Fatal(err)
	}
	counted(t, m)
	tcp(t, "tcp4", "127.0.0.1:0")
	if n := counted(t, m); n != 0 {
		t.Errorf("the program ran %d times after Detach", n)
	}
	if info, err := link.Info(); err != nil || info.CgroupID != 0 {
		t.Errorf("after Detach: %+v, %v; want no cgroup", info, err)
	}
	if err := opened.Detach(); err != nil {
		t.Errorf("detach again: %v", err)
	}

	_, err = loader.OpenLinkID(1 << 30)
	wantError(t, "no such link", err, "open link with id 1073741824: no such file or directory")
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("no such link: %v is not ENOENT", err)
	}
}

// What was attached with BPF_PROG_ATTACH is detached by whoever has the program and the place.
func TestDetachPlain(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	cgroup := kerneltest.CgroupJoin(t)
	m := counter(t)
	ops := load(t, counting(t, "count_ops", asm.SockOps, m, 1))
	wantError(t, "cgroup, not attached", loader.DetachCgroup(cgroup, ops),
		"detach sock_ops program count_ops from cgroup "+cgroup+": no such file or directory")
	if _, err := loader.AttachCgroupPlain(cgroup, ops); err != nil {
		t.Fatal(err)
	}
	if err := loader.DetachCgroup(cgroup, ops); err != nil {
		t.Error(err)
	}
	tcp(t, "tcp4", "127.0.0.1:0")
	if n := counted(t, m); n != 0 {
		t.Errorf("the program ran %d times after DetachCgroup", n)
	}
	wantError(t, "cgroup, no such directory", loader.DetachCgroup(filepath.Join(cgroup, "none"), ops), "no such file or directory")
	wantError(t, "cgroup, no program", loader.DetachCgroup(cgroup, nil), "detach from cgroup "+cgroup+": no program")
	wantError(t, "cgroup, type", loader.DetachCgroup(cgroup, load(t, returning(t, "xdp", asm.XDP, 2))), "wrong type: it is a xdp program")

	sockets := socketMap(t)
	msg := load(t, returning(t, "pass", asm.SkMsg, 1))
	wantError(t, "map, not attached", loader.DetachSocketMap(sockets.Raw, msg), "detach sk_msg program pass from map peers: no such file or directory")
	if _, err := loader.AttachSocketMapPlain(sockets.Raw, msg); err != nil {
		t.Fatal(err)
	}
	if err := loader.DetachSocketMap(sockets.Raw, msg); err != nil {
		t.Error(err)
	}
	if ids, err := loader.SocketMapPrograms(sockets.Raw, asm.AttachSkMsgVerdict); err == nil && len(ids) > 0 && ids[0] != 0 {
		t.Errorf("programs %v are attached after DetachSocketMap", ids)
	}
	wantError(t, "no map", loader.DetachSocketMap(nil, msg), "detach from a socket map: no map")
}

// A process that may not list gets the capability that is missing, not an empty list.
func TestListUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, programs := loader.ProgramIDs()
		_, links := loader.Links(nil)
		_, found := loader.Find(loader.Named("x"))
		for _, err := range []error{programs, links, found} {
			wantError(t, "list", err, "list all ", "operation not permitted (missing CAP_SYS_ADMIN)")
			if !errors.Is(err, os.ErrPermission) {
				t.Errorf("%v is not os.ErrPermission", err)
			}
		}
		_, err := loader.OpenLinkID(1)
		wantError(t, "link", err, "open link with id 1: operation not permitted (missing CAP_SYS_ADMIN)")
	}, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
}
