package asm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// everything builds a program with something of everything: spilled registers, a switch, loops, functions, maps.
func everything() (*asm.Program, error) {
	b := asm.NewBuilder("everything", asm.XDP)
	stats := asm.NewCounters("stats", "short", "seen")
	pkt := b.Packet()
	pkt.Need(64, func() {
		b.Count(stats, "short", 1)
		b.Return(asm.XDPPass)
	})
	var values []asm.Register
	for i := range 12 {
		values = append(values, b.LoadBE(pkt.U32(4*i)))
	}
	key := b.StackStruct("key", asm.NewStruct("key", asm.Member{Name: "addr", Size: asm.W}, asm.Member{Name: "port", Size: asm.H}))
	b.Zero(key)
	b.Store(key.Field("addr"), values[3])
	flow := b.Call(asm.FnMapLookupElem, b.DeclareMap(asm.MapSpec{Name: "flows", Type: asm.MapHash, KeySize: 8, ValueSize: 8, MaxEntries: 1}), key)
	b.If(asm.And(flow.NotEq(0), asm.Not(values[0].HasBits(4))), func() {
		b.AtomicAdd(flow.U64(0), values[1])
	})
	b.Count(stats, "seen", 1)
	sum := b.Copy(0)
	b.For(5, func(i asm.Register) {
		for _, v := range values {
			b.Add(sum, v)
		}
		b.If(sum.Gt(1000), b.Break)
	})
	var cases []asm.Case
	for i := range 9 {
		cases = append(cases, asm.When(func() { b.Add(sum, b.CallFunc("mix", values[i], i)) }, int64(i*i-20)))
	}
	b.Switch(values[2], cases, func() { b.Printk("%d is none of them", values[2]) })
	b.Return(sum)
	b.Function("mix", 2, func(x []asm.Register) {
		b.Xor(x[0], x[1])
		b.Mul(x[0], b.Load(b.Addr(b.Data("factor", []byte{5, 0, 0, 0, 0, 0, 0, 0})).U64(0)))
		b.Return(x[0])
	})
	return b.Program()
}

