package asm_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// llvmMC returns the newest assembler of LLVM that is installed, and skips the test when there is none.
func llvmMC(t testing.TB) string {
	t.Helper()
	for version := 40; version >= 15; version-- {
		if path, err := exec.LookPath(fmt.Sprintf("llvm-mc-%d", version)); err == nil {
			return path
		}
	}
	path, err := exec.LookPath("llvm-mc")
	if err != nil {
		t.Skip("needs LLVM's assembler, llvm-mc")
	}
	return path
}

var triples = []struct {
	name  string
	order binary.ByteOrder
}{
	{"bpfel", binary.LittleEndian},
	{"bpfeb", binary.BigEndian},
}

// object is what LLVM's assembler makes of a text: the bytes and the symbol that it leaves to the linker at an offset.
type object struct {
	code        []byte
	relocations map[uint64]string
}

// assemble runs LLVM's assembler. refused has the numbers of the lines, from 1, that it does not take; there is no
// object when there are any.
func assemble(t *testing.T, llvm, triple, text string) (o object, refused map[int]bool) {
	t.Helper()
	dir := t.TempDir()
	source, target := filepath.Join(dir, "test.s"), filepath.Join(dir, "test.o")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(llvm, "-triple="+triple, "-mcpu=v4", "-filetype=obj", "-o", target, source)
	cmd.Stderr = &stderr
	err := cmd.Run()
	refused = make(map[int]bool)
	// A warning is that a number does not fit: the bytes would be others than were asked for.
	for _, m := range regexp.MustCompile(`(?m)^.*\.s:(\d+):\d+: (?:error|warning)`).FindAllStringSubmatch(stderr.String(), -1) {
		line, _ := strconv.Atoi(m[1])
		refused[line] = true
	}
	switch {
	case len(refused) > 0:
		return object{}, refused
	case err != nil:
		t.Fatalf("%s: %v\n%s", llvm, err, stderr.String())
	}
	file, err := elf.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if o.code, err = file.Section(".text").Data(); err != nil {
		t.Fatal(err)
	}
	o.relocations = make(map[uint64]string)
	rel := file.Section(".rel.text")
	if rel == nil {
		return o, refused
	}
	data, err := rel.Data()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(data) >= 16; data = data[16:] { // Elf64_Rel
		offset, info := file.ByteOrder.Uint64(data), file.ByteOrder.Uint64(data[8:])
		o.relocations[offset] = symbols[info>>32-1].Name
	}
	return o, refused
}

// handMade has the little-endian bytes of what LLVM's assembler has no words for, or drops a part of. They are put
// together by hand from RFC 9669: opcode, source<<4|destination, offset and immediate, both with the low byte first,
// and for a 64-bit immediate a second slot with nothing but its upper half.
var handMade = map[string]string{
	// Section 4.3.1: opcode 0x85, source 1, immediate = distance from the next slot. sub is at slot 5, the call at 2.
	`CallSubprogram("sub")`: "85 10 0000 02000000",
	// The same, with the distance -1 that stands for an unresolved call.
	`CallSubprogram("elsewhere")`: "85 10 0000 ffffffff",
	// include/uapi/linux/bpf.h, BPF_PSEUDO_KFUNC_CALL 2: immediate = BTF id 4711 = 0x1267, offset = index in fd_array.
	"CallKfunc(4711, 0)":           "85 20 0000 67120000",
	"CallKfunc(0x7fffffff, 32767)": "85 20 ff7f ffffff7f",
	// Section 5.4: source 2, first immediate = descriptor, 0 before linking, second = offset, 24 = 0x18.
	`LdMapValue(R1, "config", 24)`:         "18 21 0000 00000000 00 00 0000 18000000",
	`LdMapValue(R9, "config", 0x7fffffff)`: "18 29 0000 00000000 00 00 0000 ffffff7f",
	// Source 6: first immediate = index, second = offset.
	"LdMapIndexValue(R1, 3, 24)": "18 61 0000 03000000 00 00 0000 18000000",
	// Source 3: first immediate = BTF id, second = descriptor of the module's BTF.
	"LdBTFID(R9, 4711, 7)": "18 39 0000 67120000 00 00 0000 07000000",
	// Section 5.5 and kernel/bpf/verifier.c, check_ld_abs: LD | H | IND = 0x48, source 7, immediate added to it.
	"LdInd(H, R7, 4)":  "48 70 0000 04000000",
	"LdInd(H, R7, -4)": "48 70 0000 fcffffff",
}

