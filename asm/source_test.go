package asm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// everyDirective has all directives of AppendSource, as it writes them.
const everyDirective = `.program pick sk_reuseport sk_reuseport_select_or_migrate
.attach_to "sched/sched_switch"
.load_flags sleepable|xdp_has_frags|0x100
.license "GPL"
.map workers reuseport_sockarray key=4 value=8 entries=64 pinned
.key struct index { u32 n; }
.value struct "two words" { u8 a[3]; u8; u32 b; }
.map states hash key=2 value=56 entries=8
.key s16
.value struct state { struct bpf_spin_lock { u32 val; } lock; struct bpf_timer { u64[2]; } timer; struct "" { s8 x; s64 y; } to[2]; }
.map texts hash key=4 value=8 entries=8
.key u8[4]
.value struct point { s32 x; }[2]
.map tables array_of_maps key=4 value=4 entries=2 extra=3 numa_node=1 flags=numa_node|0x80000000
.inner hash name="inner one" key=4 value=8 entries=16 flags=no_prealloc
.contents "\x00\x01\xffabc\"\\\n"
.map .rodata 99 value=100
.type far,@function
.type local,@function
.file 1 "/src/pick.go"
.loc 1 12
pick:
	r1 = workers ll                          # the sockets
	r2 = .rodata+8 ll
.file 2 "/src/other.go"
.loc 2 7
	r3 = far ll
.comment "two\nlines"
	call local
.L7:
	r4 = 4
.loc 0 0
.resolved map value config
	ld_pseudo r5, 2, 34359738370
	call bpf_ktime_get_ns
	call 9999
	if r0 == 0 goto .L7
	exit
local:
again:
	goto local
	exit
`

// The text is what it should be, and comes back.
func TestSource(t *testing.T) {
	programs, err := asm.ParseText("test.s", []byte(everyDirective))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everyDirective, string(asm.AppendSource(nil, programs...))); diff != "" {
		t.Errorf("(-read +written):\n%s", diff)
	}
	s := programs[0].Spec()
	inner := asm.MapSpec{Name: "inner one", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 16, Flags: asm.MapNoPrealloc,
		Contents: "\x00\x01\xffabc\"\\\n"}
	maps := []asm.MapSpec{
		{Name: "workers", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 64, PinByName: true,
			Key: asm.NewStruct("index", asm.Member{Name: "n", Size: asm.W}),
			Value: asm.NewStruct("two words", asm.Member{Name: "a", Size: asm.B, Count: 3}, asm.Member{Size: asm.B},
				asm.Member{Name: "b", Size: asm.W})},
		{Name: "states", Type: asm.MapHash, KeySize: 2, ValueSize: 56, MaxEntries: 8, Key: asm.NewStruct("", asm.Member{Size: asm.H, Signed: true}),
			Value: asm.NewStruct("state", asm.Member{Name: "lock", Struct: asm.SpinLock()}, asm.Member{Name: "timer", Struct: asm.Timer()},
				asm.Member{Name: "to", Count: 2, Struct: asm.NewStruct("", asm.Member{Name: "x", Size: asm.B, Signed: true},
					asm.Member{Name: "y", Size: asm.DW, Signed: true})})},
		{Name: "texts", Type: asm.MapHash, KeySize: 4, ValueSize: 8, MaxEntries: 8, Key: asm.NewStruct("", asm.Member{Size: asm.B, Count: 4}),
			Value: asm.NewStruct("", asm.Member{Count: 2, Struct: asm.NewStruct("point", asm.Member{Name: "x", Size: asm.W, Signed: true})})},
		{Name: "tables", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, Extra: 3, NUMANode: 1,
			Flags: asm.MapNUMANode | 1<<31, Inner: &inner},
		{Name: ".rodata", Type: 99, ValueSize: 100},
	}
	if diff := cmp.Diff(maps, s.Maps); diff != "" {
		t.Errorf("maps (-want +got):\n%s", diff)
	}
	if s.AttachTo != "sched/sched_switch" || s.Flags != asm.Sleepable|asm.XDPFragments|0x100 || s.License != "GPL" ||
		s.AttachType != asm.AttachSkReuseportSelectOrMigrate {
		t.Errorf("attach to %q, flags %#x, licence %q, attach type %v", s.AttachTo, s.Flags, s.License, s.AttachType)
	}
	if diff := cmp.Diff([]asm.Comment{{Index: 0, Text: "the sockets"}, {Index: 3, Text: "two\nlines"}}, s.Comments); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]asm.Reference{{Index: 5, Kind: asm.RefMapValue, Symbol: "config"}}, s.Resolved); diff != "" {
		t.Errorf("resolved (-want +got):\n%s", diff)
	}
	var lines []string
	for i := range programs[0].Len() {
		lines = append(lines, programs[0].Position(i).String())
	}
	if diff := cmp.Diff("pick.go:12 pick.go:12 other.go:7 other.go:7 other.go:7 - - - - - - -", strings.Join(lines, " ")); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
}

