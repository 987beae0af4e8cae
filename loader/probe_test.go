//go:build linux

package loader_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// kernelEnum returns the numbers of an enumeration of the running kernel, and a way to ask for its functions, which shows
// what is configured.
func kernelEnum(t *testing.T, name string) (map[int64]string, func(function string) bool) {
	t.Helper()
	kernel, err := btf.Kernel()
	if errors.Is(err, unix.ENOENT) {
		t.Skip("the kernel shows no BTF")
	}
	if err != nil {
		t.Fatal(err)
	}
	enum, err := kernel.Find(name, btf.Enum)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[int64]string)
	for _, v := range enum.Values {
		values[v.Value] = v.Name
	}
	return values, func(function string) bool {
		_, err := kernel.Find(function, btf.Func)
		return err == nil
	}
}

func checkProbe(t *testing.T, what string, err error, want bool) {
	t.Helper()
	switch {
	case want && err != nil:
		t.Errorf("%s: %v, want it to be there", what, err)
	case !want && !errors.Is(err, errors.ErrUnsupported):
		t.Errorf("%s: %v, want errors.ErrUnsupported", what, err)
	}
}

// TestHaveProgramType asks for every type in the kernel's enumeration, and for one behind it.
func TestHaveProgramType(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	types, has := kernelEnum(t, "bpf_prog_type")
	// Types that are in the enumeration whether they are configured or not.
	configured := map[asm.ProgramType]string{
		asm.LircMode2:     "lirc_mode2_func_proto",
		asm.Netfilter:     "bpf_nf_link_attach",
		asm.Kprobe:        "kprobe_prog_func_proto",
		asm.Tracepoint:    "tp_prog_func_proto",
		asm.RawTracepoint: "raw_tp_prog_func_proto",
		asm.SkSKB:         "sk_skb_func_proto",
		asm.CgroupSKB:     "cgroup_dev_func_proto", // is there when CONFIG_CGROUP_BPF is
	}
	for kind := asm.SocketFilter; kind <= asm.Netfilter; kind++ {
		name, known := types[int64(kind)]
		function := configured[kind]
		err := loader.HaveProgramType(kind)
		switch kind {
		case asm.Tracing, asm.LSM, asm.Ext:
			// A kernel or security module may forbid these altogether; then nothing can be told.
			if errors.Is(err, unix.EPERM) && !errors.Is(err, errors.ErrUnsupported) {
				continue
			}
		}
		checkProbe(t, name, err, known && (function == "" || has(function)))
	}
	err := loader.HaveProgramType(4000)
	checkProbe(t, "program type 4000", err, false)
	wantError(t, "program type 4000", err, "programs of type program type 4000: this kernel has none: invalid argument")
}

// TestHaveMapType asks for every type in the kernel's enumeration, and for one behind it. Those that depend on the
// configuration have a function of their own where they are configured.
func TestHaveMapType(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	types, has := kernelEnum(t, "bpf_map_type")
	configured := map[asm.MapType]string{
		asm.MapStackTrace:          "stack_map_alloc",
		asm.MapCgroupStorage:       "cgroup_dev_func_proto", // is there when CONFIG_CGROUP_BPF is
		asm.MapPerCPUCgroupStorage: "cgroup_dev_func_proto",
		asm.MapSockMap:             "sock_map_alloc",
		asm.MapSockHash:            "sock_hash_alloc",
		asm.MapXSKMap:              "xsk_map_alloc",
		asm.MapInodeStorage:        "inode_storage_map_alloc",
		asm.MapTaskStorage:         "task_storage_map_alloc",
		asm.MapCgrpStorage:         "bpf_cgrp_storage_free",
		asm.MapStructOps:           "bpf_struct_ops_map_alloc",
		asm.MapArena:               "arena_map_alloc",
	}
	for kind := asm.MapHash; kind <= asm.MapInsnArray; kind++ {
		name, known := types[int64(kind)]
		if name == "__MAX_BPF_MAP_TYPE" {
			known = false
		}
		function := configured[kind]
		checkProbe(t, kind.String(), loader.HaveMapType(kind), known && (function == "" || has(function)))
	}
	err := loader.HaveMapType(4000)
	checkProbe(t, "map type 4000", err, false)
	wantError(t, "map type 4000", err, "maps of type map type 4000: this kernel has none: invalid argument")
}

