package vm_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
)

// What a tracer writes, blanks and Go lines aside.
func TestTracer(t *testing.T) {
	p := build(t, asm.SkReuseport, func(b *asm.Builder) {
		b.DeclareMap(asm.MapSpec{Name: "counts", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		b.Ldx(asm.R6, asm.R1.Field(asm.SkReuseportMdData))
		b.Ldx(asm.R2, asm.R6.U8(8))
		b.JumpIf(asm.R2.Eq(7), "end")
		b.JumpIf(asm.R2.Eq(6), "end")
		b.Label("end")
		b.Stx(asm.FP.U16(-4), asm.R2)
		b.St(asm.FP.U32(-4), -1)
		b.LdMap(asm.R1, "counts")
		b.Mov(asm.R2, asm.FP)
		b.Add(asm.R2, -4)
		b.CallHelper(asm.FnMapLookupElem)
		b.Mov(asm.R0, 1)
		b.Exit()
	})
	var out strings.Builder
	tracer := vm.NewTracer(&out)
	m, err := vm.New(p, &vm.Options{Trace: tracer.Step})
	if err != nil {
		t.Fatal(err)
	}
	ctx := &vm.ReuseportContext{Data: []byte{0, 0, 0, 0, 0, 0, 0, 0, 6}}
	tracer.End(m.Run(ctx))
	want := []string{
		"0: r6 = *(u64 *)(r1 + 0) r6 = packet",
		"1: r2 = *(u8 *)(r6 + 8) r2 = 6",
		"2: if r2 == 7 goto +1 not taken",
		"3: if r2 == 6 goto +0 taken",
		"4: *(u16 *)(r10 - 4) = r2 [stack frame 0 + 508] = 6",
		"5: *(u32 *)(r10 - 4) = -1 [stack frame 0 + 508] = 0xffffffff",
		"6: r1 = map counts r1 = map counts",
		"7: r2 = r10 r2 = stack frame 0 + 512",
		"8: r2 += -4 r2 = stack frame 0 + 508",
		"9: call bpf_map_lookup_elem r0 = 0",
		"10: r0 = 1 r0 = 1",
		"11: exit returns 1",
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(fields[0], "trace_test.go:") {
			t.Errorf("no Go line: %s", line)
		}
		got = append(got, strings.Join(fields[1:], " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	out.Reset()
	ctx.Data = ctx.Data[:8]
	tracer.End(m.Run(ctx))
	if want := regexp.MustCompile(`(?m)^.* 1: .*outside the memory\n\z`); !want.MatchString(out.String()) {
		t.Errorf("a fault: %s", out.String())
	}
	tracer.End(0, nil) // nothing ran
}

// A classic program is traced with what Run returns, random numbers and failing loads included.
func TestClassicTrace(t *testing.T) {
	c := classicOf(t, func(b *classic.Builder) {
		b.LoadLen()
		b.TAX()
		b.JumpIf(classic.Le(2), "short")
		b.LoadByte(2)
		b.Jump("sum")
		b.Label("short")
		b.LoadExtension(classic.ExtRandom)
		b.And(0xff)
		b.Label("sum")
		b.AddX()
		b.LoadByte(9)
		b.ReturnA()
	})
	tests := []struct {
		name   string
		packet []byte
		want   []vm.ClassicStep // instructions aside
	}{
		{"load beyond the end", []byte{1, 2, 3}, []vm.ClassicStep{{Index: 0}, {Index: 1, A: 3}, {Index: 2, A: 3, X: 3}, {Index: 3, A: 3, X: 3},
			{Index: 4, A: 3, X: 3}, {Index: 7, A: 3, X: 3}, {Index: 8, A: 6, X: 3}}},
		{"to the end", []byte{1, 2, 9, 4, 5, 6, 7, 8, 9, 10}, []vm.ClassicStep{{Index: 0}, {Index: 1, A: 10}, {Index: 2, A: 10, X: 10},
			{Index: 3, A: 10, X: 10}, {Index: 4, A: 9, X: 10}, {Index: 7, A: 9, X: 10}, {Index: 8, A: 19, X: 10}, {Index: 9, A: 10, X: 10}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []vm.ClassicStep
			skb := &vm.SKBContext{Data: tt.packet}
			result := c.Trace(skb, func(s vm.ClassicStep) {
				if s.Instruction != c.Program().At(s.Index) {
					t.Errorf("instruction %d is %v", s.Index, s.Instruction)
				}
				s.Instruction = tt.want[0].Instruction
				got = append(got, s)
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := c.Run(skb); result != want {
				t.Errorf("returns %d, Run %d", result, want)
			}
		})
	}

	// The random number of a run is one number, and the next run has the next one.
	env := &vm.Env{Random: rand.NewPCG(3, 4)}
	want := rand.NewPCG(3, 4)
	c = vm.NewClassic(classicOf(t, func(b *classic.Builder) {
		b.LoadExtension(classic.ExtRandom)
		b.TAX()
		b.ReturnA()
	}).Program(), &vm.ClassicOptions{Env: env})
	for range 2 {
		n := uint32(want.Uint64())
		var steps []vm.ClassicStep
		if got := c.Trace(&vm.SKBContext{}, func(s vm.ClassicStep) { steps = append(steps, s) }); got != n {
			t.Errorf("returns %d, want %d", got, n)
		}
		if len(steps) != 3 || steps[1].A != n || steps[2].X != n {
			t.Errorf("steps %+v, want %d in A and X", steps, n)
		}
	}
}