// What is said before the first program is for all of them.
func TestParseShared(t *testing.T) {
	programs, err := asm.ParseText("test.s", []byte(`
.license "GPL"
.map both array key=4 value=4 entries=1
.map unused array key=4 value=4 entries=1
.program first xdp
	r1 = both ll
	exit
.program second socket_filter
.license "Dual BSD/GPL"
	r1 = both ll
	exit
.program third
	exit
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range programs {
		s := p.Name() + " " + p.Type().String() + " " + p.License()
		for _, m := range p.Maps() {
			s += " " + m.Name
		}
		got = append(got, s)
	}
	if diff := cmp.Diff([]string{"first xdp GPL both", "second socket_filter Dual BSD/GPL both", "third unspec GPL"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What clang -S writes: sections, declarations, and functions of .text as programs of their own.
func TestParseClang(t *testing.T) {
	programs, err := asm.ParseText("a.s", []byte(`	.text
	.file	"a.c"
	.globl	sub                             # -- Begin function sub
	.p2align	3
	.type	sub,@function
sub:                                    # @sub
# %bb.0:
	r0 = r1
	r0 *= 3
	exit
.Lfunc_end0:
	.size	sub, .Lfunc_end0-sub
                                        # -- End function
	.section	sk_skb/stream_verdict,"ax",@progbits
	.globl	prog                            # -- Begin function prog
	.p2align	3
	.type	prog,@function
prog:                                   # @prog
	r1 = m ll
	call 1
	if r0 == 0 goto LBB1_2
# %bb.1:
	r2 = cb ll
	call sub
LBB1_2:
	exit
.Lfunc_end1:
	.size	prog, .Lfunc_end1-prog
	.text
	.type	cb,@function
cb:
	r0 = 0
	exit
	.type	m,@object                       # @m
	.section	.maps,"aw",@progbits
	.globl	m
	.p2align	3
m:
	.zero	32
	.size	m, 32
	.type	_license,@object                # @_license
	.section	license,"aw",@progbits
	.globl	_license
_license:
	.asciz	"GPL"
	.size	_license, 4
	.addrsig
	.addrsig_sym prog
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) != 3 {
		t.Fatalf("%d programs", len(programs))
	}
	for k, want := range []string{"sub unspec GPL", "prog sk_skb GPL", "cb unspec GPL"} {
		if got := programs[k].Name() + " " + programs[k].Type().String() + " " + programs[k].License(); got != want {
			t.Errorf("program %d: %s, want %s", k, got, want)
		}
	}
	if at := programs[1].AttachType(); at != asm.AttachSkSKBStreamVerdict {
		t.Errorf("attach type %v", at)
	}
	if diff := cmp.Diff([]asm.Reference{{Index: 0, Kind: asm.RefMap, Symbol: "m"}, {Index: 3, Kind: asm.RefFunc, Symbol: "cb"},
		{Index: 4, Kind: asm.RefCall, Symbol: "sub"}}, programs[1].References()); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

// What llvm-objdump -d -r writes: the symbols below the instructions, and functions of .text by their offset.
func TestParseObjdump(t *testing.T) {
	programs, err := asm.ParseText("a.dump", []byte(`
o.o:	file format elf64-bpf

Disassembly of section .text:

0000000000000000 <sub>:
       0:	bf 10 00 00 00 00 00 00	r0 = r1
       1:	95 00 00 00 00 00 00 00	exit

0000000000000010 <cb>:
       2:	b7 00 00 00 00 00 00 00	r0 = 0x0
       3:	95 00 00 00 00 00 00 00	exit

Disassembly of section socket:

0000000000000000 <prog>:
; int prog(unsigned *s) {
       0:	18 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00	r1 = 0x0 ll
		0000000000000000:  R_BPF_64_64	m
       2:	85 00 00 00 01 00 00 00	call 0x1
       3:	15 00 03 00 00 00 00 00	if r0 == 0x0 goto +0x3 <LBB1_2>
       4:	18 02 00 00 10 00 00 00 00 00 00 00 00 00 00 00	r2 = 0x10 ll
		0000000000000020:  R_BPF_64_64	.text
       6:	85 10 00 00 ff ff ff ff	call -0x1
		0000000000000030:  R_BPF_64_32	sub

0000000000000038 <LBB1_2>:
       7:	95 00 00 00 00 00 00 00	exit
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) != 2 {
		t.Fatalf("%d programs", len(programs))
	}
	if diff := cmp.Diff([]asm.Label{{Name: "sub"}, {Name: "cb", Index: 2}}, programs[0].Functions()); diff != "" {
		t.Errorf("functions of .text (-want +got):\n%s", diff)
	}
	p := programs[1]
	if p.Name() != "prog" || p.Type() != asm.SocketFilter || p.Comment(0) != "int prog(unsigned *s) {" {
		t.Errorf("%s, %v, comment %q", p.Name(), p.Type(), p.Comment(0))
	}
	if diff := cmp.Diff([]asm.Reference{{Index: 0, Kind: asm.RefMap, Symbol: "m"}, {Index: 3, Kind: asm.RefFunc, Symbol: "cb"},
		{Index: 4, Kind: asm.RefCall, Symbol: "sub"}}, p.References()); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}