func TestHaveHelper(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	// What 5.10 has; see the *_func_proto functions of net/core/filter.c.
	for _, test := range []struct {
		kind   asm.ProgramType
		helper asm.Helper
		want   bool
	}{
		{asm.SkReuseport, asm.FnSkSelectReuseport, true},
		{asm.SkReuseport, asm.FnSKBLoadBytes, true},
		{asm.SkReuseport, asm.FnMapLookupElem, true},
		{asm.SkReuseport, asm.FnRedirectMap, false},
		{asm.XDP, asm.FnRedirectMap, true},
		{asm.XDP, asm.FnSkSelectReuseport, false},
		{asm.SkMsg, asm.FnMsgRedirectHash, true},
		{asm.SockOps, asm.FnMsgRedirectHash, false},
		{asm.SockOps, asm.FnSockHashUpdate, true},
		{asm.SkLookup, asm.FnSkAssign, true},
		{asm.CgroupSockAddr, asm.FnBind, true},
		{asm.SocketFilter, asm.FnTracePrintk, true},
		{asm.SocketFilter, 9999, false},
	} {
		checkProbe(t, test.kind.String()+" "+test.helper.String(), loader.HaveHelper(test.kind, test.helper), test.want)
	}
	wantError(t, "denied", loader.HaveHelper(asm.XDP, asm.FnSkSelectReuseport),
		"bpf_sk_select_reuseport in programs of type xdp: this kernel does not allow it: invalid argument")
	wantError(t, "type", loader.HaveHelper(4000, asm.FnMapLookupElem),
		"bpf_map_lookup_elem in programs of type program type 4000: this kernel has no such programs: invalid argument")
	err := loader.HaveHelper(asm.LSM, asm.FnMapLookupElem)
	wantError(t, "lsm", err, "bpf_map_lookup_elem in programs of type lsm: depends on what the program is attached to")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("lsm: %v is errors.ErrUnsupported, although it cannot be told", err)
	}
}

func TestHaveLink(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	_, has := kernelEnum(t, "bpf_link_type")
	for kind, function := range map[loader.LinkType]string{
		loader.LinkCgroup:    "cgroup_bpf_link_attach",
		loader.LinkNetNS:     "netns_bpf_link_create",
		loader.LinkSocketMap: "sock_map_link_create",
		loader.LinkXDP:       "bpf_xdp_link_attach",
		loader.LinkTCX:       "tcx_link_attach",
	} {
		checkProbe(t, kind.String(), loader.HaveLink(kind), has(function))
	}
	err := loader.HaveLink(77)
	wantError(t, "unknown", err, "links of type link type 77: invalid argument")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("unknown: %v is errors.ErrUnsupported, although it was not asked", err)
	}
}

func TestHaveCPU(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	// The instructions leave no trace in BTF; these came with the same releases: 5.12, 6.6 and 6.9.
	helpers, _ := kernelEnum(t, "bpf_func_id")
	attachTypes, _ := kernelEnum(t, "bpf_attach_type")
	mapTypes, _ := kernelEnum(t, "bpf_map_type")
	checkProbe(t, "version 1", loader.HaveCPU(asm.V1), true)
	checkProbe(t, "version 2", loader.HaveCPU(asm.V2), true)
	checkProbe(t, "version 3", loader.HaveCPU(asm.V3), helpers[int64(asm.FnCheckMTU)] == "BPF_FUNC_check_mtu")
	checkProbe(t, "version 4", loader.HaveCPU(asm.V4), attachTypes[int64(asm.AttachTCXIngress)] == "BPF_TCX_INGRESS")
	checkProbe(t, "may_goto", loader.HaveMayGoto(), mapTypes[int64(asm.MapArena)] == "BPF_MAP_TYPE_ARENA")
	wantError(t, "unknown", loader.HaveCPU(9), "instruction set version 9: no such version")
}

// TestProbesUnprivileged has a process ask that may not try: it gets no answer, least of all a wrong one.
func TestProbesUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		for _, test := range []struct {
			name string
			err  error
			want string
		}{
			{"program", loader.HaveProgramType(asm.SkMsg),
				"programs of type sk_msg: load sk_msg program probe: operation not permitted (missing CAP_NET_ADMIN)"},
			{"map", loader.HaveMapType(asm.MapSockHash), "operation not permitted (missing CAP_NET_ADMIN)"},
			{"helper", loader.HaveHelper(asm.SkMsg, asm.FnMsgRedirectHash),
				"bpf_msg_redirect_hash in programs of type sk_msg: load sk_msg program probe: operation not permitted (missing CAP_NET_ADMIN)"},
			{"link", loader.HaveLink(loader.LinkSocketMap),
				"links of type sockmap: programs of type sk_msg: load sk_msg program probe: operation not permitted (missing CAP_NET_ADMIN)"},
		} {
			wantError(t, test.name, test.err, test.want)
			if errors.Is(test.err, errors.ErrUnsupported) || !errors.Is(test.err, unix.EPERM) {
				t.Errorf("%s: %v, want EPERM and not errors.ErrUnsupported", test.name, test.err)
			}
		}
	}, kerneltest.CAP_BPF)
}
