package asm_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// llvmLacks names what LLVM's assembler has no words for, or would cut to 32 bits, "" for all that it knows.
func llvmLacks(i asm.Instruction) string {
	switch {
	case i.Op == 0x85 && i.Src == asm.CallKfunc:
		return "calls of kernel functions"
	case i.Op.Class() == asm.ClassLD && i.Op.Mode() == asm.ModeInd && i.Imm != 0:
		return "offsets of indirect packet loads"
	case i.Op == asm.OpLdImm64 && i.Src != asm.Imm64Value && i.Imm>>32 != 0:
		return "64-bit immediates with a source and a second half"
	}
	return ""
}

// together makes one program of many, each a group of functions of it, so that LLVM assembles them in one run.
func together(t testing.TB, specs []asm.ProgramSpec, lacks map[string]int) *asm.Program {
	t.Helper()
	var all asm.ProgramSpec
	for k, s := range specs {
		start := len(all.Instructions)
		label := func(l asm.Label) asm.Label {
			return asm.Label{Name: fmt.Sprintf("p%d.%s", k, l.Name), Index: start + l.Index}
		}
		for _, f := range s.Functions {
			all.Functions = append(all.Functions, label(f))
		}
		for _, l := range s.Labels {
			all.Labels = append(all.Labels, label(l))
		}
		refs := s.References
		for n, i := range s.Instructions {
			if len(refs) > 0 && refs[0].Index == n {
				all.References = append(all.References, asm.Reference{Index: start + n, Kind: refs[0].Kind, Symbol: refs[0].Symbol})
				refs = refs[1:]
			} else if what := llvmLacks(i); what != "" && (i.Op != asm.OpLdImm64 || i.Src != asm.Imm64Func) {
				lacks[what]++
				if i = (asm.Instruction{Op: 0xb7}); s.Instructions[n].Slots() == 2 {
					i = asm.Instruction{Op: asm.OpLdImm64}
				}
			}
			all.Instructions = append(all.Instructions, i)
		}
	}
	all.Name = all.Functions[0].Name
	p, err := asm.NewProgram(all)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// LLVM's assembler makes of what AppendText prints of random programs the bytes that we make, but for what it lacks.
func TestLLVMRandomPrograms(t *testing.T) {
	llvm := llvmMC(t)
	g := newRandomText(t, 2)
	lacks := make(map[string]int)
	count := 0
	for count < randomCount {
		var specs []asm.ProgramSpec
		for range 2000 {
			specs = append(specs, g.program("main"))
		}
		count += len(specs)
		p := together(t, specs, lacks)
		for _, triple := range triples {
			o, refused := assemble(t, llvm, triple.name, p.String())
			if len(refused) > 0 {
				lines := bytes.Split([]byte(p.String()), []byte("\n"))
				for line := range refused {
					t.Errorf("%s refuses %s", llvm, lines[line-1])
				}
				t.FailNow()
			}
			code := p.AppendTo(nil, triple.order)
			if len(code) != len(o.code) {
				t.Fatalf("%d bytes, LLVM has %d", len(code), len(o.code))
			}
			symbols := make(map[int]asm.Reference)
			for _, r := range p.References() {
				symbols[r.Index] = r
			}
			for i, ins := range p.All() {
				at := 8 * p.Slot(i)
				want, got := o.code[at:at+8*ins.Slots()], code[at:at+8*ins.Slots()]
				if ref, ok := symbols[i]; ok && o.relocations[uint64(at)] != ref.Symbol {
					t.Fatalf("%v: LLVM leaves symbol %q, want %q", ins, o.relocations[uint64(at)], ref.Symbol)
				}
				f, _, callee := p.Callee(i)
				if _, ok := symbols[i]; ins.Op == asm.OpLdImm64 && (ok || callee) {
					// LLVM leaves it to the linker to see what kind of symbol it is.
					addend := ins.Imm >> 32
					if callee {
						addend = int64(8 * p.Slot(p.Functions()[f].Index))
					}
					got = encode(t, asm.Instruction{Op: ins.Op, Dst: ins.Dst, Imm: int64(uint32(addend))}, triple.order)
				}
				if !bytes.Equal(want, got) {
					t.Fatalf("%v: LLVM encodes %s, we %s", ins, fields(want), fields(got))
				}
			}
		}
	}
	for what, n := range lacks {
		t.Logf("not checked, LLVM lacks %s: %d", what, n)
	}
	t.Logf("%d programs", count)
}
