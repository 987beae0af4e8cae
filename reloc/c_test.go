package reloc_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	_ "github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/reloc"
)

func cProgram(t *testing.T) *asm.Program {
	return build(t, "select.1", asm.SkReuseport, func(b *asm.Builder) {
		b.DeclareMap(workers)
		b.LdMap(asm.R2, "workers")
		b.LdImm64(asm.R3, -2)
		b.St(asm.FP.U8(-1), 255)
		b.JumpIf(asm.R3.SLt(-1), "out")
		b.Label("out")
		b.Mov(asm.R0, 1)
		b.Exit()
	})
}

func TestAppendC(t *testing.T) {
	want := `#include <linux/bpf.h>

/* select.1: sk_reuseport, 8 slots, licence "Dual MIT/GPL". */
static const struct bpf_insn select_1[] = {
	/* code dst src off imm */
	{ 0x18, 2, 1, 0, 0 }, /* ld_pseudo r2, 1, 0, map workers */
	{ 0, 0, 0, 0, 0 },
	{ 0x18, 3, 0, 0, -2 }, /* r3 = -2 ll */
	{ 0, 0, 0, 0, -1 },
	{ 0x72, 10, 0, -1, 255 }, /* *(u8 *)(r10 - 1) = 255 */
	{ 0xc5, 3, 0, 0, -1 }, /* if r3 s< -1 goto +0 */
	{ 0xb7, 0, 0, 0, 1 }, /* r0 = 1 */
	{ 0x95, 0, 0, 0, 0 }, /* exit */
};

static const struct {
	unsigned int slot;
	const char *symbol;
} select_1_relocations[] = {
	{ 0, "workers" }, /* map */
};
`
	if diff := cmp.Diff(want, string(reloc.AppendC(nil, cProgram(t)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The C compiler, where there is one, takes it without a warning.
func TestAppendCCompiles(t *testing.T) {
	cc, err := exec.LookPath("gcc")
	if err != nil {
		t.Log("no gcc: TestAppendC alone holds the form")
		return
	}
	cmd := exec.Command(cc, "-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable", "-fsyntax-only", "-xc", "-")
	cmd.Stdin = strings.NewReader(string(reloc.AppendC(nil, cProgram(t))))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