// TestDeterministic builds the same source again and again, in many goroutines, and gets the same bytes.
func TestDeterministic(t *testing.T) {
	first, err := everything()
	if err != nil {
		t.Fatal(err)
	}
	want := first.AppendTo(nil, binary.LittleEndian)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 10 {
				p, err := everything()
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(want, p.AppendTo(nil, binary.LittleEndian)) || p.String() != first.String() {
					t.Errorf("another program:\n%s", cmp.Diff(first.String(), p.String()))
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestProgramLeavesBuilder assembles twice, and once more with an instruction behind it.
func TestProgramLeavesBuilder(t *testing.T) {
	b := asm.NewBuilder("twice", asm.XDP)
	s := b.Stack("s", 16)
	b.Zero(s)
	v := b.Load(b.Context().Field(asm.XDPMdRxQueueIndex))
	b.Call(asm.FnMapUpdateElem, asm.Map("m"), s, b.Addr(s.U64(8)), asm.UpdateAny)
	b.Return(v)
	one, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one.Spec(), two.Spec()); diff != "" {
		t.Errorf("second time (-first +second):\n%s", diff)
	}
}

// Whatever is asked of a Builder that makes registers and blocks, before and after errors, it does not panic.
func FuzzBuilderDSL(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c"))
	f.Add(bytes.Repeat([]byte{3, 16, 2, 0, 1, 9, 7, 12, 20}, 20))
	types := []asm.ProgramType{asm.XDP, asm.SchedCLS, asm.SkMsg, asm.SkLookup, asm.SocketFilter, asm.UnspecProgram, 99}
	f.Fuzz(func(t *testing.T, input []byte) {
		next := func() (v int) {
			if len(input) > 0 {
				v, input = int(int8(input[0])), input[1:]
			}
			return v
		}
		b := asm.NewBuilder("fuzz", types[next()&127%len(types)])
		other := asm.NewBuilder("other", asm.XDP)
		registers := []asm.Register{asm.R0, asm.R1, asm.R6, asm.FP, other.Virtual(), 11, 40000}
		objects := []*asm.StackObject{nil, other.Stack("other", 8)}
		reg := func() asm.Register { return registers[next()&127%len(registers)] }
		keep := func(r asm.Register) { registers = append(registers, r) }
		object := func() *asm.StackObject { return objects[next()&127%len(objects)] }
		number := func() int { return next() << (next() & 31) }
		part := func() asm.Mem {
			switch next() & 7 {
			case 0:
				return object().U8(next())
			case 1:
				return object().U64(next())
			case 2:
				return object().Elem("a", next())
			case 3:
				return reg().Field(asm.Field(next() & 127))
			case 4:
				return asm.Mem{Base: reg(), Off: number(), Size: asm.Size(next()), Signed: next() > 0}
			}
			return reg().U32(next())
		}
		value := func() any {
			switch next() & 7 {
			case 0:
				return number()
			case 1:
				return object()
			case 2:
				return part()
			case 3:
				return asm.Map("m")
			case 4:
				return asm.Func("f")
			case 5:
				return []any{nil, "text", 1.5, (*asm.Global)(nil), other.BSS("g", 4), uint64(1) << 63}[next()&127%6]
			}
			return reg()
		}
		values := func() (v []any) {
			for range next() & 7 {
				v = append(v, value())
			}
			return v
		}
		var condition func(depth int) asm.Cond
		condition = func(depth int) asm.Cond {
			switch next() & 7 {
			case 0:
				return asm.Cond{}
			case 1:
				return reg().SGe32(value())
			case 2:
				return reg().HasBits(number())
			}
			if depth > 3 {
				return reg().Eq(number())
			}
			return []func(...asm.Cond) asm.Cond{asm.And, asm.Or, func(c ...asm.Cond) asm.Cond { return asm.Not(c[0]) }}[next()&127%3](condition(depth+1), condition(depth+1))
		}
		var call func()
		depth := 0
		body := func() func() {
			if next()&15 == 0 {
				return nil
			}
			return func() {
				if depth++; depth < 5 {
					for range next() & 3 {
						call()
					}
				}
				depth--
			}
		}
		call = func() {
			switch next() & 31 {
			case 0:
				keep(b.Virtual())
			case 1:
				keep(b.Copy(value()))
			case 2:
				keep(b.Load(part()))
			case 3:
				b.Store(part(), value())
			case 4:
				b.Add(reg(), value())
			case 5:
				keep(b.Call(asm.Helper(number()&255), values()...))
			case 6:
				keep(b.CallFunc([]string{"f", "g", "fuzz", ""}[next()&3], values()...))
			case 7:
				b.If(condition(0), body(), body())
			case 8:
				b.For(next(), func(i asm.Register) {
					keep(i)
					if f := body(); f != nil {
						f()
					}
				})
			case 9:
				b.While(func() asm.Cond { return condition(0) }, body())
			case 10:
				b.Forever(body())
			case 11:
				b.Switch(reg(), []asm.Case{asm.When(body(), int64(next()), int64(next())), {}, asm.When(body(), int64(number()))}, body())
			case 12:
				b.Break()
			case 13:
				b.Continue()
			case 14:
				b.Return(value())
			case 15:
				b.Function([]string{"f", "g", "9"}[next()&127%3], next()&7-1, func(args []asm.Register) {
					registers = append(registers, args...)
					if f := body(); f != nil {
						f()
					}
				})
			case 16:
				objects = append(objects, b.Stack("s", next()))
			case 17:
				objects = append(objects, b.StackStruct("t", asm.NewStruct("t", asm.Member{Name: "a", Size: asm.Size(next()), Count: next()})))
			case 18:
				b.Zero(object())
			case 19:
				keep(b.Addr(value()))
			case 20:
				keep(b.Context())
			case 21:
				pkt := b.Packet()
				pkt.Need(number(), body())
				keep(pkt.Skip(value()).Addr(number()))
			case 22:
				b.Packet().From(reg()).Read(object(), number(), body())
			case 23:
				keep(b.Addr(b.Data("d", make([]byte, next()&63))))
			case 24:
				b.Printk([]string{"%d", "", "%%", "\xff", "%s %p"}[next()&127%5], values()...)
			case 25:
				b.Count([]*asm.Counters{nil, asm.NewCounters("c", "x"), asm.NewCounters("", "x", "x")}[next()&127%3], "x", value())
			case 26:
				b.Label([]string{"a", "b"}[next()&1])
			case 27:
				b.JumpIf(condition(0), []string{"a", "b", "f", ""}[next()&3])
			case 28:
				keep(b.LoadBE(part()))
			case 29:
				b.Unroll(next()&7-1, func(int) { call() })
			case 30:
				b.CmpXchg(part(), reg())
			default:
				b.Exit()
			}
		}
		for len(input) > 0 {
			call()
		}
		p, err := b.Program()
		if (p == nil) == (err == nil) {
			t.Fatalf("program %v, error %v", p, err)
		}
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without text")
			}
			return
		}
		for _, i := range p.All() {
			if err := i.Check(); err != nil {
				t.Fatalf("%v: %v", i, err)
			}
		}
		if again, err := b.Program(); err != nil || again.String() != p.String() {
			t.Fatalf("not the same again: %v\n%v\n%v", err, p, again)
		}
		_ = fmt.Sprintf("%v", p)
	})
}

// BenchmarkCompileDCID builds a program of 30 instructions, with the lines that asked for them.
func BenchmarkCompileDCID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		dcid := asm.NewBuilder("select_by_dcid", asm.SkReuseport)
		selectDCID(dcid)
		if _, err := dcid.Program(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile4096 builds a program of 4,096 slots and more.
func BenchmarkCompile4096(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		large := asm.NewBuilder("large", asm.XDP)
		pkt := large.Packet()
		pkt.Need(128, func() { large.Return(asm.XDPPass) })
		sum := large.Copy(0)
		for i := range 680 {
			v := large.Load(pkt.U8(i % 128))
			w := large.Load(pkt.U8((i + 1) % 128))
			large.If(v.Gt(w), func() { large.Add(sum, v) }, func() { large.Xor(sum, w) })
			large.Add(sum, 1)
		}
		large.Return(sum)
		p, err := large.Program()
		if err != nil {
			b.Fatal(err)
		}
		if p.Slots() < 4096 {
			b.Fatalf("%d slots", p.Slots())
		}
	}
}
