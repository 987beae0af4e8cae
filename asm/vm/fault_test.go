package vm_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// Every way in which a run can fail, and what it says: region, offset, width, instruction and reason.
func TestFaults(t *testing.T) {
	counts := asm.MapSpec{Name: "counts", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 4}
	constants := asm.MapSpec{Name: "constants", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: asm.MapReadOnlyProg}
	events := asm.MapSpec{Name: "events", Type: asm.MapRingBuf, MaxEntries: 4096}
	jumps := asm.MapSpec{Name: "jumps", Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	values := func(b *asm.Builder) { // r0: a value of counts
		b.DeclareMap(counts)
		b.St(asm.FP.U32(-4), 1)
		b.St(asm.FP.U64(-16), 1)
		b.LdMap(asm.R1, "counts")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.Mov(asm.R3, asm.FP)
		b.Add(asm.R3, -16)
		b.Mov(asm.R4, 0)
		b.CallHelper(asm.FnMapUpdateElem)
		b.LdMap(asm.R1, "counts")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
	}
	xdp := &vm.XDPContext{Data: make([]byte, 60)}
	for _, c := range []struct {
		name    string
		typ     asm.ProgramType
		ctx     vm.Context
		opts    *vm.Options
		program func(b *asm.Builder)
		want    string
		is      error
	}{
		{"below the stack", asm.XDP, nil, nil, func(b *asm.Builder) { b.Mov(asm.R2, asm.FP); b.Add(asm.R2, -8); b.Ldx(asm.R0, asm.R2.U64(-508)) },
			"r0 = *(u64 *)(r2 - 508): read of 8 bytes at offset -4 of stack frame 0 (512 bytes): outside the memory", vm.ErrAccess},
		{"above the stack", asm.XDP, nil, nil, func(b *asm.Builder) { b.Mov(asm.R2, asm.FP); b.St(asm.R2.U32(-2), 7) },
			"*(u32 *)(r2 - 2) = 7: write of 4 bytes at offset 510 of stack frame 0 (512 bytes): outside the memory", vm.ErrAccess},
		{"null pointer", asm.XDP, nil, nil, func(b *asm.Builder) { b.Mov(asm.R2, 0); b.Ldx(asm.R0, asm.R2.U8(0)) },
			"r0 = *(u8 *)(r2 + 0): read of 1 byte at offset 0 of the null pointer: not a pointer to memory", vm.ErrPointer},
		{"number", asm.XDP, nil, nil, func(b *asm.Builder) { b.Mov(asm.R2, 4096); b.Stx(asm.R2.U16(2), asm.R2) },
			"*(u16 *)(r2 + 2) = r2: write of 2 bytes at offset 4098 of a number: not a pointer to memory", vm.ErrPointer},
		{"large number", asm.XDP, nil, nil, func(b *asm.Builder) { b.LdImm64(asm.R2, int64(0x7fffffff00000000)); b.Ldx(asm.R0, asm.R2.S16(0)) },
			"r0 = *(s16 *)(r2 + 0): read of 2 bytes at offset 0 of memory that does not exist: not a pointer to memory", vm.ErrPointer},
		{"end of the packet", asm.XDP, xdp, nil, func(b *asm.Builder) { b.Ldx(asm.R2, asm.R1.Field(asm.XDPMdData)); b.Ldx(asm.R0, asm.R2.U32(57)) },
			"r0 = *(u32 *)(r2 + 57): read of 4 bytes at offset 57 of the packet (60 bytes): outside the memory", vm.ErrAccess},
		{"before the packet", asm.XDP, xdp, nil, func(b *asm.Builder) { b.Ldx(asm.R2, asm.R1.Field(asm.XDPMdData)); b.St(asm.R2.U8(-1), 1) },
			"*(u8 *)(r2 - 1) = 1: write of 1 byte at offset -1 of the packet (60 bytes): outside the memory", vm.ErrAccess},
		{"write to a packet that is not ours", asm.CgroupSKB, &vm.SKBContext{Data: make([]byte, 40)}, nil, func(b *asm.Builder) {
			b.Ldx(asm.R2, asm.R1.Field(asm.SkBuffData))
			b.St(asm.R2.U8(3), 1)
		}, "*(u8 *)(r2 + 3) = 1: write of 1 byte at offset 3 of the packet (40 bytes): not allowed", vm.ErrPermission},
		{"paged part", asm.SkReuseport, &vm.ReuseportContext{Data: make([]byte, 1208), Paged: 1200}, nil, func(b *asm.Builder) {
			b.Ldx(asm.R2, asm.R1.Field(asm.SkReuseportMdData))
			b.Ldx(asm.R0, asm.R2.U8(8))
		}, "r0 = *(u8 *)(r2 + 8): read of 1 byte at offset 8 of the packet (8 bytes): outside the memory", vm.ErrAccess},
		{"end of a value", asm.XDP, nil, nil, func(b *asm.Builder) { values(b); b.Ldx(asm.R0, asm.R0.U64(4)) },
			"r0 = *(u64 *)(r0 + 4): read of 8 bytes at offset 4 of a value of map counts (8 bytes): outside the memory", vm.ErrAccess},
		{"atomic operation outside", asm.XDP, nil, nil, func(b *asm.Builder) { values(b); b.AtomicAdd(asm.R0.U64(8), asm.R0) },
			"lock *(u64 *)(r0 + 8) += r0: read of 8 bytes at offset 8 of a value of map counts (8 bytes): outside the memory", vm.ErrAccess},
		{"constants", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(constants)
			b.LdMapValue(asm.R1, "constants", 0)
			b.St(asm.R1.U32(4), 1)
		}, "*(u32 *)(r1 + 4) = 1: write of 4 bytes at offset 4 of a value of map constants (8 bytes): not allowed", vm.ErrPermission},
		{"a map is not memory", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(constants)
			b.LdMap(asm.R1, "constants")
			b.Ldx(asm.R0, asm.R1.U8(0))
		}, "r0 = *(u8 *)(r1 + 0): read of 1 byte at offset 0 of map constants: not a pointer to memory", vm.ErrPointer},
		{"uninitialised stack", asm.XDP, nil, &vm.Options{Strict: true}, func(b *asm.Builder) { b.St(asm.FP.U32(-8), 1); b.Ldx(asm.R0, asm.FP.U64(-8)) },
			"r0 = *(u64 *)(r10 - 8): read of 8 bytes at offset 504 of stack frame 0 (512 bytes): uninitialised stack", vm.ErrUninitialized},
		{"uninitialised key", asm.XDP, nil, &vm.Options{Strict: true}, func(b *asm.Builder) {
			b.DeclareMap(counts)
			b.LdMap(asm.R1, "counts")
			b.Mov(asm.R2, asm.FP)
			b.Add(asm.R2, -4)
			b.CallHelper(asm.FnMapLookupElem)
		}, "call bpf_map_lookup_elem: bad argument 2: read of 4 bytes at offset 508 of stack frame 0 (512 bytes): uninitialised stack", vm.ErrUninitialized},
		{"argument outside", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(counts)
			b.LdMap(asm.R1, "counts")
			b.Mov(asm.R2, asm.FP)
			b.Add(asm.R2, -2)
			b.CallHelper(asm.FnMapLookupElem)
		}, "call bpf_map_lookup_elem: bad argument 2: read of 4 bytes at offset 510 of stack frame 0 (512 bytes): outside the memory", vm.ErrAccess},
		{"argument is not a map", asm.XDP, nil, nil, func(b *asm.Builder) { b.Mov(asm.R1, 5); b.Mov(asm.R2, asm.FP); b.CallHelper(asm.FnMapDeleteElem) },
			"call bpf_map_delete_elem: bad argument 1: 0x5 is not a map", vm.ErrArgument},
		{"wrong kind of map", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(events)
			b.LdMap(asm.R1, "events")
			b.Mov(asm.R2, asm.FP)
			b.CallHelper(asm.FnMapLookupElem)
		}, "call bpf_map_lookup_elem: bad argument 1: map events of type ringbuf takes the helpers of ring buffers", vm.ErrArgument},
		{"helper of another type", asm.XDP, xdp, nil, func(b *asm.Builder) {
			b.Mov(asm.R2, 0)
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -8)
			b.Mov(asm.R4, 8)
			b.CallHelper(asm.FnSKBLoadBytes)
		}, "call bpf_skb_load_bytes: no such helper for xdp programs", vm.ErrHelper},
		{"helper that nobody has", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.Mov(asm.R1, asm.FP)
			b.Mov(asm.R2, 8)
			b.Mov(asm.R3, 0)
			b.CallHelper(asm.FnProbeReadKernel)
		}, "call bpf_probe_read_kernel: no such helper: bpf_probe_read_kernel is not simulated; give it in Options.Helpers", vm.ErrHelper},
		{"kernel function", asm.XDP, nil, nil, func(b *asm.Builder) { b.CallKfunc(1234, 0) },
			"call kernel-function#1234: no such helper: functions of the kernel are not simulated", vm.ErrHelper},
		{"size", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.Mov(asm.R1, asm.FP)
			b.Mov(asm.R2, -1)
			b.CallHelper(asm.FnTracePrintk)
		}, "call bpf_trace_printk: bad argument 2: size -1", vm.ErrArgument},
		{"endless loop", asm.XDP, nil, &vm.Options{Budget: 1000}, func(b *asm.Builder) { b.Label("again"); b.Add(asm.R0, 1); b.Jump("again") },
			"goto -2: instruction budget used up", vm.ErrBudget},
		{"too many frames", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.CallSubprogram("deeper")
			b.Exit()
			b.Subprogram("deeper")
			b.CallSubprogram("deeper")
		}, "call pc-1: more than 8 call frames", vm.ErrFrames},
		{"record left open", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(events)
			b.LdMap(asm.R1, "events")
			b.Mov(asm.R2, 8)
			b.Mov(asm.R3, 0)
			b.CallHelper(asm.FnRingBufReserve)
		}, "exit: not released: a record of ring buffer events is neither submitted nor discarded", vm.ErrReference},
		{"record after it was submitted", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(events)
			b.LdMap(asm.R1, "events")
			b.Mov(asm.R2, 8)
			b.Mov(asm.R3, 0)
			b.CallHelper(asm.FnRingBufReserve)
			b.Mov(asm.R6, asm.R0)
			b.Mov(asm.R1, asm.R0)
			b.Mov(asm.R2, 0)
			b.CallHelper(asm.FnRingBufSubmit)
			b.St(asm.R6.U8(0), 1)
		}, "*(u8 *)(r6 + 0) = 1: write of 1 byte at offset 0 of memory that is gone: not a pointer to memory", vm.ErrPointer},
		{"stack of a function that has returned", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.CallSubprogram("address")
			b.Ldx(asm.R0, asm.R0.U8(-1))
			b.Exit()
			b.Subprogram("address")
			b.Mov(asm.R0, asm.FP)
		}, "r0 = *(u8 *)(r0 - 1): read of 1 byte at offset 511 of stack frame 1, which is gone: not a pointer to memory", vm.ErrPointer},
		{"packet after it was moved", asm.XDP, xdp, nil, func(b *asm.Builder) {
			b.Mov(asm.R6, asm.R1)
			b.Ldx(asm.R7, asm.R6.Field(asm.XDPMdData))
			b.Mov(asm.R2, 4)
			b.CallHelper(asm.FnXDPAdjustHead)
			b.Ldx(asm.R0, asm.R7.U8(0))
		}, "r0 = *(u8 *)(r7 + 0): read of 1 byte at offset 0 of memory that is gone: not a pointer to memory", vm.ErrPointer},
		{"tail call without the context", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.DeclareMap(jumps)
			b.LdMap(asm.R2, "jumps")
			b.Mov(asm.R3, 0)
			b.CallHelper(asm.FnTailCall)
		}, "call bpf_tail_call: bad argument: r1 has to be the context", vm.ErrArgument},
		{"legacy load without r6", asm.SocketFilter, &vm.SKBContext{Data: make([]byte, 40)}, nil, func(b *asm.Builder) { b.LdAbs(asm.B, 0) },
			"r0 = *(u8 *)skb[0]: not a pointer to memory: r6 has to be the context", vm.ErrPointer},
		{"callback that is none", asm.XDP, nil, nil, func(b *asm.Builder) {
			b.Mov(asm.R1, 3)
			b.Mov(asm.R2, asm.FP)
			b.Mov(asm.R3, 0)
			b.Mov(asm.R4, 0)
			b.CallHelper(asm.FnLoop)
		}, "call bpf_loop: bad argument: r2 is not the address of a function", vm.ErrArgument},
		{"no context at all", asm.XDP, nil, nil, func(b *asm.Builder) { b.Ldx(asm.R2, asm.R1.Field(asm.XDPMdData)) },
			"r2 = *(u32 *)(r1 + 0): read of 4 bytes at offset 0 of the null pointer: not a pointer to memory", vm.ErrPointer},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := asm.NewBuilder("broken", c.typ)
			c.program(b)
			b.Exit()
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				opts := vm.Options{}
				if c.opts != nil {
					opts = *c.opts
				}
				opts.Order = order
				m, err := vm.New(p, &opts)
				if err != nil {
					t.Fatal(err)
				}
				if x, ok := c.ctx.(*vm.XDPContext); ok {
					x.Data = make([]byte, 60)
				}
				r0, err := m.Run(c.ctx)
				var f *vm.Fault
				switch {
				case !errors.As(err, &f):
					t.Fatalf("%v: r0 %#x, error %v, want a Fault", order, r0, err)
				case !strings.HasSuffix(f.Error(), ": "+c.want) || !strings.HasPrefix(f.Error(), "fault_test.go:"):
					t.Errorf("%v: %q,\nwant %q at the end", order, f, c.want)
				case !errors.Is(err, c.is):
					t.Errorf("%v: %v is not %v", order, err, c.is)
				case f.Program != "broken" || f.Position.Line == 0 || f.Instruction != p.At(f.Index):
					t.Errorf("%v: %+v", order, f)
				}
				if _, err := m.Run(c.ctx); err == nil {
					t.Errorf("%v: the second run succeeds", order)
				}
			}
		})
	}
}

