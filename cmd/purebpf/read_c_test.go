package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// Instructions, the maps they refer to, type and licence come back out of C; what maps are does not.
func TestReadC(t *testing.T) {
	for _, tt := range []struct{ program, format string }{
		{dcidName, "c"}, {dcidName, "c-nginx"}, {recordName, "c"}, {redirectName, "c"}, {objectName, "c"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		tool(t, "convert", tt.program, "-to", tt.format, "-o", path)
		got, err := newFlags("").input().read(&console{}, path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := shippedInput(tt.program)
		if err != nil {
			t.Fatal(err)
		}
		kept := func(in *input) (all []asm.ProgramSpec) {
			for _, p := range in.object.Programs() {
				s := p.Spec()
				all = append(all, asm.ProgramSpec{Name: s.Name, Type: s.Type, License: s.License, Instructions: s.Instructions, References: s.References})
			}
			return all
		}
		if diff := cmp.Diff(kept(want), kept(got)); diff != "" || got.format != "c" {
			t.Errorf("%s as %s, read as %s (-want +got):\n%s", tt.program, tt.format, got.format, diff)
		}
	}
	roundTrip(t, bytemodName, "bpf_asm", "c")
}

// The form of nginx's ngx_event_quic_bpf_code.c, by hand.
func TestReadNginx(t *testing.T) {
	path := writeTemp(t, "code.c", `/* AUTO-GENERATED, DO NOT EDIT. */

#include <stddef.h>
#include "ngx_bpf.h"

static ngx_bpf_reloc_t bpf_reloc_prog_helper[] = {
    { "ngx_quic_sockmap", 1 },
};

static struct bpf_insn bpf_insn_prog_helper[] = {
    /* opcode dst          src         offset imm */
    { 0x79,   BPF_REG_4,   BPF_REG_1, (int16_t)      8,        0x0 },
    { 0x18,   BPF_REG_2,   BPF_REG_1, (int16_t)      0,        0x0 },
    {  0x0,   BPF_REG_0,   BPF_REG_0, (int16_t)      0,        0x0 },
    {  0x7,   BPF_REG_3,   BPF_REG_0, (int16_t)      0, 0xffffffe8 },
    { 0xb7,   BPF_REG_0,   BPF_REG_0, (int16_t)      0,        0x1 },
    { 0x95,   BPF_REG_0,   BPF_REG_0, (int16_t)      0,        0x0 },
};

ngx_bpf_program_t helper = {
    .relocs = bpf_reloc_prog_helper,
    .license = "BSD",
    .type = BPF_PROG_TYPE_SK_REUSEPORT,
};
`)
	want := `program helper: sk_reuseport, 6 slots, 48 bytes, licence "BSD"
helper:
   0  79 14 08 00 00 00 00 00  r4 = *(u64 *)(r1 + 8)
   1  18 12 00 00 00 00 00 00  r2 = ngx_quic_sockmap ll     ; map
   2  00 00 00 00 00 00 00 00
   3  07 03 00 00 e8 ff ff ff  r3 += -24
   4  b7 00 00 00 01 00 00 00  r0 = 1
   5  95 00 00 00 00 00 00 00  exit

map ngx_quic_sockmap: not described
`
	if diff := cmp.Diff(want, tool(t, "dump", path, "-order", "little")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadCRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "int x;\n", "no array of struct bpf_insn or struct sock_filter"},
		{"no end", "struct bpf_insn p[] = {\n", "file.c:1: the array p does not end"},
		{"empty", "struct bpf_insn p[] = {};\n", "program p: no instructions"},
		{"few members", "struct bpf_insn p[] = {\n{ 0x95, 0, 0, 0 },\n};\n", "file.c:2: { 0x95, 0, 0, 0 } has 4 members; want code, dst, src, off and imm"},
		{"a macro", "struct bpf_insn p[] = {\n{ BPF_EXIT, 0, 0, 0, 0 },\n};\n", `"BPF_EXIT" is no number from 0 to 255`},
		{"too large", "struct bpf_insn p[] = {\n{ 0xb7, 0, 0, 40000, 0 },\n};\n", `"40000" is no number from -32768 to 32767`},
		{"no instruction", "struct bpf_insn p[] = {\n{ 0xff, 0, 0, 0, 0 },\n};\n", "file.c:1: "},
		{"wild reference", "struct bpf_insn p[] = {{0x95,0,0,0,0}}; struct s p_relocations[] = {{ 7, \"m\" }};\n", "m refers to slot 7, where no instruction of the program is"},
		{"no load", "struct bpf_insn p[] = {{0x95,0,0,0,0}}; struct s p_relocations[] = {{ 0, \"m\" }};\n", "bad reference to map m"},
		{"several classic", "struct sock_filter a[] = {{6,0,0,0}}; struct sock_filter b[] = {{6,0,0,0}};\n", "several arrays; a classic program has to be alone"},
		{"many", strings.Repeat("struct bpf_insn p[] = {{0x95,0,0,0,0}};\n", maxArrays+1), "more than 1000 arrays"},
		{"bad classic", "struct sock_filter a[] = {\n{6,0,0,},\n};\n", ":2:"},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "file.c")
		if err := os.WriteFile(path, []byte(tt.text), 0o666); err != nil {
			t.Fatal(err)
		}
		got := runTool("dump", path, "-from", "c")
		if got.status != 1 || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: %+v; want %s", tt.name, got, tt.want)
		}
	}
}
