package vm_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// helperCall is a call of a helper in a program of its own.
type helperCall struct {
	Typ    asm.ProgramType
	Helper asm.Helper
	Args   []int64 // after the context; stackAt for the address of the buffer on the stack
	Buffer uint64
	Packet []byte
}

// stackAt stands for the address of 64 bytes on the stack, which Buffer repeated fills.
const stackAt = -1 << 40

// program calls the helper and returns its result mixed with what the buffer holds then.
func (c helperCall) program(t *testing.T) *asm.Program {
	return build(t, c.Typ, func(b *asm.Builder) {
		b.Mov(asm.R6, asm.R1)
		b.LdImm64(asm.R2, int64(c.Buffer))
		for slot := -64; slot < 0; slot += 8 {
			b.Stx(asm.FP.U64(slot), asm.R2)
		}
		for i, a := range c.Args {
			if r := asm.R2 + asm.Register(i); a == stackAt {
				b.Mov(r, asm.FP)
				b.Add(r, -64)
			} else {
				b.LdImm64(r, a)
			}
		}
		b.CallHelper(c.Helper)
		b.Mov(asm.R7, asm.R0)
		// Fold the buffer into the result, so that what the helper did to it shows.
		for slot := -64; slot < 0; slot += 8 {
			b.Ldx(asm.R1, asm.FP.U64(slot))
			b.Mul(asm.R7, 31)
			b.Add(asm.R7, asm.R1)
		}
		b.Mov(asm.R0, asm.R7)
		b.Rsh(asm.R0, 32)
		b.Xor(asm.R0, asm.R7)
		b.Exit()
	})
}

type helperResult struct {
	R0   uint32
	Data []byte
}

// TestHelpersAsKernel calls the helpers that change packets with random arguments, at their limits more often than not,
// on the kernel and here.
func TestHelpersAsKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	r := rand.New(rand.NewPCG(8, 9))
	pick := func(n ...int64) int64 { return n[r.IntN(len(n))] }
	offset := func() int64 {
		return pick(0, 1, 2, 13, 14, 16, 40, 62, 63, 64, 65, 100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, -1)
	}
	for name, make := range map[string]func() helperCall{
		"load bytes": func() helperCall {
			return helperCall{Typ: asm.SchedCLS, Helper: asm.FnSKBLoadBytes, Args: []int64{offset(), stackAt, 1 + r.Int64N(64)}}
		},
		"load bytes of a filter": func() helperCall {
			return helperCall{Typ: asm.SocketFilter, Helper: asm.FnSKBLoadBytes, Args: []int64{offset(), stackAt, 1 + r.Int64N(64)}}
		},
		"load bytes relative": func() helperCall {
			return helperCall{Typ: asm.SchedCLS, Helper: asm.FnSKBLoadBytesRelative, Args: []int64{offset(), stackAt, 1 + r.Int64N(64), pick(0, 1, 2)}}
		},
		"store bytes": func() helperCall {
			return helperCall{Typ: asm.SchedCLS, Helper: asm.FnSKBStoreBytes, Args: []int64{offset(), stackAt, 1 + r.Int64N(64), pick(0, 0, 1, 2, 4)}}
		},
		"pull data": func() helperCall {
			return helperCall{Typ: asm.SchedCLS, Helper: asm.FnSKBPullData, Args: []int64{offset()}}
		},
		"l3 checksum": func() helperCall {
			return helperCall{Typ: asm.SchedCLS, Helper: asm.FnL3CsumReplace,
				Args: []int64{pick(24, 26, offset()), pick(0, 0, r.Int64N(1<<32)), pick(0, 0xffff, r.Int64N(1<<32)), pick(0, 2, 4, 2, 4, 1, 16)}}
		},
		"l4 checksum": func() helperCall {
			return helperCall{Typ: asm.SchedCLS, Helper: asm.FnL4CsumReplace,
				Args: []int64{pick(24, 26, 30, offset()), pick(0, 0, r.Int64N(1<<32)), pick(0, 0xffff, r.Int64N(1<<32)), pick(0, 2, 4, 2, 4, 3) | pick(0, 0, 0x10, 0x20, 0x60, 0x100)}}
		},
		"adjust head": func() helperCall {
			return helperCall{Typ: asm.XDP, Helper: asm.FnXDPAdjustHead, Args: []int64{pick(0, 1, -1, 4, 49, 50, 51, 64, -100, -200, -216, -217, -256, -257, r.Int64N(100)-50)}}
		},
		"adjust tail": func() helperCall {
			return helperCall{Typ: asm.XDP, Helper: asm.FnXDPAdjustTail, Args: []int64{pick(0, 1, -1, -49, -50, -51, -64, 100, 3000, 5000, r.Int64N(100)-50)}}
		},
		"adjust metadata": func() helperCall {
			return helperCall{Typ: asm.XDP, Helper: asm.FnXDPAdjustMeta, Args: []int64{pick(0, 4, -4, -3, -32, -36, -252, -256, -216, -220)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 150 {
				c := make()
				c.Buffer = r.Uint64()
				c.Packet = slices.Repeat([]byte{0}, 64)
				if r.IntN(4) > 0 { // zeros often, for checksums of 0
					for i := range c.Packet {
						c.Packet[i] = byte(r.Uint32())
					}
				}
				c.Packet[12], c.Packet[13] = 0x88, 0xb5 // an EtherType for experiments, so that nothing looks further
				p := c.program(t)
				if diff := cmp.Diff(c.kernel(t, p), c.simulate(t, p)); diff != "" {
					t.Fatalf("%+v (-kernel +simulator):\n%s", c, diff)
				}
			}
		})
	}
}

