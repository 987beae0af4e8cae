package elf_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
)

// open reads an object of testdata.
func open(t testing.TB, name string) *reloc.Object {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/clang", name))
	if err != nil {
		t.Fatal(err)
	}
	o, err := elf.Read(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// typed gives a type to the programs of a section whose name says none: that of nginx.
func typed(t testing.TB, o *reloc.Object) *reloc.Object {
	t.Helper()
	programs := o.Programs()
	for i, p := range programs {
		if p.Name() != "select_by_dcid" {
			continue
		}
		spec := p.Spec()
		if spec.Type != asm.UnspecProgram {
			t.Errorf("%s is of type %v", p.Name(), spec.Type)
		}
		spec.Type, spec.AttachType = asm.SkReuseport, asm.AttachSkReuseportSelect
		var err error
		if programs[i], err = asm.NewProgram(spec); err != nil {
			t.Fatal(err)
		}
	}
	o, err := reloc.NewObject(programs...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// descriptors gives every map that an object describes or refers to a descriptor of its own.
func descriptors(o *reloc.Object) (reloc.Symbols, map[uint32]string) {
	symbols, names := make(reloc.Symbols), make(map[uint32]string)
	give := func(name string) {
		if _, ok := symbols[name]; !ok {
			fd := 1000 + len(symbols)
			symbols[name], names[uint32(fd)] = reloc.MapFD(fd), name
		}
	}
	for _, m := range o.Maps() {
		give(m.Name)
	}
	for _, p := range o.Programs() {
		for _, r := range p.References() {
			if r.Kind == asm.RefMap || r.Kind == asm.RefMapValue {
				give(r.Symbol)
			}
		}
	}
	return symbols, names
}

// submitted returns what would be submitted of an object, in the form of testdata/clang/oracle/libbpf.c.
func submitted(t testing.TB, o *reloc.Object) string {
	t.Helper()
	symbols, names := descriptors(o)
	linked, err := o.Link(symbols)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range linked {
		fmt.Fprintf(&b, "program %s type %d attach %d\n", p.Name(), p.Type(), p.AttachType())
		code := p.AppendTo(nil, binary.LittleEndian)
		for _, ins := range p.All() {
			slot := bytes.Clone(code[:8])
			name := ""
			if ins.Op == asm.OpLdImm64 && (ins.Src == asm.Imm64MapFD || ins.Src == asm.Imm64MapValue) {
				name = " " + names[binary.LittleEndian.Uint32(slot[4:])]
				copy(slot[4:], make([]byte, 4))
			}
			fmt.Fprintf(&b, "%s%s\n", hex.EncodeToString(slot), name)
			if code = code[8:]; ins.Slots() == 2 {
				fmt.Fprintf(&b, "%s\n", hex.EncodeToString(code[:8]))
				code = code[8:]
			}
		}
	}
	return b.String()
}

// eachObject runs a test on every recorded object of a variant.
func eachObject(t *testing.T, variant string, test func(t *testing.T, source string)) {
	ran := 0
	for _, source := range sources(t, "testdata/clang") {
		for _, v := range variants {
			if v.name == variant && v.not[source] == "" {
				t.Run(source+"."+v.name, func(t *testing.T) { test(t, source) })
				ran++
			}
		}
	}
	if ran < 15 {
		t.Errorf("%d objects of variant %s", ran, variant)
	}
}

// TestReadAsLibbpfLoads holds every slot of every program against what libbpf submitted when the objects were
// recorded.
func TestReadAsLibbpfLoads(t *testing.T) {
	programs, slots := 0, 0
	defer func() { t.Logf("%d programs, %d slots", programs, slots) }()
	for _, v := range variants {
		if !v.libbpf {
			continue
		}
		eachObject(t, v.name, func(t *testing.T, source string) {
			if noLibbpf[source] != "" {
				return // nothing to compare with
			}
			want, err := os.ReadFile(filepath.Join("testdata/clang", source+"."+v.name+".insns"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(lines(string(want)), lines(submitted(t, typed(t, open(t, source+"."+v.name+".o"))))); diff != "" {
				t.Errorf("(-libbpf +this package):\n%s", diff)
			}
			n := strings.Count(string(want), "program ")
			programs, slots = programs+n, slots+len(lines(string(want)))-n
		})
	}
}

// TestReadLinkedObject: bpftool gen object has put several objects together, so that functions and variables are not at the
// beginning of their sections, and relocations are of symbols of sections.
func TestReadLinkedObject(t *testing.T) {
	want, err := os.ReadFile("testdata/clang/linked/linked.el.insns")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines(string(want)), lines(submitted(t, open(t, "linked/linked.el.o")))); diff != "" {
		t.Errorf("(-libbpf +this package):\n%s", diff)
	}
}

// TestReadWithoutTypes: compiled without -g and with maps as before libbpf 1.0, it is the same program. libbpf 1.x
// does not load these, so they are held against what it makes of the same source with types.
func TestReadWithoutTypes(t *testing.T) {
	eachObject(t, "plain", func(t *testing.T, source string) {
		with := submitted(t, typed(t, open(t, source+".el.o")))
		if diff := cmp.Diff(lines(with), lines(submitted(t, typed(t, open(t, source+".plain.o"))))); diff != "" {
			t.Errorf("(-with types +without):\n%s", diff)
		}
	})
}

func lines(s string) []string {
	var all []string
	for scan := bufio.NewScanner(strings.NewReader(s)); scan.Scan(); {
		all = append(all, scan.Text())
	}
	return all
}
