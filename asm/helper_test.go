package asm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// The rows are written down from the kernel's documentation of the helpers (include/uapi/linux/bpf.h).
func TestHelper(t *testing.T) {
	tests := []struct {
		helper  asm.Helper
		number  asm.Helper
		name    string
		min     int
		args    [5]asm.ArgKind
		returns asm.ReturnKind
		gpl     bool
	}{
		{asm.FnMapLookupElem, 1, "bpf_map_lookup_elem", 2,
			[5]asm.ArgKind{asm.ArgMap, asm.ArgMapKey}, asm.ReturnMapValue | asm.ReturnOrNull, false},
		{asm.FnMapUpdateElem, 2, "bpf_map_update_elem", 4,
			[5]asm.ArgKind{asm.ArgMap, asm.ArgMapKey, asm.ArgMapValue, asm.ArgAnything}, asm.ReturnInteger, false},
		{asm.FnKtimeGetNS, 5, "bpf_ktime_get_ns", 0,
			[5]asm.ArgKind{}, asm.ReturnInteger, false},
		{asm.FnTracePrintk, 6, "bpf_trace_printk", 2,
			[5]asm.ArgKind{asm.ArgMem, asm.ArgSize, asm.ArgAnything | asm.ArgOptional, asm.ArgAnything | asm.ArgOptional,
				asm.ArgAnything | asm.ArgOptional}, asm.ReturnInteger, true},
		{asm.FnTailCall, 12, "bpf_tail_call", 3,
			[5]asm.ArgKind{asm.ArgContext, asm.ArgMap, asm.ArgAnything}, asm.ReturnVoid, false},
		{asm.FnSKBLoadBytes, 26, "bpf_skb_load_bytes", 4,
			[5]asm.ArgKind{asm.ArgContext, asm.ArgAnything, asm.ArgMem | asm.ArgUninit, asm.ArgSize}, asm.ReturnInteger, false},
		{asm.FnSkSelectReuseport, 82, "bpf_sk_select_reuseport", 4,
			[5]asm.ArgKind{asm.ArgContext, asm.ArgMap, asm.ArgMapKey, asm.ArgAnything}, asm.ReturnInteger, false},
		{asm.FnSkLookupTCP, 84, "bpf_sk_lookup_tcp", 5,
			[5]asm.ArgKind{asm.ArgContext, asm.ArgMem, asm.ArgSizeOrZero, asm.ArgAnything, asm.ArgAnything},
			asm.ReturnSocket | asm.ReturnOrNull, false},
		{asm.FnSkRelease, 86, "bpf_sk_release", 1,
			[5]asm.ArgKind{asm.ArgSock | asm.ArgReleased}, asm.ReturnInteger, false},
		{asm.FnStrtol, 105, "bpf_strtol", 4,
			[5]asm.ArgKind{asm.ArgMem, asm.ArgSize, asm.ArgAnything, asm.ArgMem8 | asm.ArgUninit}, asm.ReturnInteger, false},
		{asm.FnProbeReadKernel, 113, "bpf_probe_read_kernel", 3,
			[5]asm.ArgKind{asm.ArgMem | asm.ArgUninit, asm.ArgSizeOrZero, asm.ArgAnything}, asm.ReturnInteger, true},
		{asm.FnGetNetnsCookie, 122, "bpf_get_netns_cookie", 1,
			[5]asm.ArgKind{asm.ArgContext | asm.ArgOrNull}, asm.ReturnInteger, false},
		{asm.FnRingBufReserve, 131, "bpf_ringbuf_reserve", 3,
			[5]asm.ArgKind{asm.ArgMap, asm.ArgAllocSize, asm.ArgAnything}, asm.ReturnMem | asm.ReturnOrNull, false},
		{asm.FnLoop, 181, "bpf_loop", 4,
			[5]asm.ArgKind{asm.ArgAnything, asm.ArgFunc, asm.ArgStack | asm.ArgOrNull, asm.ArgAnything}, asm.ReturnInteger, false},
		{asm.FnCgrpStorageDelete, 211, "bpf_cgrp_storage_delete", 2,
			[5]asm.ArgKind{asm.ArgMap, asm.ArgBTF | asm.ArgOrNull}, asm.ReturnInteger, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := test.helper
			if h != test.number || h.Name() != test.name || h.String() != test.name || !h.Valid() {
				t.Errorf("number %d, name %q, valid %v", uint32(h), h.Name(), h.Valid())
			}
			if diff := cmp.Diff(test.args, h.Args()); diff != "" {
				t.Errorf("arguments: want (-), got (+):\n%s", diff)
			}
			count := 0
			for _, a := range test.args {
				if a != asm.ArgNone {
					count++
				}
			}
			if h.NumArgs() != count || h.MinArgs() != test.min {
				t.Errorf("%d to %d arguments, want %d to %d", h.MinArgs(), h.NumArgs(), test.min, count)
			}
			if h.Returns() != test.returns || h.GPLOnly() != test.gpl {
				t.Errorf("returns %v, GPL only %v", h.Returns(), h.GPLOnly())
			}
		})
	}
}