// The end of a function is the end, wherever the next one begins.
func TestNoExit(t *testing.T) {
	_, err := run(t, nil, asm.Instruction{Op: 0x85, Src: asm.CallSubprogram, Imm: 0}, movK(asm.R0, 1))
	if want := "test: instruction 1: r0 = 1: end of the function without exit"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = run(t, nil, asm.Instruction{Op: 0x85, Src: asm.CallSubprogram, Imm: 1}, movK(asm.R0, 1), movK(asm.R0, 1), exit)
	if !errors.Is(err, vm.ErrNoExit) {
		t.Errorf("%v, want %v", err, vm.ErrNoExit)
	}
}

// Programs that no machine can run.
func TestNewRefuses(t *testing.T) {
	array := func(entries uint32) *vm.Map {
		m, err := vm.NewMap(asm.MapSpec{Name: "array", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: entries}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	big, err := vm.NewMap(asm.MapSpec{Name: "big", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, &vm.MapOptions{Order: binary.BigEndian})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		opts    *vm.Options
		program func(b *asm.Builder)
		want    string
	}{
		{"unknown map", nil, func(b *asm.Builder) { b.LdMap(asm.R1, "nowhere") }, "map nowhere is neither given nor described by the program"},
		{"unknown descriptor", nil, func(b *asm.Builder) { b.LdMapIndex(asm.R1, 5) }, "no map is given for descriptor 5"},
		{"subprogram of another object", nil, func(b *asm.Builder) { b.CallSubprogram("elsewhere") }, "subprogram elsewhere is not part of the program"},
		{"value of a map with many", &vm.Options{Maps: map[string]*vm.Map{"array": array(2)}}, func(b *asm.Builder) { b.LdMapValue(asm.R1, "array", 0) },
			"map array of type array has no value to address directly"},
		{"outside the value", &vm.Options{Maps: map[string]*vm.Map{"array": array(1)}}, func(b *asm.Builder) { b.LdMapValue(asm.R1, "array", 8) },
			"offset 8 is outside the value of map array (8 bytes)"},
		{"kernel variable", nil, func(b *asm.Builder) { b.LdBTFID(asm.R1, 7, 0) }, "variables of the kernel are not simulated"},
		{"map of the other byte order", &vm.Options{Maps: map[string]*vm.Map{"big": big}}, func(b *asm.Builder) { b.LdMap(asm.R1, "big") },
			"map big is of the other byte order"},
	} {
		b := asm.NewBuilder("refused", asm.XDP)
		c.program(b)
		b.Mov(asm.R0, 0)
		b.Exit()
		p, err := b.Program()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_, err = vm.New(p, c.opts)
		var f *vm.Fault
		if !errors.As(err, &f) || !errors.Is(err, vm.ErrProgram) || !strings.HasSuffix(err.Error(), ": cannot be run: "+c.want) || f.Position.Line == 0 {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := vm.New(build(t, asm.XDP, func(b *asm.Builder) { b.Exit() }), &vm.Options{Budget: -1}); err == nil {
		t.Error("a negative budget is accepted")
	}
	frame, err := asm.NewProgram(asm.ProgramSpec{Name: "fp", Instructions: []asm.Instruction{movK(asm.FP, 1), exit}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = vm.New(frame, nil); err == nil || !strings.HasSuffix(err.Error(), "r10 = 1: cannot be run: frame pointer is read only") {
		t.Errorf("%v", err)
	}
}
