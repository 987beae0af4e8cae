package asm_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// loadCode gives bytes to the kernel as they are. The descriptor is closed when the test ends.
func loadCode(t *testing.T, typ asm.ProgramType, code []byte, level uint32) (fd *sys.FD, log string, err error) {
	t.Helper()
	attr := sys.ProgLoadAttr{
		ProgType: uint32(typ),
		InsnCnt:  uint32(len(code) / 8),
		Insns:    sys.BytesPointer(code),
		License:  sys.StringPointer("GPL"),
	}
	buf := make([]byte, 1<<16)
	if level != 0 {
		attr.LogLevel, attr.LogSize, attr.LogBuf = level, uint32(len(buf)), sys.BytesPointer(buf)
	}
	fd, err = sys.ProgLoad(&attr)
	if err == nil {
		t.Cleanup(func() { fd.Close() })
	}
	log, _, _ = strings.Cut(string(buf), "\x00")
	return fd, log, err
}

// logStats is a log level without instructions: only what is wrong, and statistics.
const logStats = 4

// needInstruction skips the test on a kernel that does not know an instruction.
func needInstruction(t *testing.T, name string, i asm.Instruction) {
	t.Helper()
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	code, err := asm.AppendInstructions(nil, []asm.Instruction{
		{Op: 0x7a, Dst: asm.FP, Off: -8}, // *(u64 *)(r10 - 8) = 0
		{Op: 0xbf, Dst: asm.R1, Src: asm.FP},
		i,
		{Op: 0xb7},
		{Op: 0x95},
	}, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	if _, log, err := loadCode(t, asm.SocketFilter, code, 1); err != nil {
		t.Skipf("needs a kernel with %s: %v: %s", name, err, log)
	}
}

var (
	gotol       = asm.Instruction{Op: 0x06}
	mayGoto     = asm.Instruction{Op: 0xe5}
	loadAcquire = asm.Instruction{Op: 0xdb, Src: asm.R1, Off: -8, Imm: 0x100}
)

// logLine is an instruction in the verifier's log, without the registers that level 2 puts behind it.
var logLine = regexp.MustCompile(`(?m)^(\d+): (\([0-9a-f]{2}\) .*?) *(?:;.*)?$`)

// instructionsIn returns the instructions of a verifier's log by their slots.
func instructionsIn(log string) map[int]string {
	found := make(map[int]string)
	for _, m := range logLine.FindAllStringSubmatch(log, -1) {
		slot, _ := strconv.Atoi(m[1])
		found[slot] = m[2]
	}
	return found
}

// kernelLine returns what the kernel has to print for i.
func kernelLine(i asm.Instruction) string {
	return fmt.Sprintf("(%02x) %s", uint8(i.Op), i.AppendText(nil, asm.Kernel))
}

// The verifier prints an instruction before it looks at the registers in it, so that every one shows up in the log of
// some program, also when the program is refused for it.
func TestKernelSyntax(t *testing.T) {
	needInstruction(t, "load_acquire", loadAcquire)
	checked := 0
	for _, c := range everyCall() {
		i := c.instruction(t)
		switch {
		case i.Op == asm.OpLdImm64 && i.Src != asm.Imm64Value, i.Op == 0x85 && i.Src == asm.CallKfunc, i.Op == 0x85 && i.Imm == -1:
			// The log has addresses for maps and names for kernel functions; an unresolved call has nowhere to go.
			continue
		}
		// The same distances as in builderCall.instruction. The condition makes what follows an exit or goto reachable.
		before := []asm.Instruction{{Op: 0xb7}, {Op: 0x55, Off: 1}}
		after := []asm.Instruction{{Op: 0xb7}, {Op: 0x95}}
		switch {
		case i.Slots() == 2:
			before = before[:1]
		case i.Op == 0x85 && i.Src == asm.CallSubprogram:
			after = append(after, after...)
		}
		code, err := asm.AppendInstructions(nil, slices.Concat(before, []asm.Instruction{i}, after), binary.NativeEndian)
		if err != nil {
			t.Fatal(err)
		}
		_, log, _ := loadCode(t, asm.SocketFilter, code, 2)
		if got, want := instructionsIn(log)[len(before)], kernelLine(i); got != want {
			t.Errorf("%s: %q, the kernel prints %q; log:\n%s", c.name, want, got, log)
		}
		checked++
	}
	t.Logf("the kernel prints %d instructions as we do", checked)
}

// The text of a whole program is the verifier's log of it, line by line.
func TestKernelSyntaxOfProgram(t *testing.T) {
	needInstruction(t, "load_acquire", loadAcquire)
	p := build(t, func(b *asm.Builder) {
		b.Mov(asm.R6, asm.R1)
		b.Ldx(asm.R7, asm.R6.Field(asm.SkBuffLen))
		b.LdImm64(asm.R1, int64(0x123456789))
		b.St(asm.FP.U64(-8), -1)
		b.JumpIf(asm.R7.SLt32(-1), "out")
		b.JumpIf(asm.R7.HasBits(-8), "out")
		b.FetchAdd(asm.FP.U64(-8), asm.R7)
		b.And32(asm.R7, 0xff)
		b.LdInd(asm.B, asm.R7, 4)
		b.Stx(asm.FP.U16(-8), asm.R0)
		b.CallHelper(asm.FnKtimeGetNS)
		b.LoadAcquire(asm.R1, asm.FP.U32(-4))
		b.MovSX(asm.R2, asm.R1, 8)
		b.SMod(asm.R2, -3)
		b.Bswap(asm.R2, 64)
		b.CmpXchg(asm.FP.U64(-8), asm.R1)
		b.CallSubprogram("half")
		b.MayGoto("out")
		b.JumpLong("out")
		b.Label("out")
		b.Mov(asm.R0, 0)
		b.Exit()
		b.Subprogram("half")
		b.Mov(asm.R0, asm.R1)
		b.Arsh32(asm.R0, 1)
		b.Exit()
	})
	_, log, err := loadCode(t, asm.SocketFilter, p.AppendTo(nil, binary.NativeEndian), 2)
	if err != nil {
		t.Fatalf("%v:\n%s", err, log)
	}
	var got strings.Builder
	found := instructionsIn(log)
	for _, slot := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&got, "%d: %s\n", slot, found[slot])
	}
	if diff := cmp.Diff(got.String(), string(p.AppendText(nil, asm.Kernel))); diff != "" {
		t.Errorf("(-kernel +ours):\n%s", diff)
	}
}

