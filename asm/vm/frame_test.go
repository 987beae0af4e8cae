package vm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

func want(t *testing.T, m *vm.Machine, ctx vm.Context, want uint64) {
	t.Helper()
	if r0, err := m.Run(ctx); err != nil || r0 != want {
		t.Errorf("r0 %#x, error %v, want %#x", r0, err, want)
	}
}

// A function has a stack of its own, sees the caller's through a pointer, and leaves r6 to r9 as they were.
func TestSubprogram(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.Mov(asm.R6, 600)
		b.Mov(asm.R9, 9)
		b.St(asm.FP.U64(-8), 40)
		b.Mov(asm.R1, asm.FP)
		b.Add(asm.R1, -8)
		b.CallSubprogram("double")
		b.Add(asm.R0, asm.R6)
		b.Add(asm.R0, asm.R9)
		b.Ldx(asm.R1, asm.FP.U64(-8))
		b.Add(asm.R0, asm.R1)
		b.Exit()
		b.Subprogram("double")
		b.Ldx(asm.R6, asm.FP.U64(-8)) // of its own stack, which is 0
		b.Ldx(asm.R9, asm.R1.U64(0))
		b.Stx(asm.R1.U64(0), asm.R6)
		b.Stx(asm.FP.U64(-8), asm.R9)
		b.Mov(asm.R0, asm.R9)
		b.Add(asm.R0, asm.R9)
		b.Exit()
	})
	want(t, m, nil, 80+600+9+0)
	want(t, m, nil, 80+600+9+0)
}

// Eight frames are the main function and seven calls.
func TestFrames(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.Mov(asm.R1, 7)
		b.CallSubprogram("count")
		b.Exit()
		b.Subprogram("count")
		b.Mov(asm.R0, 0)
		b.JumpIf(asm.R1.Eq(0), "out")
		b.Sub(asm.R1, 1)
		b.JumpIf(asm.R1.Eq(0), "out")
		b.CallSubprogram("count")
		b.Label("out")
		b.Add(asm.R0, 1)
		b.Exit()
	})
	want(t, m, nil, 7)
}

// loopProgram calls bpf_loop n times with a callback that adds its index to what the context points to, and stops after
// index stop.
func loopProgram(n, stop, flags int) func(b *asm.Builder) {
	return func(b *asm.Builder) {
		b.St(asm.FP.U64(-8), 0)
		b.Mov(asm.R6, 1000)
		b.Mov(asm.R1, n)
		b.LdFunc(asm.R2, "add")
		b.Mov(asm.R3, asm.FP)
		b.Add(asm.R3, -8)
		b.Mov(asm.R4, flags)
		b.CallHelper(asm.FnLoop)
		b.Mul(asm.R0, asm.R6)
		b.Ldx(asm.R1, asm.FP.U64(-8))
		b.Add(asm.R0, asm.R1)
		b.Exit()
		b.Subprogram("add")
		b.Mov(asm.R6, 7)
		b.Ldx(asm.R3, asm.R2.U64(0))
		b.Add(asm.R3, asm.R1)
		b.Stx(asm.R2.U64(0), asm.R3)
		b.Mov(asm.R0, 0)
		b.JumpIf(asm.R1.NotEq(stop), "on")
		b.Mov(asm.R0, 1)
		b.Label("on")
		b.Exit()
	}
}

func TestLoop(t *testing.T) {
	minus := func(e vm.Errno) uint64 { return e.Result() * 1000 }
	for _, c := range []struct {
		name           string
		n, stop, flags int
		want           uint64
	}{
		{"all", 10, -1, 0, 10*1000 + 45},
		{"stopped", 10, 3, 0, 4*1000 + 6},
		{"never", 0, -1, 0, 0},
		{"flags", 10, -1, 1, minus(vm.EINVAL)},
		{"too many", 1<<23 + 1, -1, 0, minus(vm.E2BIG)},
		{"32 bits count", -1, -1, 0, minus(vm.E2BIG)},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, machine(t, nil, asm.XDP, loopProgram(c.n, c.stop, c.flags)), nil, c.want) })
	}
	_, err := machine(t, &vm.Options{Budget: 100}, asm.XDP, loopProgram(1000, -1, 0)).Run(nil)
	if !errors.Is(err, vm.ErrBudget) {
		t.Errorf("%v, want %v", err, vm.ErrBudget)
	}
}