func TestHandMadeEncodings(t *testing.T) {
	found := 0
	for _, c := range everyCall() {
		want, ok := handMade[c.name]
		if !ok {
			continue
		}
		found++
		i := c.instruction(t)
		if got := fields(encode(t, i, binary.LittleEndian)); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
		if got, want := fields(encode(t, i, binary.BigEndian)), swapFields(t, want); got != want {
			t.Errorf("%s for big-endian: %s, want %s", c.name, got, want)
		}
	}
	if found != len(handMade) {
		t.Errorf("%d calls found of %d", found, len(handMade))
	}
}

// swapFields turns the bytes of each field round, which is what the other byte order does; the two registers share a
// byte and change places in it.
func swapFields(t *testing.T, s string) string {
	t.Helper()
	parts := strings.Fields(s)
	for n, part := range parts {
		if n%4 == 1 {
			parts[n] = part[1:] + part[:1]
			continue
		}
		b, err := hex.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
		parts[n] = hex.EncodeToString(b)
	}
	return strings.Join(parts, " ")
}

func everyCall() []builderCall {
	var calls []builderCall
	for _, g := range encodings() {
		calls = append(calls, g.calls...)
	}
	return append(calls, operands()...)
}

// LLVM's assembler makes of the text of every instruction the bytes that we make, or the bytes are in handMade.
func TestLLVMEncodings(t *testing.T) {
	llvm := llvmMC(t)
	var calls []builderCall
	var insns []asm.Instruction
	for _, c := range everyCall() {
		if _, ok := handMade[c.name]; !ok {
			calls = append(calls, c)
			insns = append(insns, c.instruction(t))
		}
	}
	for _, triple := range triples {
		t.Run(triple.name, func(t *testing.T) {
			var text strings.Builder
			for _, i := range insns {
				fmt.Fprintf(&text, "%v\n", i)
			}
			o, old := assemble(t, llvm, triple.name, text.String())
			if len(old) > 0 {
				// An assembler that is too old for some of them.
				lines := strings.Split(text.String(), "\n")
				for line := range old {
					t.Logf("not checked, %s does not take it: %s", llvm, lines[line-1])
					lines[line-1] = ""
				}
				o, _ = assemble(t, llvm, triple.name, strings.Join(lines, "\n"))
			}
			checked := 0
			for n, i := range insns {
				if old[n+1] {
					continue
				}
				want := encode(t, i, triple.order)
				if len(o.code) < len(want) {
					t.Fatalf("%s: %s: LLVM has only %d bytes for it", calls[n].name, i, len(o.code))
				}
				if !bytes.Equal(want, o.code[:len(want)]) {
					t.Errorf("%s: %s: LLVM encodes %s, we %s", calls[n].name, i, fields(o.code[:len(want)]), fields(want))
				}
				o.code = o.code[len(want):]
				checked++
			}
			if len(o.code) != 0 || len(o.relocations) != 0 {
				t.Errorf("LLVM has %d bytes and relocations %v more than we", len(o.code), o.relocations)
			}
			t.Logf("%d of %d instructions are as %s makes them, %d others are calculated by hand", checked, len(insns), llvm, len(handMade))
		})
	}
}