// A kernel function has its name in the log, where a program alone has only its number.
func TestKernelSyntaxOfKfunc(t *testing.T) {
	needInstruction(t, "may_goto", mayGoto) // newer than calls of kernel functions
	kfunc, err := kernelTypes(t).Find("bpf_rdonly_cast", btf.Func)
	if err != nil {
		t.Skip(err)
	}
	call := asm.Instruction{Op: 0x85, Src: asm.CallKfunc, Imm: int64(kfunc.ID)}
	code, err := asm.AppendInstructions(nil, []asm.Instruction{{Op: 0xb7, Dst: asm.R1}, {Op: 0xb7, Dst: asm.R2}, call, {Op: 0xb7}, {Op: 0x95}}, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	_, log, err := loadCode(t, asm.SchedCLS, code, 2)
	want := strings.Replace(kernelLine(call), "kernel-function", "bpf_rdonly_cast", 1)
	if got := instructionsIn(log)[2]; got != want {
		t.Errorf("%q, the kernel prints %q (%v):\n%s", want, got, err, log)
	}
}

// encodingFault are the verifier's words for what is wrong with the encoding of an instruction.
var encodingFault = regexp.MustCompile(`reserved fields|unknown opcode|invalid bpf_ld_imm64|unrecognized bpf_ld_imm64|invalid BPF_LD_IMM|R1[1-5] is invalid|` +
	`BPF_ATOMIC uses invalid|invalid atomic|invalid may_goto|addr_space_cast insn can only convert|unknown insn class`)

// What we refuse the kernel refuses, and what we accept it does not refuse for its encoding: instructions with a field
// or two changed, each in a program that is fine without it.
func TestKernelStrictness(t *testing.T) {
	needInstruction(t, "load_acquire", loadAcquire)
	r := rand.New(rand.NewPCG(1, 2))
	var originals [][]byte
	for _, c := range everyCall() {
		originals = append(originals, encode(t, c.instruction(t), binary.LittleEndian))
	}
	var (
		registers  = []byte{0, 0, 1, 2, 3, 6, 10, 11, 15}
		offsets    = []int16{0, 0, 1, -1, 2, 8, -8, 16, 32, 64}
		immediates = []int32{0, 0, 1, 2, -1, 5, 8, 16, 32, 64, 0x40, 0x50, 0xa0, 0x41, 0xe0, 0xe1, 0xf0, 0xf1, 0x100, 0x101, 0x110, 0x10000, 0x10001, -1 << 31}
	)
	mutate := func(slot []byte) {
		switch r.IntN(5) {
		case 0:
			slot[0] = byte(r.UintN(256))
		case 1:
			slot[1] = slot[1]&0xf0 | registers[r.IntN(len(registers))]
		case 2:
			slot[1] = slot[1]&0x0f | registers[r.IntN(len(registers))]<<4
		case 3:
			binary.LittleEndian.PutUint16(slot[2:], uint16(offsets[r.IntN(len(offsets))]))
		case 4:
			binary.LittleEndian.PutUint32(slot[4:], uint32(immediates[r.IntN(len(immediates))]))
		}
	}
	// Room for every jump of those offsets; r1 and r2 point to the stack, r6 is the context, the others are numbers.
	frame := func(middle []byte) []byte {
		insns := []asm.Instruction{{Op: 0xbf, Dst: asm.R6, Src: asm.R1}, {Op: 0xbf, Dst: asm.R1, Src: asm.FP}, {Op: 0x07, Dst: asm.R1, Imm: -256}}
		for off := int16(-512); off < 0; off += 8 {
			insns = append(insns, asm.Instruction{Op: 0x7a, Dst: asm.FP, Off: off})
		}
		insns = append(insns, asm.Instruction{Op: 0xbf, Dst: asm.R2, Src: asm.R1})
		for _, n := range []asm.Register{0, 3, 4, 5, 7, 8, 9} {
			insns = append(insns, asm.Instruction{Op: 0xb7, Dst: n, Imm: 1})
		}
		insns = append(insns, asm.Instruction{Op: 0x79, Dst: asm.R9, Src: asm.R1}, asm.Instruction{Op: 0x55, Dst: asm.R9, Off: int16(len(middle) / 8)})
		code, err := asm.AppendInstructions(nil, insns, binary.LittleEndian)
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, middle...)
		for range 70 {
			code = append(code, 0xb7, 0, 0, 0, 0, 0, 0, 0) // r0 = 0
		}
		return append(code, 0x95, 0, 0, 0, 0, 0, 0, 0)
	}
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		t.Skip("the bytes are for little-endian kernels")
	}
	if _, log, err := loadCode(t, asm.SocketFilter, frame([]byte{0xb7, 0, 0, 0, 0, 0, 0, 0}), 1); err != nil {
		t.Fatalf("the program around the instructions is refused: %v:\n%s", err, log)
	}
	var both, refusedForIt, refusedOtherwise, acceptedButRefused int
	for range 4000 {
		code := slices.Clone(originals[r.IntN(len(originals))])
		for range 1 + r.IntN(2) {
			mutate(code[8*r.IntN(len(code)/8):])
		}
		_, ours := asm.Decode(code, binary.LittleEndian)
		fd, log, err := loadCode(t, asm.SocketFilter, frame(code), logStats)
		if err == nil {
			fd.Close()
		}
		fault := encodingFault.MatchString(log)
		switch {
		case ours == nil && fault:
			t.Errorf("%s is accepted; the kernel: %v:\n%s", fields(code), err, log)
		case ours == nil && err == nil:
			both++
		case ours == nil:
			acceptedButRefused++
		case err == nil && code[0] == 0x95 && code[1] == 0 && [4]byte(code[4:]) == [4]byte{}:
			// process_bpf_exit looks at every field of exit but the offset. RFC 9669 section 3 wants it to be zero too.
		case err == nil:
			t.Errorf("%s: %v; the kernel accepts it", fields(code), ours)
		case fault:
			refusedForIt++
		default:
			refusedOtherwise++
		}
	}
	t.Logf("accepted by both: %d; accepted, and refused by the kernel for what it does: %d; refused by both for the encoding: %d, by the kernel for something else: %d",
		both, acceptedButRefused, refusedForIt, refusedOtherwise)
	if both < 500 || refusedForIt < 1500 {
		t.Error("too few of them say something about encodings")
	}
}

