//go:build linux

package loader_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// TestCapabilities holds the table against the kernel: for every type of program and every set of capabilities, the
// kernel answers EPERM exactly where the table says that one is missing.
func TestCapabilities(t *testing.T) {
	sets := [][]kerneltest.Capability{
		nil,
		{kerneltest.CAP_BPF},
		{kerneltest.CAP_NET_ADMIN},
		{kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN},
		{kerneltest.CAP_BPF, kerneltest.CAP_PERFMON},
		{kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON},
		{kerneltest.CAP_SYS_ADMIN},
	}
	for _, set := range sets {
		t.Run(fmt.Sprint(set), func(t *testing.T) {
			kerneltest.Unprivileged(t, func(t *testing.T) {
				for kind := asm.SocketFilter; kind <= asm.Netfilter; kind++ {
					checkCapabilities(t, kind, set)
				}
			}, set...)
		})
	}
}

// attachTypes has those that the kernel asks for before it asks for capabilities.
var attachTypes = map[asm.ProgramType]asm.AttachType{
	asm.CgroupSockAddr: asm.AttachCgroupInet4Connect,
	asm.CgroupSockopt:  asm.AttachCgroupGetSockopt,
	asm.SkLookup:       asm.AttachSkLookup,
	asm.Netfilter:      asm.AttachNetfilter,
}

func checkCapabilities(t *testing.T, kind asm.ProgramType, have []kerneltest.Capability) {
	missing := ""
	for _, need := range loader.Capabilities(kind) {
		held := false
		for _, c := range have {
			held = held || c == need || c == kerneltest.CAP_SYS_ADMIN
		}
		if !held {
			missing += ", " + need.String()
		}
	}
	missing = strings.TrimPrefix(missing, ", ")
	if unprivilegedAllowed(t) && (kind == asm.SocketFilter || kind == asm.CgroupSKB) {
		missing = ""
	}
	p, err := loader.Load(build(t, "tried", kind, func(b *asm.Builder) {
		b.AttachType(attachTypes[kind])
		b.Mov(asm.R0, 1)
		b.Exit()
	}), nil)
	if err == nil {
		p.Close()
	}
	switch {
	case missing == "" && (kind == asm.LSM || kind == asm.Ext):
		// The kernel also answers EPERM because there is nothing given to attach to.
	case missing == "" && errors.Is(err, unix.EPERM):
		t.Errorf("%v: %v, although nothing should be missing", kind, err)
	case missing != "":
		want := "load " + kind.String() + " program tried: operation not permitted (missing " + missing + ")"
		if err == nil || err.Error() != want || !errors.Is(err, unix.EPERM) || !errors.Is(err, os.ErrPermission) {
			t.Errorf("%v: %v, want %q", kind, err, want)
		}
	}
}

func unprivilegedAllowed(t *testing.T) bool {
	t.Helper()
	mode, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(mode)) == "0"
}

// TestUnprivileged has a process without capabilities do everything else than loading.
func TestUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		_, statsErr := loader.EnableStats()
		_, idErr := loader.OpenID(1, nil)
		_, cgroupErr := loader.CgroupPrograms("/proc/self/ns/net", asm.AttachCgroupSockOps)
		_, netnsErr := loader.NetNSPrograms(ownNetNS, asm.AttachSkLookup)
		for _, test := range []struct {
			name, want string
			err        error
		}{
			{"statistics", "enable statistics of programs: operation not permitted (missing CAP_SYS_ADMIN)", statsErr},
			{"by id", "open program with id 1: operation not permitted (missing CAP_SYS_ADMIN)", idErr},
			{"programs of a cgroup", "list cgroup_sock_ops programs of cgroup /proc/self/ns/net: operation not permitted (missing CAP_NET_ADMIN)", cgroupErr},
			{"programs of a namespace", "list sk_lookup programs of network namespace " + ownNetNS + ": operation not permitted (missing CAP_NET_ADMIN)", netnsErr},
		} {
			wantError(t, test.name, test.err, test.want)
			if !errors.Is(test.err, unix.EPERM) {
				t.Errorf("%s: %v is not EPERM", test.name, test.err)
			}
		}
		// Classic filters are for everybody.
		conn := udp(t)
		if err := loader.AttachClassicFilter(conn, classic(t, 0)); err != nil {
			t.Error(err)
		}
	})
}

// TestAttachUnprivileged loads with CAP_BPF what only CAP_NET_ADMIN may attach, and attaches what everybody may.
func TestAttachUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		group := reuseport(t, 2)
		if err := loader.AttachReuseport(group[0], load(t, returning(t, "select", asm.SkReuseport, 1))); err != nil {
			t.Error(err)
		}
		p := load(t, returning(t, "allow", asm.CgroupSKB, 1))
		_, err := loader.AttachCgroup("/sys", p)
		wantError(t, "cgroup_skb", err, "attach cgroup_skb program allow to cgroup /sys: operation not permitted (missing CAP_NET_ADMIN)")
		lookup := load(t, build(t, "lookup", asm.SkLookup, func(b *asm.Builder) {
			b.AttachType(asm.AttachSkLookup)
			b.Mov(asm.R0, 1)
			b.Exit()
		}))
		link, err := loader.AttachNetNS(ownNetNS, lookup)
		if err != nil {
			t.Fatal(err)
		}
		link.Close()
		_, err = p.Xlated()
		if err != nil {
			t.Errorf("dump with CAP_BPF: %v", err)
		}
	}, kerneltest.CAP_BPF)
}