func (c helperCall) kernel(t *testing.T, p *asm.Program) helperResult {
	t.Helper()
	code := p.AppendTo(nil, binary.NativeEndian)
	fd, err := sys.ProgLoad(&sys.ProgLoadAttr{
		ProgType: uint32(c.Typ), InsnCnt: uint32(len(code) / 8), Insns: sys.BytesPointer(code), License: sys.StringPointer("GPL"),
	})
	if err != nil {
		t.Fatalf("%v\n%v", err, p)
	}
	defer fd.Close()
	out := make([]byte, 8192)
	run := sys.ProgTestRunAttr{ProgFD: uint32(fd.Int()), Repeat: 1, DataSizeIn: uint32(len(c.Packet)), DataIn: sys.BytesPointer(c.Packet),
		DataSizeOut: uint32(len(out)), DataOut: sys.BytesPointer(out)}
	if err := sys.ProgTestRun(&run); err != nil {
		t.Fatal(err)
	}
	if c.Typ == asm.SocketFilter {
		return helperResult{R0: run.Retval} // the packet comes back with another header, and is not changed
	}
	return helperResult{run.Retval, out[:run.DataSizeOut]}
}

func (c helperCall) simulate(t *testing.T, p *asm.Program) helperResult {
	t.Helper()
	m, err := vm.New(p, &vm.Options{Order: binary.NativeEndian})
	if err != nil {
		t.Fatal(err)
	}
	data := slices.Clone(c.Packet)
	var r0 uint64
	if c.Typ == asm.XDP {
		ctx := &vm.XDPContext{Data: data}
		r0, err = m.Run(ctx)
		data = append(ctx.Meta, ctx.Data...) // as the kernel's test run gives them
	} else {
		ctx := &vm.SKBContext{Data: data, Network: 14}
		if c.Typ == asm.SocketFilter { // the kernel's test run gives it what is behind the Ethernet header
			ctx.Start = 14
		}
		r0, err = m.Run(ctx)
		data = ctx.Data
	}
	if err != nil {
		t.Fatalf("%v\n%v", err, p)
	}
	if c.Typ == asm.SocketFilter {
		return helperResult{R0: uint32(r0)}
	}
	return helperResult{uint32(r0), data}
}