// The callback sees each key and value, may change the value, and stops the walk by returning 1.
func TestForEachMapElem(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "squares", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 5})
		b.St(asm.FP.U64(-8), 0)
		b.LdMap(asm.R1, "squares")
		b.LdFunc(asm.R2, "each")
		b.Mov(asm.R3, asm.FP)
		b.Add(asm.R3, -8)
		b.Mov(asm.R4, 0)
		b.CallHelper(asm.FnForEachMapElem)
		b.Mul(asm.R0, 100)
		b.Ldx(asm.R1, asm.FP.U64(-8))
		b.Add(asm.R0, asm.R1)
		b.Exit()
		b.Subprogram("each")
		b.Ldx(asm.R1, asm.R2.U32(0)) // the key
		b.Ldx(asm.R5, asm.R4.U64(0))
		b.Add(asm.R5, asm.R1)
		b.Stx(asm.R4.U64(0), asm.R5)
		b.Mov(asm.R0, asm.R1)
		b.Mul(asm.R0, asm.R1)
		b.Stx(asm.R3.U64(0), asm.R0)
		b.Mov(asm.R0, 0)
		b.JumpIf(asm.R1.NotEq(3), "on")
		b.Mov(asm.R0, 1)
		b.Label("on")
		b.Exit()
	})
	want(t, m, nil, 4*100+0+1+2+3)
	var got []byte
	for _, v := range m.Map("squares").All() {
		got = append(got, v[0])
	}
	if diff := cmp.Diff([]byte{0, 1, 4, 9, 0}, got); diff != "" {
		t.Error(diff)
	}
}

// caller tail-calls element index of map jumps and returns 5 when that fails.
func caller(index int) func(b *asm.Builder) {
	return func(b *asm.Builder) {
		b.LdMap(asm.R2, "jumps")
		b.Mov(asm.R3, index)
		b.CallHelper(asm.FnTailCall)
		b.Mov(asm.R0, 5)
		b.Exit()
	}
}

func TestTailCall(t *testing.T) {
	jumps, err := vm.NewMap(asm.MapSpec{Name: "jumps", Type: asm.MapProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := &vm.Options{Maps: map[string]*vm.Map{"jumps": jumps}}
	ctx := &vm.XDPContext{Data: make([]byte, 77)}

	// The program that is called has maps of its own and counts how often it runs.
	counter := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "unused", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.DeclareMap(asm.MapSpec{Name: "runs", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.LdMap(asm.R2, "unused")
		b.LdMapValue(asm.R2, "runs", 0)
		b.Mov(asm.R3, 1)
		b.AtomicAdd(asm.R2.U64(0), asm.R3)
		b.Ldx(asm.R2, asm.R1.Field(asm.XDPMdData))
		b.Ldx(asm.R0, asm.R1.Field(asm.XDPMdDataEnd))
		b.Sub(asm.R0, asm.R2)
		b.Exit()
	})
	if err := jumps.UpdateProgram(1, counter); err != nil {
		t.Fatal(err)
	}
	want(t, machine(t, opts, asm.XDP, caller(1)), ctx, 77)
	want(t, machine(t, opts, asm.XDP, caller(0)), ctx, 5) // nothing there
	want(t, machine(t, opts, asm.XDP, caller(3)), ctx, 5) // outside

	// In a subprogram, the caller of the subprogram goes on with its own maps.
	outer := machine(t, opts, asm.XDP, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "own", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.CallSubprogram("leave")
		b.LdMapValue(asm.R1, "own", 0)
		b.Stx(asm.R1.U64(0), asm.R0)
		b.Add(asm.R0, 1000)
		b.Exit()
		b.Subprogram("leave")
		b.LdMap(asm.R2, "jumps")
		b.Mov(asm.R3, 1)
		b.CallHelper(asm.FnTailCall)
		b.Mov(asm.R0, 5)
		b.Exit()
	})
	want(t, outer, ctx, 1077)
	if v, err := outer.Map("own").Lookup(make([]byte, 4)); err != nil || v[0] != 77 {
		t.Errorf("own: % x, %v", v, err)
	}
	if v, err := counter.Map("runs").Lookup(make([]byte, 4)); err != nil || v[0] != 2 {
		t.Errorf("runs: % x, %v", v, err)
	}

	// A program that calls its own tail does so 33 times, and then goes on.
	var self *vm.Machine
	steps := 0
	self = machine(t, &vm.Options{Maps: opts.Maps, Trace: func(*vm.Step) { steps++ }}, asm.XDP, caller(2))
	if err := jumps.UpdateProgram(2, self); err != nil {
		t.Fatal(err)
	}
	want(t, self, ctx, 5)
	if steps != 34*3+2 {
		t.Errorf("%d steps, want 34 calls of 3 and the rest of 2", steps)
	}

	// A program is traced wherever it runs.
	steps = 0
	traced := machine(t, &vm.Options{Trace: func(*vm.Step) { steps++ }}, asm.XDP, func(b *asm.Builder) { b.Mov(asm.R0, 3); b.Exit() })
	if err := jumps.UpdateProgram(0, traced); err != nil {
		t.Fatal(err)
	}
	want(t, machine(t, opts, asm.XDP, caller(0)), ctx, 3)
	if steps != 2 {
		t.Errorf("%d steps, want 2", steps)
	}

	filter := machine(t, nil, asm.SocketFilter, func(b *asm.Builder) { b.Mov(asm.R0, 0); b.Exit() })
	if err := jumps.UpdateProgram(0, filter); !errors.Is(err, vm.EINVAL) {
		t.Errorf("a program of another type: %v", err)
	}
	if err := jumps.UpdateProgram(3, counter); !errors.Is(err, vm.E2BIG) {
		t.Errorf("outside: %v", err)
	}
}

// may_goto jumps when it has gone on for 8,388,608 times in a function.
func TestMayGoto(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.Mov(asm.R0, 0)
		b.Label("again")
		b.MayGoto("out")
		b.Add(asm.R0, 1)
		b.Jump("again")
		b.Label("out")
		b.Exit()
	})
	want(t, m, nil, 1<<23)
}