// run loads a program and runs it on a packet of so many bytes.
func run(t *testing.T, p *asm.Program, size int) int32 {
	t.Helper()
	fd, _, err := loadCode(t, p.Type(), p.AppendTo(nil, binary.NativeEndian), 0)
	if err != nil {
		_, log, _ := loadCode(t, p.Type(), p.AppendTo(nil, binary.NativeEndian), 1)
		t.Fatalf("%v:\n%s", err, log)
	}
	packet := make([]byte, size)
	attr := sys.ProgTestRunAttr{ProgFD: uint32(fd.Int()), DataIn: sys.BytesPointer(packet), DataSizeIn: uint32(size)}
	if err := sys.ProgTestRun(&attr); err != nil {
		t.Fatal(err)
	}
	return int32(attr.Retval)
}

// Jumps over 40,000 instructions lead where they should.
func TestLongJumpsRun(t *testing.T) {
	needInstruction(t, "gotol", gotol)
	const gap = 40000
	for _, test := range []struct {
		name  string
		needs asm.Instruction
		calls func(*asm.Builder)
		want  map[int]int32 // by the length of the packet, which is in r6
	}{
		{"goto", gotol, func(b *asm.Builder) {
			b.JumpIf(asm.R6.Eq(64), "near")
			b.Jump("far")
			b.Label("near")
			fill(b, gap)
			b.Add(asm.R0, 1)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
		}, map[int]int32{64: 11, 65: 10}},
		{"goto backward", gotol, func(b *asm.Builder) {
			b.Jump("begin")
			b.Label("back")
			b.Add(asm.R0, 1)
			b.Exit()
			b.Label("begin")
			b.JumpIf(asm.R6.Eq(64), "back")
			fill(b, gap)
			b.Add(asm.R0, 10)
			b.Jump("back")
		}, map[int]int32{64: 1, 65: 11}},
		{"unsigned condition", gotol, func(b *asm.Builder) {
			b.JumpIf(asm.R6.Gt(64), "far")
			fill(b, gap)
			b.Add(asm.R0, 1)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
		}, map[int]int32{63: 11, 64: 11, 65: 10}},
		{"signed 32-bit condition on registers", gotol, func(b *asm.Builder) {
			b.Sub(asm.R6, 65)
			b.Mov(asm.R1, -1)
			b.JumpIf(asm.R6.SLt32(asm.R1), "far")
			fill(b, gap)
			b.Add(asm.R0, 1)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
		}, map[int]int32{63: 10, 64: 11, 65: 11}},
		{"condition backward", gotol, func(b *asm.Builder) {
			b.Label("again")
			b.Add(asm.R0, 1)
			fill(b, gap/2)
			b.JumpIf(asm.R0.Lt(3), "again")
			fill(b, gap/2)
			b.JumpIf(asm.R0.Lt(4), "again")
			b.Exit()
		}, map[int]int32{64: 4}},
		{"jset", gotol, func(b *asm.Builder) {
			b.JumpIf(asm.R6.HasBits(1), "far")
			fill(b, gap)
			b.Add(asm.R0, 1)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
		}, map[int]int32{64: 11, 65: 10}},
		{"may_goto that is not taken", mayGoto, func(b *asm.Builder) {
			b.MayGoto("far")
			fill(b, gap)
			b.Add(asm.R0, 1)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
		}, map[int]int32{64: 11}},
		{"may_goto that is taken in the end", mayGoto, func(b *asm.Builder) {
			b.Label("again")
			b.JumpIf(asm.R6.Eq(1), "gap")
			b.MayGoto("far")
			b.Jump("again")
			b.Label("gap")
			fill(b, gap)
			b.Add(asm.R0, 1)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
		}, map[int]int32{64: 10}},
		{"a cascade", gotol, func(b *asm.Builder) {
			for i := range 4 {
				b.JumpIf(asm.R6.Eq(64+i), fmt.Sprintf("to%d", i))
			}
			fill(b, 32764)
			for i := range 4 {
				b.Label(fmt.Sprintf("to%d", i))
				if i == 2 {
					b.Add(asm.R0, 10)
				}
				b.Add(asm.R0, 1)
			}
			b.Exit()
		}, map[int]int32{63: 14, 64: 14, 65: 13, 66: 12, 67: 1}},
		{"a subprogram behind the gap", gotol, func(b *asm.Builder) {
			b.JumpIf(asm.R6.Gt(64), "far")
			b.CallSubprogram("sub")
			fill(b, gap)
			b.Label("far")
			b.Add(asm.R0, 10)
			b.Exit()
			b.Subprogram("sub")
			b.Mov(asm.R0, 5)
			b.Exit()
		}, map[int]int32{64: 15, 65: 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			needInstruction(t, test.needs.String(), test.needs)
			b := asm.NewBuilder("test", asm.SchedCLS)
			b.Target(asm.V4)
			b.Ldx(asm.R6, asm.R1.Field(asm.SkBuffLen))
			b.Mov(asm.R0, 0)
			test.calls(b)
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			for size, want := range test.want {
				if got := run(t, p, size); got != want {
					t.Errorf("a packet of %d bytes: %d, want %d", size, got, want)
				}
			}
		})
	}
}