func TestHelperByName(t *testing.T) {
	for h := asm.Helper(1); h.Valid(); h++ {
		if got, ok := asm.HelperByName(h.Name()); !ok || got != h {
			t.Errorf("%v is found as %v", h, got)
		}
	}
	for _, name := range []string{"", "map_lookup_elem", "bpf_unspec", "BPF_MAP_LOOKUP_ELEM"} {
		if h, ok := asm.HelperByName(name); ok {
			t.Errorf("%q is found as %v", name, h)
		}
	}
}

func TestNoHelper(t *testing.T) {
	for _, h := range []asm.Helper{0, 212, 300, 1<<32 - 1} {
		if h.Valid() || h.Name() != "" || h.NumArgs() != -1 || h.MinArgs() != -1 || h.Args() != [5]asm.ArgKind{} || h.GPLOnly() {
			t.Errorf("%d is a helper", uint32(h))
		}
	}
	if got, want := asm.Helper(300).String(), "helper 300"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What holds of all helpers: arguments have no gaps, sizes follow the memory they are of, optional ones come last.
func TestHelperArgumentOrder(t *testing.T) {
	for h := asm.Helper(1); h.Valid(); h++ {
		before := asm.ArgKind(asm.ArgAnything)
		for i, a := range h.Args() {
			switch {
			case before == asm.ArgNone && a != asm.ArgNone:
				t.Errorf("%v: argument %d follows a gap", h, i+1)
			case before.Has(asm.ArgOptional) && a != asm.ArgNone && !a.Has(asm.ArgOptional):
				t.Errorf("%v: argument %d follows an optional one", h, i+1)
			case (a == asm.ArgSize || a == asm.ArgSizeOrZero) != (before.Kind() == asm.ArgMem):
				t.Errorf("%v: argument %d is %v and follows %v", h, i+1, a, before)
			}
			before = a
		}
	}
}

func TestKindNames(t *testing.T) {
	tests := []struct{ got, want string }{
		{asm.ArgMapKey.String(), "pointer to a map key"},
		{(asm.ArgMem | asm.ArgOrNull).String(), "pointer to memory or null"},
		{(asm.ArgMem | asm.ArgUninit).String(), "pointer to memory, filled"},
		{(asm.ArgMem4 | asm.ArgWritten).String(), "pointer to 4 bytes, changed"},
		{(asm.ArgSock | asm.ArgReleased).String(), "socket or kernel socket, released"},
		{(asm.ArgAnything | asm.ArgOptional).String(), "any value, optional"},
		{asm.ArgKind(200).String(), "argument kind 200"},
		{asm.ReturnInteger.String(), "integer"},
		{(asm.ReturnMapValue | asm.ReturnOrNull).String(), "pointer to a map value or null"},
		{asm.ReturnKind(100).String(), "return kind 100"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
	if r := asm.ReturnSocket | asm.ReturnOrNull; !r.OrNull() || !r.Pointer() || r.Kind() != asm.ReturnSocket {
		t.Errorf("%v: %v %v %v", r, r.OrNull(), r.Pointer(), r.Kind())
	}
	if asm.ReturnVoid.Pointer() || asm.ReturnInteger.Pointer() || asm.ReturnBTF.OrNull() {
		t.Error("no pointers, or null")
	}
	for kind, size := range map[asm.ArgKind]int{
		asm.ArgMem: 0, asm.ArgMem4: 4, asm.ArgMem8 | asm.ArgUninit: 8, asm.ArgMem20: 20, asm.ArgMem40: 40, asm.ArgMapKey: 0,
	} {
		if kind.FixedSize() != size {
			t.Errorf("%v: %d bytes", kind, kind.FixedSize())
		}
	}
}
