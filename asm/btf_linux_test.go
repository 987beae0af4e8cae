package asm_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
)

var parseKernel = sync.OnceValues(btf.Kernel)

// kernelTypes returns the types of the running kernel.
func kernelTypes(t *testing.T) *btf.Spec {
	t.Helper()
	spec, err := parseKernel()
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// eachType calls f for all types of the kernel.
func eachType(t *testing.T, f func(btf.Type)) {
	t.Helper()
	spec := kernelTypes(t)
	for id := range spec.Len() {
		typ, err := spec.Type(btf.TypeID(id + 1))
		if err != nil {
			t.Fatal(err)
		}
		f(typ)
	}
}

// The kernel's enum bpf_func_id has our helpers, under our numbers, and no other.
func TestHelperNumbers(t *testing.T) {
	enum, err := kernelTypes(t).Find("bpf_func_id", btf.Enum)
	if err != nil {
		t.Fatal(err)
	}
	want := map[asm.Helper]string{}
	got := map[asm.Helper]string{}
	for _, v := range enum.Values {
		if name, ok := strings.CutPrefix(v.Name, "BPF_FUNC_"); ok && v.Value != 0 {
			h := asm.Helper(v.Value)
			want[h] = "bpf_" + name
			got[h] = h.Name()
		}
	}
	if len(want) < 160 {
		t.Fatalf("only %d helpers in the kernel's types", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kernel (-), table (+):\n%s", diff)
	}
}

// Every helper that the kernel defines by its macro BPF_CALL_n leaves a typedef btf_NAME of a function with its n
// parameters. These define them under other names, one of several where program types have their own.
var functionOf = map[asm.Helper]string{
	asm.FnProbeRead:         "bpf_probe_read_compat",
	asm.FnProbeReadStr:      "bpf_probe_read_compat_str",
	asm.FnGetPrandomU32:     "bpf_user_rnd_u32",
	asm.FnSetsockopt:        "bpf_sock_ops_setsockopt",
	asm.FnGetsockopt:        "bpf_sock_ops_getsockopt",
	asm.FnRedirectMap:       "bpf_xdp_redirect_map",
	asm.FnFIBLookup:         "bpf_skb_fib_lookup",
	asm.FnLWTPushEncap:      "bpf_lwt_in_push_encap",
	asm.FnSkSelectReuseport: "sk_select_reuseport",
	asm.FnSKBOutput:         "bpf_skb_event_output",
	asm.FnXDPOutput:         "bpf_xdp_event_output",
	asm.FnLoadHdrOpt:        "bpf_sock_ops_load_hdr_opt",
	asm.FnStoreHdrOpt:       "bpf_sock_ops_store_hdr_opt",
	asm.FnReserveHdrOpt:     "bpf_sock_ops_reserve_hdr_opt",
	asm.FnCheckMTU:          "bpf_skb_check_mtu",
	asm.FnGetFuncIP:         "bpf_get_func_ip_tracing",
	asm.FnGetFuncArg:        "get_func_arg",
	asm.FnGetFuncRet:        "get_func_ret",
	asm.FnGetFuncArgCnt:     "get_func_arg_cnt",
}

// These have no typedef. The verifier itself replaces tail calls; the others are only in kernels that were built with
// infrared receivers or error injection. Their counts are those of the prototypes in include/uapi/linux/bpf.h.
var withoutFunction = map[asm.Helper]int{
	asm.FnTailCall:       3, // ctx, prog_array_map, index
	asm.FnOverrideReturn: 2, // regs, rc
	asm.FnRCRepeat:       1, // ctx
	asm.FnRCKeydown:      4, // ctx, protocol, scancode, toggle
	asm.FnRCPointerRel:   3, // ctx, rel_x, rel_y
}

// These get one more argument than a program passes; the verifier puts it in: allocation flags, the program itself.
var completed = map[asm.Helper]bool{
	asm.FnSkStorageGet:     true,
	asm.FnInodeStorageGet:  true,
	asm.FnTaskStorageGet:   true,
	asm.FnCgrpStorageGet:   true,
	asm.FnTimerSetCallback: true,
}

func TestHelperArgumentCounts(t *testing.T) {
	params := map[string]int{}
	eachType(t, func(typ btf.Type) {
		name, ok := strings.CutPrefix(typ.Name, "btf_")
		if !ok || typ.Kind != btf.Typedef {
			return
		}
		spec := kernelTypes(t)
		pointer, err := spec.Resolve(typ.Ref)
		if err != nil || pointer.Kind != btf.Pointer {
			return
		}
		function, err := spec.Resolve(pointer.Ref)
		if err != nil || function.Kind != btf.FuncProto {
			return
		}
		params[name] = len(function.Members)
	})
	checked := 0
	for h := asm.Helper(1); h.Valid(); h++ {
		name := h.Name()
		if other, ok := functionOf[h]; ok {
			name = other
		}
		want, ok := params[name]
		if ok {
			checked++
		} else if want, ok = withoutFunction[h]; !ok {
			t.Logf("%v: the kernel has no typedef btf_%s", h, name)
			continue
		}
		if completed[h] {
			want--
		}
		if got := h.NumArgs(); got != want {
			t.Errorf("%v: %d arguments, the kernel has %d", h, got, want)
		}
	}
	if checked < 150 {
		t.Errorf("only %d helpers could be compared", checked)
	}
}

// A member is a field as both the kernel and the table have it.
type member struct {
	Name         string
	Offset, Size int
}

// narrowed are fields that are 16 bits wide and had 32 before Linux 5.18, when the kernel told their padding apart.
var narrowed = map[string]bool{"bpf_sock.dst_port": true, "bpf_sk_lookup.remote_port": true}

// The structs of the table have the fields of the kernel's, in its order and places. A kernel older than the table may
// lack fields.
func TestContextsMatchKernel(t *testing.T) {
	for c := asm.Context(1); c.Valid(); c++ {
		t.Run(c.Name(), func(t *testing.T) {
			spec := kernelTypes(t)
			kernel, err := spec.Find(c.Name(), btf.Struct)
			if err != nil {
				t.Fatal(err)
			}
			if int(kernel.Size) > c.Size() {
				t.Errorf("size %d, the kernel has %d", c.Size(), kernel.Size)
			}
			fields, err := spec.Fields(kernel)
			if err != nil {
				t.Fatal(err)
			}
			var want, got []member
			known := map[string]bool{}
			for _, f := range fields {
				if f.Name == "" || f.Bits != 0 {
					continue // padding
				}
				known[f.Name] = true
				m := member{f.Name, int(f.Offset), int(f.Size)}
				if narrowed[c.Name()+"."+f.Name] && m.Size == 4 {
					m.Size = 2
				}
				want = append(want, m)
			}
			for f := range c.Fields() {
				_, name, _ := strings.Cut(f.Name(), ".")
				if known[name] {
					got = append(got, member{name, f.Offset(), f.Size() * f.Count()})
				} else if int(kernel.Size) == c.Size() && f != asm.SkBuffTstampType {
					t.Errorf("%v is not in the kernel's struct", f) // in place of tstamp_type there was padding
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("kernel (-), table (+):\n%s", diff)
			}
		})
	}
}

// Elements of arrays have the width of the kernel's.
func TestFieldElementsMatchKernel(t *testing.T) {
	spec := kernelTypes(t)
	for c := asm.Context(1); c.Valid(); c++ {
		kernel, err := spec.Find(c.Name(), btf.Struct)
		if err != nil {
			t.Fatal(err)
		}
		for f := range c.Fields() {
			_, name, _ := strings.Cut(f.Name(), ".")
			typ, err := spec.Member(kernel, name)
			if err != nil {
				continue // TestContextsMatchKernel says so where it matters
			}
			count := 1
			if typ.Kind == btf.Array {
				count = int(typ.Len)
			}
			if f.Count() != count {
				t.Errorf("%v: %d elements, the kernel has %d", f, f.Count(), count)
			}
		}
	}
}

// The constants that the kernel has in enumerations have our values.
func TestConstantsMatchKernel(t *testing.T) {
	kernel := map[string]int64{}
	eachType(t, func(typ btf.Type) {
		if typ.Kind == btf.Enum || typ.Kind == btf.Enum64 {
			for _, v := range typ.Values {
				kernel[v.Name] = v.Value
			}
		}
	})
	checked := 0
	for _, c := range constants(t, "constants.go") {
		want, ok := kernel[c.kernel]
		if !ok {
			if _, ok = notInEnums[c.kernel]; !ok {
				t.Logf("%s is in no enumeration of this kernel", c.kernel)
			}
			continue
		}
		checked++
		if c.value != want {
			t.Errorf("%s = %d, the kernel's %s is %d", c.name, c.value, c.kernel, want)
		}
	}
	if checked < 100 {
		t.Errorf("only %d constants could be compared", checked)
	}
}