func TestLongJump(t *testing.T) {
	m := machine(t, nil, asm.XDP, func(b *asm.Builder) {
		b.Mov(asm.R0, 1)
		b.JumpLong("out")
		b.Mov(asm.R0, 2)
		b.Label("out")
		b.Exit()
	})
	want(t, m, nil, 1)
}

func TestTraceAndCoverage(t *testing.T) {
	var steps []string
	m := machine(t, &vm.Options{Coverage: true, Trace: func(s *vm.Step) {
		steps = append(steps, fmt.Sprintf("%d/%d %v r0=%d r1=%d", s.Frame, s.Index, s.Instruction, s.Registers[0], s.Registers[1]))
	}}, asm.XDP, func(b *asm.Builder) {
		b.Mov(asm.R1, 2)
		b.Label("again")
		b.CallSubprogram("down")
		b.Mov(asm.R1, asm.R0)
		b.JumpIf(asm.R0.NotEq(0), "again")
		b.Exit()
		b.Mov(asm.R0, 9)
		b.Exit()
		b.Subprogram("down")
		b.Mov(asm.R0, asm.R1)
		b.Sub(asm.R0, 1)
		b.Exit()
	})
	want(t, m, nil, 0)
	if diff := cmp.Diff([]uint64{1, 2, 2, 2, 1, 0, 0, 2, 2, 2}, m.Coverage()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(strings.TrimSpace(`
0/0 r1 = 2 r0=0 r1=0
0/1 call pc+5 r0=0 r1=2
1/7 r0 = r1 r0=0 r1=2
1/8 r0 -= 1 r0=2 r1=2
1/9 exit r0=1 r1=2`), strings.Join(steps[:5], "\n")); diff != "" {
		t.Error(diff)
	}
	if len(steps) != 1+6*2+1 {
		t.Errorf("%d steps", len(steps))
	}
}

// A helper of the user's reads its arguments and memory, writes memory, and fails.
func TestOwnHelper(t *testing.T) {
	sum := func(c *vm.Call) (uint64, error) {
		b, err := c.Read(1, int(c.Arg(2)))
		if err != nil {
			return 0, err
		}
		var n uint64
		for _, x := range b {
			n += uint64(x)
		}
		out, err := c.Write(3, 1)
		if err != nil {
			return 0, err
		}
		out[0] = byte(n)
		return n + c.Env().Now, nil
	}
	program := func(size int) func(b *asm.Builder) {
		return func(b *asm.Builder) {
			b.St(asm.FP.U32(-8), 0x01020304)
			b.Mov(asm.R1, asm.FP)
			b.Add(asm.R1, -8)
			b.Mov(asm.R2, size)
			b.Mov(asm.R3, asm.FP)
			b.Add(asm.R3, -1)
			b.CallHelper(asm.FnStrtol)
			b.Ldx(asm.R1, asm.FP.U8(-1))
			b.Lsh(asm.R1, 32)
			b.Or(asm.R0, asm.R1)
			b.Exit()
		}
	}
	opts := &vm.Options{Helpers: map[asm.Helper]vm.HelperFunc{asm.FnStrtol: sum}, Env: &vm.Env{Now: 1000}}
	want(t, machine(t, opts, asm.XDP, program(4)), nil, 10<<32|1010)
	_, err := machine(t, opts, asm.XDP, program(9)).Run(nil)
	if !errors.Is(err, vm.ErrAccess) {
		t.Errorf("%v, want %v", err, vm.ErrAccess)
	}
}