// LLVM's assembler makes of the text of whole programs the bytes that we make, and leaves the same symbols to the linker.
func TestLLVMPrograms(t *testing.T) {
	llvm := llvmMC(t)
	for _, test := range []struct {
		name  string
		build func(*asm.Builder)
	}{
		{"labels", func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.Label("again")
			b.Add(asm.R0, 1)
			b.LdImm64(asm.R1, int64(1<<40))
			b.JumpIf(asm.R0.Lt(10), "again")
			b.JumpIf(asm.R0.SGt32(-10), "out")
			b.JumpIf(asm.R0.HasBits(asm.R1), "out")
			b.MayGoto("out")
			b.Jump("again")
			b.JumpLong("again")
			b.Label("out")
			b.Label("out2")
			b.Exit()
		}},
		{"jumps by distance", func(b *asm.Builder) {
			b.Mov(asm.R0, 0)
			b.Emit(asm.Instruction{Op: 0x05, Off: 2})  // goto +2
			b.LdImm64(asm.R1, 1)                       // two slots
			b.Emit(asm.Instruction{Op: 0x15, Off: -5}) // if r0 == 0 goto -5
			b.Exit()
		}},
		{"maps", func(b *asm.Builder) {
			b.LdMap(asm.R1, "counters")
			b.LdMapValue(asm.R2, "config", 24)
			b.LdMapValue(asm.R3, "config", 0)
			b.LdMap(asm.R4, "sock.map$1")
			b.Exit()
		}},
		{"subprograms", func(b *asm.Builder) {
			b.CallSubprogram("far")
			b.CallSubprogram("near")
			b.CallSubprogram("elsewhere")
			b.LdFunc(asm.R2, "far")
			b.Jump("end")
			b.Mov(asm.R0, 0)
			b.Label("end")
			b.Exit()
			b.Subprogram("near")
			b.Mov(asm.R0, 0)
			b.Exit()
			b.Subprogram("far")
			b.CallSubprogram("near")
			b.Exit()
		}},
	} {
		for _, triple := range triples {
			t.Run(test.name+"/"+triple.name, func(t *testing.T) {
				b := asm.NewBuilder("test", asm.SocketFilter)
				test.build(b)
				p, err := b.Program()
				if err != nil {
					t.Fatal(err)
				}
				o, refused := assemble(t, llvm, triple.name, p.String())
				if len(refused) > 0 {
					t.Fatalf("%s does not take lines %v of\n%s", llvm, refused, p)
				}
				code := p.AppendTo(nil, triple.order)
				if len(code) != len(o.code) {
					t.Fatalf("%d bytes, LLVM has %d, of\n%s", len(code), len(o.code), p)
				}
				symbols := make(map[uint64]string)
				for _, r := range p.References() {
					symbols[uint64(8*p.Slot(r.Index))] = r.Symbol
				}
				for i, ins := range p.All() {
					at := 8 * p.Slot(i)
					want, got := o.code[at:at+8*ins.Slots()], code[at:at+8*ins.Slots()]
					if ins.Op == asm.OpLdImm64 && ins.Src != asm.Imm64Value {
						// LLVM leaves it to the linker to see what kind of symbol it is: the source is 0 and the immediate
						// where in the symbol. A function's address is one in the section, whose symbol has no name.
						addend := ins.Imm >> 32
						if f, _, ok := p.Callee(i); ok {
							addend = int64(8 * p.Slot(p.Functions()[f].Index))
							symbols[uint64(at)] = ""
						}
						got = encode(t, asm.Instruction{Op: ins.Op, Dst: ins.Dst, Imm: addend}, triple.order)
					}
					if !bytes.Equal(want, got) {
						t.Errorf("%v: LLVM encodes %s, we %s", ins, fields(want), fields(got))
					}
				}
				if diff := cmp.Diff(o.relocations, symbols); diff != "" {
					t.Errorf("symbols differ (-LLVM +ours):\n%s", diff)
				}
			})
		}
	}
}
