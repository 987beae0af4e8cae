package asm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// refusedNames are names that LLVM's assembler reads as something else, in upper case too.
var refusedNames = []string{
	"", ".", "$", "$x", "1a", "a b", "a-b", "a/b", "größe",
	"r0", "r9", "r10", "r11", "w0", "w10", "w11", "u8", "u16", "u32", "u64", "s", "s8", "s16", "s32", "skb", "ll", "LL", "goto",
	"be16", "be32", "be64", "le16", "le32", "le64", "bswap16", "bswap32", "bswap64",
	"atomic_fetch_add", "atomic_fetch_and", "atomic_fetch_or", "atomic_fetch_xor", "xchg_64", "xchg32_32", "cmpxchg_64", "cmpxchg32_32",
	"addr_space_cast", "load_acquire",
}

var acceptedNames = []string{
	"a", "_", "__", ".x", "x.", "a.b$c", "x1", "R", "r", "w", "r12", "r01", "w12", "u", "u9", "s64", "b16", "be", "fp", "pc", "L5", "skbs",
	"if", "call", "callx", "exit", "lock", "gotol", "may_goto", "ld_pseudo", "store_release", "text", "section", "data",
}

// places build programs that have the names in every place where a name can be.
var places = []struct {
	name  string
	build func(b *asm.Builder, names []string)
}{
	{"label", func(b *asm.Builder, names []string) {
		for _, name := range names {
			b.Jump(name)
			b.JumpIf(asm.R1.Eq(1), name)
			b.JumpLong(name)
			b.MayGoto(name)
			b.Label(name)
		}
		b.Exit()
	}},
	{"map", func(b *asm.Builder, names []string) {
		for _, name := range names {
			b.LdMap(asm.R1, name)
			b.LdMapValue(asm.R1, name, 8)
		}
		b.Exit()
	}},
	{"subprogram", func(b *asm.Builder, names []string) {
		for _, name := range names {
			b.CallSubprogram(name)
			b.LdFunc(asm.R1, name)
		}
		b.Exit()
		for _, name := range names {
			b.Subprogram(name)
			b.Exit()
		}
	}},
}

func TestBuilderNames(t *testing.T) {
	for _, place := range places {
		for want, names := range map[bool][]string{false: refusedNames, true: acceptedNames} {
			for _, name := range names {
				b := newBuilder()
				place.build(b, []string{name})
				if _, err := b.Program(); (err == nil) != want {
					t.Errorf("%s %q: accepted %v, want %v: %v", place.name, name, err == nil, want, err)
				}
			}
		}
	}
}

// LLVM's assembler takes the names that we take, and the others it does not.
func TestLLVMNames(t *testing.T) {
	llvm := llvmMC(t)
	for _, place := range places {
		b := newBuilder()
		place.build(b, acceptedNames)
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		if _, refused := assemble(t, llvm, "bpfel", p.String()); len(refused) > 0 {
			t.Errorf("%s: refused lines %v of\n%s", place.name, refused, p)
		}
	}
	var text strings.Builder
	for _, name := range refusedNames {
		fmt.Fprintf(&text, "goto %s; r1 = %[1]s ll; %[1]s:\n", name)
	}
	_, refused := assemble(t, llvm, "bpfel", text.String())
	for n, name := range refusedNames {
		if !refused[n+1] {
			t.Errorf("%q is taken", name)
		}
	}
}

func TestByName(t *testing.T) {
	for i := range uint32(64) {
		if p := asm.ProgramType(i); !strings.Contains(p.String(), " ") {
			if got, ok := asm.ProgramTypeByName(p.String()); !ok || got != p {
				t.Errorf("ProgramTypeByName(%q) = %v, %v", p, got, ok)
			}
		}
		if a := asm.AttachType(i); !strings.Contains(a.String(), " ") {
			if got, ok := asm.AttachTypeByName(a.String()); !ok || got != a {
				t.Errorf("AttachTypeByName(%q) = %v, %v", a, got, ok)
			}
		}
		if m := asm.MapType(i); !strings.Contains(m.String(), " ") {
			if got, ok := asm.MapTypeByName(m.String()); !ok || got != m {
				t.Errorf("MapTypeByName(%q) = %v, %v", m, got, ok)
			}
		}
	}
	if p, ok := asm.ProgramTypeByName("sk_reuseport"); !ok || p != 21 {
		t.Errorf("sk_reuseport is %d, %v, want 21", p, ok)
	}
	for _, name := range []string{"", "sk_reuse", "map type 3"} {
		_, p := asm.ProgramTypeByName(name)
		_, a := asm.AttachTypeByName(name)
		_, m := asm.MapTypeByName(name)
		if p || a || m {
			t.Errorf("%q is a name of something", name)
		}
	}
}
