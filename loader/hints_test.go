//go:build linux

package loader_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// TestHints has the kernel say every reason that there is a hint for, in its own words.
func TestHints(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	array, err := maps.Create(asm.MapSpec{Name: "array", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer array.Close()
	lookup := func(b *asm.Builder) { // a constant key inside the array would never give null
		b.CallHelper(asm.FnKtimeGetNS)
		b.Stx(asm.FP.U32(-4), asm.R0)
		b.LdMap(asm.R1, "array")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
	}
	found := func(b *asm.Builder) {
		lookup(b)
		b.JumpIf(asm.R0.NotEq(0), "found")
		b.Exit()
		b.Label("found")
	}
	out := func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		b.Exit()
	}
	for _, test := range []struct {
		name   string
		kind   asm.ProgramType
		opts   loader.Options
		write  func(b *asm.Builder)
		reason string // all kernels have said so
		hint   string
	}{
		{"null", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			lookup(b)
			b.Ldx(asm.R0, asm.R0.U64(0))
			b.Exit()
		}, "R0 invalid mem access 'map_value_or_null'", "may be null: test it with NotEq(0) before it is used"},
		{"null as an argument", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			lookup(b)
			b.Mov(asm.R2, asm.R0)
			b.LdMap(asm.R1, "array")
			b.CallHelper(asm.FnMapLookupElem)
			out(b)
		}, "R2 type=map_value_or_null expected=", "may be null: test it with NotEq(0) before it is passed on"},
		{"packet", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Ldx(asm.R1, asm.R1.Field(asm.XDPMdData))
			b.Ldx(asm.R0, asm.R1.U8(0))
			b.Exit()
		}, "invalid access to packet, off=0 size=1", "as Packet.Need does"},
		{"no result", asm.XDP, loader.Options{}, func(b *asm.Builder) { b.Exit() }, "R0 !read_ok", "give Return a value"},
		{"after a call", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.CallHelper(asm.FnKtimeGetNS)
			b.Mov(asm.R0, asm.R1)
			b.Exit()
		}, "R1 !read_ok", "a call leaves none in r1 to r5"},
		{"helper", asm.SkReuseport, loader.Options{}, func(b *asm.Builder) {
			b.CallHelper(asm.FnRedirectMap)
			b.Exit()
		}, "bpf_redirect_map#51", "may not call this helper; HaveHelper"},
		{"licence", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.License("Apache-2.0")
			b.St(asm.FP.U64(-8), 0)
			b.Mov(asm.R1, asm.FP)
			b.Add(asm.R1, -8)
			b.Mov(asm.R2, 8)
			b.CallHelper(asm.FnTracePrintk)
			out(b)
		}, "cannot call GPL-restricted function", "Builder.License"},
		{"map of another type", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.LdMap(asm.R1, "array")
			b.Mov(asm.R2, 0)
			b.Mov(asm.R3, 0)
			b.CallHelper(asm.FnRedirectMap)
			b.Exit()
		}, "cannot pass map_type 2 into func bpf_redirect_map#51", "does not work on maps of this type"},
		{"context", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Ldx(asm.R0, asm.R1.U64(0))
			b.Exit()
		}, "invalid bpf_context access off=0 size=8", "use the fields by name"},
		{"pointer into the context", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Add(asm.R1, 8)
			b.Ldx(asm.R0, asm.R1.U32(0))
			b.Exit()
		}, "dereference of modified ctx ptr", "the offset of a field goes into the load"},
		{"value of a map", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			found(b)
			b.Ldx(asm.R0, asm.R0.U64(8))
			b.Exit()
		}, "invalid access to map value, value_size=8 off=8 size=8", "the size of the map's value"},
		{"offset without bound", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			found(b)
			b.Ldx(asm.R1, asm.R0.U8(0))
			b.Add(asm.R0, asm.R1)
			b.Ldx(asm.R0, asm.R0.U8(0))
			b.Exit()
		}, "outside of the allowed memory range", "compare the offset with the size"},
		{"number", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Mov(asm.R0, 8)
			b.Ldx(asm.R0, asm.R0.U8(0))
			b.Exit()
		}, "R0 invalid mem access '", "this is a number and no pointer"},
		{"result", asm.SockOps, loader.Options{}, func(b *asm.Builder) {
			b.AttachType(asm.AttachCgroupSockOps)
			b.Mov(asm.R0, 2)
			b.Exit()
		}, "At program exit the register R0 has ", "return only what the range says"},
		{"socket", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.St(asm.FP.U64(-16), 0)
			b.St(asm.FP.U64(-8), 0)
			b.Mov(asm.R2, asm.FP)
			b.Add(asm.R2, -16)
			b.Mov(asm.R3, 12)
			b.Mov(asm.R4, 0)
			b.Mov(asm.R5, 0)
			b.CallHelper(asm.FnSkLookupTCP)
			out(b)
		}, "Unreleased reference", "bpf_sk_release for a socket"},
		{"loop", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.Label("again")
			b.JumpIf(asm.R0.Eq(0), "again")
			b.Exit()
		}, "infinite loop detected", "count in a register, as For does"},
		{"unreachable", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			out(b)
			out(b)
		}, "unreachable insn 2", "no way leads here"},
		{"too much work", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Mov(asm.R0, 500_001)
			b.Label("again")
			b.Add(asm.R0, -1)
			b.JumpIf(asm.R0.NotEq(0), "again")
			b.Exit()
		}, "BPF program is too large. Processed 1000001 insn", "bpf_loop or MayGoto"},
		{"below the frame", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.St(asm.FP.U64(-520), 0)
			out(b)
		}, "invalid write to stack", "512 bytes, below r10"},
		{"above the frame", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Ldx(asm.R0, asm.FP.U64(8))
			b.Exit()
		}, "invalid read from stack", "Builder.Zero"},
		{"frames", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.St(asm.FP.U64(-400), 0)
			b.CallSubprogram("second")
			b.Exit()
			b.Subprogram("second")
			b.St(asm.FP.U64(-400), 0)
			out(b)
		}, "combined stack size of 2 calls", "512 bytes together"},
		{"length without bound", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.CallHelper(asm.FnKtimeGetNS)
			b.Mov(asm.R4, asm.R0)
			b.JumpIf(asm.R4.SLt(1), "out")
			b.Mov(asm.R1, asm.R6)
			b.Mov(asm.R2, 0)
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -8)
			b.CallHelper(asm.FnXDPLoadBytes)
			b.Label("out")
			out(b)
		}, "unbounded memory access", "compare the length with a constant maximum first"},
		{"length that may be negative", asm.XDP, loader.Options{}, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.CallHelper(asm.FnKtimeGetNS)
			b.Mov(asm.R4, asm.R0)
			b.JumpIf(asm.R4.SGt(8), "out")
			b.Mov(asm.R1, asm.R6)
			b.Mov(asm.R2, 0)
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -8)
			b.CallHelper(asm.FnXDPLoadBytes)
			b.Label("out")
			out(b)
		}, "min value is negative", "compare the number as unsigned"},
		{"alignment", asm.XDP, loader.Options{Flags: asm.StrictAlignment}, func(b *asm.Builder) {
			b.St(asm.FP.U64(-16), 0)
			b.Ldx(asm.R0, asm.FP.U32(-15))
			b.Exit()
		}, "misaligned", "a multiple of the width"},
	} {
		p := build(t, "wrong", test.kind, test.write)
		if len(p.References()) > 0 {
			if p, err = reloc.Link(p, reloc.Symbols{"array": reloc.Map(array.FD(), array.Spec())}); err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
		}
		loaded, err := loader.Load(p, &test.opts)
		if err == nil {
			loaded.Close()
		}
		var e *loader.VerifierError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is not a VerifierError", test.name, err)
			continue
		}
		if !strings.Contains(strings.Join(e.Log, "\n"), test.reason) {
			t.Errorf("%s: the log has no %q: %+v", test.name, test.reason, e)
		}
		if !strings.Contains(e.Hint, test.hint) || !strings.HasSuffix(err.Error(), "\n\thint: "+e.Hint) {
			t.Errorf("%s: hint %q, want %q: %v", test.name, e.Hint, test.hint, err)
		}
	}
}
