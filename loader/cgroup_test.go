//go:build linux

package loader_test

import (
	"errors"
	"net"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// counter is an array of one number.
func counter(t testing.TB) *maps.Map[uint32, uint64] {
	t.Helper()
	m, err := maps.New[uint32, uint64](asm.MapSpec{Name: "count", Type: asm.MapArray, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// counting adds step to the number with every run and returns 1.
func counting(t testing.TB, name string, kind asm.ProgramType, m *maps.Map[uint32, uint64], step int) *asm.Program {
	t.Helper()
	p, err := reloc.Link(build(t, name, kind, func(b *asm.Builder) {
		b.LdMapValue(asm.R1, "count", 0)
		b.Mov(asm.R2, step)
		b.AtomicAdd(asm.R1.U64(0), asm.R2)
		b.Mov(asm.R0, 1)
		b.Exit()
	}), reloc.Symbols{"count": reloc.Map(m.FD(), m.Spec())})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// counted returns the number and sets it to 0.
func counted(t testing.TB, m *maps.Map[uint32, uint64]) uint64 {
	t.Helper()
	n, err := m.Lookup(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Update(0, 0, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCgroupSockOps(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	path := kerneltest.CgroupJoin(t)
	for _, way := range []struct {
		name   string
		attach func(string, *loader.Program) (*loader.Link, error)
	}{
		{"link", loader.AttachCgroup},
		{"plain", loader.AttachCgroupPlain},
		{"file", func(path string, p *loader.Program) (*loader.Link, error) {
			dir, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			defer dir.Close()
			return loader.AttachCgroupFile(dir, p)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			m := counter(t)
			p := load(t, counting(t, "count_ops", asm.SockOps, m, 1))
			link, err := way.attach(path, p)
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			p.Close() // the cgroup keeps it
			tcp(t, "tcp4", "127.0.0.1:0")
			few := counted(t, m)
			if few == 0 {
				t.Error("no call of the sock_ops program for a new connection")
			}
			if ids, err := loader.CgroupPrograms(path, asm.AttachCgroupSockOps); err != nil || len(ids) != 1 {
				t.Errorf("programs of the cgroup: %v, %v", ids, err)
			}
			if err := link.Update(load(t, counting(t, "count_more", asm.SockOps, m, 1000))); err != nil {
				t.Fatal(err)
			}
			tcp(t, "tcp4", "127.0.0.1:0")
			if more := counted(t, m); more != 1000*few {
				t.Errorf("the updated program counted %d, want %d", more, 1000*few)
			}
			wantError(t, "update with another type", link.Update(load(t, returning(t, "xdp", asm.XDP, 1))),
				"update sock_ops program count_ops to cgroup "+path+": wrong type: it is a xdp program, and must be sock_ops")
			if err := link.Close(); err != nil {
				t.Fatal(err)
			}
			tcp(t, "tcp4", "127.0.0.1:0")
			if n := counted(t, m); n != 0 {
				t.Errorf("the detached program counted %d", n)
			}
			if err := link.Close(); err != nil {
				t.Errorf("close again: %v", err)
			}
			if ids, err := loader.CgroupPrograms(path, asm.AttachCgroupSockOps); err != nil || len(ids) != 0 {
				t.Errorf("programs of the cgroup after Close: %v, %v", ids, err)
			}
		})
	}
}

// TestCgroupAttachTypes attaches one program of every type for cgroups, and some for each of their attach types.
func TestCgroupAttachTypes(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	path := kerneltest.Cgroup(t)
	for _, test := range []struct {
		kind asm.ProgramType
		load asm.AttachType
		want asm.AttachType
	}{
		{asm.SockOps, 0, asm.AttachCgroupSockOps},
		{asm.CgroupSKB, asm.AttachCgroupInetIngress, asm.AttachCgroupInetIngress},
		{asm.CgroupSKB, asm.AttachCgroupInetEgress, asm.AttachCgroupInetEgress},
		{asm.CgroupSock, 0, asm.AttachCgroupInetSockCreate},
		{asm.CgroupSock, asm.AttachCgroupInet4PostBind, asm.AttachCgroupInet4PostBind},
		{asm.CgroupSockAddr, asm.AttachCgroupInet4Connect, asm.AttachCgroupInet4Connect},
		{asm.CgroupSockAddr, asm.AttachCgroupInet6Bind, asm.AttachCgroupInet6Bind},
		{asm.CgroupSockopt, asm.AttachCgroupGetSockopt, asm.AttachCgroupGetSockopt},
		{asm.CgroupDevice, 0, asm.AttachCgroupDevice},
		{asm.CgroupSysctl, 0, asm.AttachCgroupSysctl},
	} {
		p := load(t, build(t, "attached", test.kind, func(b *asm.Builder) {
			b.AttachType(test.load)
			b.Mov(asm.R0, 1)
			b.Exit()
		}))
		link, err := loader.AttachCgroup(path, p)
		if err != nil {
			t.Errorf("%v for %v: %v", test.kind, test.load, err)
			continue
		}
		info, err := link.Info()
		if err != nil || info.Type != loader.LinkCgroup || info.AttachType != test.want {
			t.Errorf("%v for %v: link %+v, %v, want attach type %v", test.kind, test.load, info, err, test.want)
		}
		link.Close()
	}
}

// TestCgroupDenies lets a cgroup_sock_addr program refuse connections.
func TestCgroupDenies(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	path := kerneltest.CgroupJoin(t)
	conn := udp(t)
	link, err := loader.AttachCgroup(path, load(t, build(t, "deny", asm.CgroupSockAddr, func(b *asm.Builder) {
		b.AttachType(asm.AttachCgroupInet4Connect)
		b.Mov(asm.R0, 0)
		b.Exit()
	})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("udp4", conn.LocalAddr().String()); !errors.Is(err, unix.EPERM) {
		t.Errorf("connect: %v, want EPERM", err)
	}
	link.Close()
	send(t, conn.LocalAddr(), "allowed")
	if got := receive(t, conn); got != "allowed" {
		t.Errorf("received %q after detaching", got)
	}
}

func TestCgroupRefusals(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	path := kerneltest.Cgroup(t)
	ops := load(t, returning(t, "ops", asm.SockOps, 1))
	attach := func(path string, p *loader.Program) error {
		link, err := loader.AttachCgroup(path, p)
		if err == nil {
			link.Close()
		}
		return err
	}
	alone, err := loader.AttachCgroupAlone(path, load(t, returning(t, "alone", asm.SockOps, 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	_, fileErr := loader.AttachCgroupFile(nil, ops)
	dir := t.TempDir()
	for _, test := range []struct {
		name string
		err  error
		is   error
		text string
	}{
		{"no such path", attach(path+"/none", ops), unix.ENOENT, "attach to cgroup " + path + "/none: no such file or directory"},
		{"another directory", attach(dir, ops), unix.EBADF,
			"attach sock_ops program ops to cgroup " + dir + ": bad file descriptor (it is no directory of a cgroup file system of version 2)"},
		{"another type", attach(path, load(t, returning(t, "xdp", asm.XDP, 1))), loader.ErrWrongType,
			"attach to cgroup " + path + ": wrong type: it is a xdp program, and must be sock_ops, cgroup_skb, cgroup_sock, cgroup_sock_addr, cgroup_sockopt, cgroup_device or cgroup_sysctl"},
		{"no program", attach(path, nil), nil, "attach to cgroup " + path + ": no program"},
		{"no file", fileErr, os.ErrInvalid, "attach to cgroup: invalid argument"},
		{"beside one that is alone", attach(path, ops), unix.EPERM,
			"attach sock_ops program ops to cgroup " + path + ": operation not permitted (the cgroup or one above it has a program that was attached without BPF_F_ALLOW_MULTI)"},
	} {
		wantError(t, test.name, test.err, test.text)
		if test.is != nil && !errors.Is(test.err, test.is) {
			t.Errorf("%s: %v is not %v", test.name, test.err, test.is)
		}
	}
	_, err = loader.CgroupPrograms(dir, asm.AttachCgroupSockOps)
	wantError(t, "list programs", err, "list cgroup_sock_ops programs of cgroup "+dir+": bad file descriptor")
}

// TestCgroupOfOpenedProgram attaches a program whose attach type the kernel does not tell.
func TestCgroupOfOpenedProgram(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	path := kerneltest.Cgroup(t)
	pin := kerneltest.BPFFS(t) + "/connect4"
	p := load(t, build(t, "connect4", asm.CgroupSockAddr, func(b *asm.Builder) {
		b.AttachType(asm.AttachCgroupInet4Connect)
		b.Mov(asm.R0, 1)
		b.Exit()
	}))
	if err := p.Pin(pin); err != nil {
		t.Fatal(err)
	}
	open := func(opts *loader.OpenOptions) *loader.Program {
		p, err := loader.OpenPinned(pin, opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
	_, err := loader.AttachCgroup(path, open(nil))
	wantError(t, "without attach type", err, "the attach type of cgroup_sock_addr program connect4 is not known; give it in OpenOptions")
	link, err := loader.AttachCgroup(path, open(&loader.OpenOptions{AttachType: asm.AttachCgroupInet4Connect}))
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	info, err := link.Info()
	if err != nil {
		t.Fatal(err)
	}
	programs, err := loader.CgroupPrograms(path, asm.AttachCgroupInet4Connect)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{info.ProgramID}, programs); diff != "" {
		t.Errorf("programs (-link +cgroup):\n%s", diff)
	}
}
