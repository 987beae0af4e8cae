package json_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	_ "github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/corpus"
	"github.com/purebpf/purebpf/internal/filtergen"
	"github.com/purebpf/purebpf/internal/generated"
	"github.com/purebpf/purebpf/programs/bytemod"
	"github.com/purebpf/purebpf/programs/dcid"
	"github.com/purebpf/purebpf/programs/sockredir"
	"github.com/purebpf/purebpf/reloc"
	purejson "github.com/purebpf/purebpf/reloc/json"
)

// sample has every member of the form.
func sample(t testing.TB) *reloc.Object {
	t.Helper()
	inner := asm.MapSpec{Name: "in", Type: 99, KeySize: 8, ValueSize: 12, Flags: asm.MapInner,
		Key: asm.NewStruct("", asm.Member{Size: asm.DW, Signed: true}),
		Value: asm.NewStruct("w", asm.Member{Name: "l", Struct: asm.SpinLock()}, asm.Member{Name: "n", Count: 2,
			Struct: asm.NewStruct("p", asm.Member{Name: "x", Size: asm.W, Signed: true})})}
	maps := []asm.MapSpec{
		{Name: "sets", Type: asm.MapArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, PinByName: true, Inner: &inner},
		{Name: ".rodata", Type: asm.MapArray, KeySize: 4, ValueSize: 3, MaxEntries: 1, Flags: asm.MapReadOnlyProg | asm.MapNUMANode, NUMANode: 1,
			Extra: math.MaxUint64, Contents: "\x00a\xff", Key: asm.NewStruct("k", asm.Member{Name: "i", Size: asm.W}),
			Value: asm.NewStruct("v", asm.Member{Name: "b", Size: asm.B, Count: 2}, asm.Member{Size: asm.B})},
	}
	p, err := asm.NewProgram(asm.ProgramSpec{
		Name: "select", Type: asm.SkReuseport, AttachType: asm.AttachSkReuseportSelect, AttachTo: "a/b", Flags: asm.Sleepable, License: `"<GPL>"`,
		Instructions: []asm.Instruction{
			{Op: asm.OpLdImm64, Dst: 1, Src: asm.Imm64MapFD},
			{Op: asm.OpLdImm64, Dst: 2, Src: asm.Imm64MapValue, Imm: 2 << 32},
			{Op: asm.OpLdImm64, Dst: 3, Imm: math.MinInt64},
			{Op: asm.OpLdImm64, Dst: 4, Src: asm.Imm64MapFD, Imm: 7},
			{Op: 0x85, Src: 1, Imm: 1},
			{Op: 0x95},
			{Op: 0x71, Dst: 0, Src: 10, Off: -8},
			{Op: 0x95},
		},
		References: []asm.Reference{{Index: 0, Kind: asm.RefMap, Symbol: "sets"}, {Index: 1, Kind: asm.RefMapValue, Symbol: ".rodata"}},
		Resolved:   []asm.Reference{{Index: 3, Kind: asm.RefMap, Symbol: "old"}},
		Functions:  []asm.Label{{Name: "select"}, {Name: "help", Index: 6}},
		Labels:     []asm.Label{{Name: "a", Index: 5}, {Name: "b", Index: 5}},
		Positions:  []asm.Position{{}, {File: "C:/x.go", Line: 3}, {}, {}, {}, {}, {}, {}},
		Comments:   []asm.Comment{{Index: 1, Text: "what \"it\" does\n"}},
		Maps:       maps,
	})
	if err != nil {
		t.Fatal(err)
	}
	o, err := reloc.NewObject(p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The text itself, so that a change of the form is noticed: version 1 has to be read forever.
const sampleText = `{
	"version": 1,
	"maps": [
		{"name": "sets", "type": "array_of_maps", "key_size": 4, "value_size": 4, "max_entries": 2, "pin_by_name": true, "inner": {"name": "in", "type": 99, "key_size": 8, "value_size": 12, "flags": 4096, "key": {"name": "", "members": [{"size": 8, "signed": true}]}, "value": {"name": "w", "members": [{"name": "l", "struct": {"name": "bpf_spin_lock", "members": [{"name": "val", "size": 4}]}}, {"name": "n", "struct": {"name": "p", "members": [{"name": "x", "size": 4, "signed": true}]}, "count": 2}]}}},
		{"name": ".rodata", "type": "array", "key_size": 4, "value_size": 3, "max_entries": 1, "flags": 132, "numa_node": 1, "extra": "18446744073709551615", "contents": "0061ff", "key": {"name": "k", "members": [{"name": "i", "size": 4}]}, "value": {"name": "v", "members": [{"name": "b", "size": 1, "count": 2}, {"size": 1}]}}
	],
	"programs": [
		{
			"name": "select",
			"type": "sk_reuseport",
			"attach_type": "sk_reuseport_select",
			"attach_to": "a/b",
			"flags": 16,
			"license": "\"<GPL>\"",
			"maps": ["sets",".rodata"],
			"instructions": [
				{"op": 24, "dst": 1, "src": 1, "off": 0, "imm": 0, "text": "r1 = sets ll", "function": "select", "reference": {"kind": "map", "symbol": "sets"}},
				{"op": 24, "dst": 2, "src": 2, "off": 0, "imm": 8589934592, "text": "r2 = .rodata+2 ll", "reference": {"kind": "map value", "symbol": ".rodata"}, "source": "C:/x.go:3", "comment": "what \"it\" does\n"},
				{"op": 24, "dst": 3, "src": 0, "off": 0, "imm": "-9223372036854775808", "text": "r3 = -9223372036854775808 ll"},
				{"op": 24, "dst": 4, "src": 1, "off": 0, "imm": 7, "text": "r4 = old ll", "resolved": {"kind": "map", "symbol": "old"}},
				{"op": 133, "dst": 0, "src": 1, "off": 0, "imm": 1, "text": "call help"},
				{"op": 149, "dst": 0, "src": 0, "off": 0, "imm": 0, "text": "exit", "labels": ["a","b"]},
				{"op": 113, "dst": 0, "src": 10, "off": -8, "imm": 0, "text": "r0 = *(u8 *)(r10 - 8)", "function": "help"},
				{"op": 149, "dst": 0, "src": 0, "off": 0, "imm": 0, "text": "exit"}
			]
		}
	]
}
`

func TestAppend(t *testing.T) {
	got, err := purejson.Append([]byte("x"), sample(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("x"+sampleText, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid(got[1:]) {
		t.Error("package encoding/json does not take it")
	}
}

func TestRead(t *testing.T) {
	got, err := purejson.Read("x.json", []byte(sampleText))
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffObjects(sample(t), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func diffObjects(want, got *reloc.Object) string {
	if diff := cmp.Diff(want.Maps(), got.Maps(), cmpopts.EquateEmpty()); diff != "" {
		return diff
	}
	specs := func(o *reloc.Object) (specs []asm.ProgramSpec) {
		for _, p := range o.Programs() {
			specs = append(specs, p.Spec())
		}
		return specs
	}
	return cmp.Diff(specs(want), specs(got), cmpopts.EquateEmpty())
}

// objects returns those of package programs, of the corpus and of package generated, and random ones.
func objects(t testing.TB) []*reloc.Object {
	t.Helper()
	var programs []*asm.Program
	for _, write := range corpus.Programs() {
		p, err := write()
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	p, err := dcid.Program(nil)
	if err != nil {
		t.Fatal(err)
	}
	programs = append(programs, p)
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		programs = append(programs, random(t, r))
	}
	all := []*reloc.Object{sample(t)}
	for _, p := range programs {
		o, err := reloc.NewObject(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	for _, write := range []func() (*reloc.Object, error){
		generated.FirstWorker, generated.Whole, func() (*reloc.Object, error) { return sockredir.Object(nil) }, func() (*reloc.Object, error) { return reloc.NewObject() },
	} {
		o, err := write()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// random returns a program of any instructions but jumps and calls inside the program, with the rest by chance.
func random(t testing.TB, r *rand.Rand) *asm.Program {
	spec := asm.ProgramSpec{Name: "random", Type: asm.ProgramType(r.Uint32() >> r.IntN(32)), AttachType: asm.AttachType(r.Uint32() >> r.IntN(32)),
		Flags: asm.LoadFlags(r.Uint32())}
	for len(spec.Instructions) < 100 {
		i := asm.Instruction{Op: asm.Opcode(r.IntN(256)), Dst: asm.Register(r.IntN(11) * r.IntN(2)), Src: asm.Register(r.IntN(11) * r.IntN(2)),
			Off: int16(r.Uint32() >> r.IntN(32)), Imm: int64(r.Uint64()) >> r.IntN(64) * int64(r.IntN(2))}
		jump := i.Op.Class() == asm.ClassJMP || i.Op.Class() == asm.ClassJMP32
		if i.Check() != nil || jump && i.Op != 0x95 || i.Op == asm.OpLdImm64 && i.Src == asm.Imm64Func {
			continue
		}
		n := len(spec.Instructions)
		if i.Op == asm.OpLdImm64 && i.Src == asm.Imm64MapFD && r.IntN(2) == 0 {
			spec.References = append(spec.References, asm.Reference{Index: n, Kind: asm.RefMap, Symbol: "Größe </>&\u2028\x00"})
		}
		if r.IntN(10) == 0 {
			spec.Labels = append(spec.Labels, asm.Label{Name: fmt.Sprint("l", n), Index: n})
			spec.Comments = append(spec.Comments, asm.Comment{Index: n, Text: "?"})
		}
		spec.Positions = append(spec.Positions, asm.Position{File: "a:b\\", Line: 1 + r.IntN(1<<20)})
		spec.Instructions = append(spec.Instructions, i)
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoundTrip(t *testing.T) {
	for i, o := range objects(t) {
		text, err := purejson.Append(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := purejson.Read("x.json", text)
		if err != nil {
			t.Fatalf("object %d: %v\n%s", i, err, text)
		}
		if diff := diffObjects(o, got); diff != "" {
			t.Errorf("object %d (-want +got):\n%s", i, diff)
		}
		if !json.Valid(text) {
			t.Errorf("object %d: package encoding/json does not take it", i)
		}
	}
}

func TestClassicRoundTrip(t *testing.T) {
	modulo, err := bytemod.Program(0, 4)
	if err != nil {
		t.Fatal(err)
	}
	programs := []*classic.Program{modulo}
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		programs = append(programs, filtergen.Program(r, []classic.Extension{classic.ExtProtocol, classic.ExtCPU}))
	}
	for i, p := range programs {
		text, err := purejson.AppendClassic(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		got, name, err := purejson.ReadClassic("x.json", text)
		if err != nil || name != p.Name() {
			t.Fatalf("program %d: %q, %v\n%s", i, name, err, text)
		}
		if diff := cmp.Diff(p.Raw(), got.Raw()); diff != "" {
			t.Errorf("program %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestAppendClassic(t *testing.T) {
	b := classic.NewBuilder("one")
	b.LoadHalf(12)
	b.ReturnA()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	got, err := purejson.AppendClassic(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	line := p.Position(0).Line
	want := strings.NewReplacer("FILE", p.Position(0).File, "L1", fmt.Sprint(line), "L2", fmt.Sprint(line+1)).Replace(`{
	"version": 1,
	"classic": {
		"name": "one",
		"instructions": [
			{"op": 40, "jt": 0, "jf": 0, "k": 12, "text": "l0: ldh [12]", "source": "FILE:L1"},
			{"op": 22, "jt": 0, "jf": 0, "k": 0, "text": "l1: ret a", "source": "FILE:L2"}
		]
	}
}
`)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAppendRefuses(t *testing.T) {
	deep := asm.MapSpec{Name: "m"}
	for range 20 {
		inner := deep
		deep.Inner = &inner
	}
	exit := []asm.Instruction{{Op: 0x95}}
	for _, tt := range []struct {
		name string
		spec asm.ProgramSpec
		want string
	}{
		{"name that is not UTF-8", asm.ProgramSpec{Name: "a\xff", Instructions: exit}, `write JSON: "a\xff" is not UTF-8`},
		{"licence that is not UTF-8", asm.ProgramSpec{Name: "a", License: "\xff", Instructions: exit}, `write JSON: "\xff" is not UTF-8`},
		{"maps without end", asm.ProgramSpec{Name: "a", Maps: []asm.MapSpec{deep}, Instructions: exit}, "map m: maps of maps 9 deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := asm.NewProgram(tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			o, err := reloc.NewObject(p)
			if err != nil {
				t.Fatal(err)
			}
			b, err := purejson.Append([]byte("x"), o)
			if err == nil || !strings.Contains(err.Error(), tt.want) || string(b) != "x" {
				t.Errorf("%q, %v; want an error with %q", b, err, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to string // in sampleText
		want     string
	}{
		{"unknown member", `"flags": 16`, `"flag": 16`, `x.json:13:4: programs[0]: unknown member "flag"`},
		{"member of other letters", `"flags": 16`, `"Flags": 16`, `unknown member "Flags"`},
		{"unknown member of the document", `"version": 1`, `"version": 1, "x": 2`, `x.json:2:16: unknown member "x"`},
		{"unknown member of an instruction", `"op": 24, "dst": 1`, `"op": 24, "x": {}, "dst": 1`, `programs[0].instructions[0]: unknown member "x"`},
		{"member twice", `"flags": 16`, `"flags": 16, "flags": 16`, `x.json:13:17: programs[0]: a second member "flags"`},
		{"no type", `"type": "sk_reuseport",`, ``, `x.json:8:3: programs[0]: no member "type"`},
		{"no offset", `"off": -8, `, ``, `programs[0].instructions[6]: no member "off"`},
		{"no version", `"version": 1,`, ``, `x.json:1:1: no member "version"`},
		{"other version", `"version": 1`, `"version": 2`, "x.json:2:13: version: 2, want 1"},
		{"version that is no number", `"version": 1`, `"version": "1"`, "version: 1, want 1"},
		{"offset that does not fit", `"off": -8`, `"off": 70000`, "x.json:23:45: programs[0].instructions[6].off: 70000 is not an integer from -32768 to 32767"},
		{"opcode that does not fit", `"op": 113`, `"op": 256`, "programs[0].instructions[6].op: 256 is not an integer from 0 to 255"},
		{"negative register", `"dst": 1`, `"dst": -1`, "programs[0].instructions[0].dst: -1 is not an integer from 0 to 65535"},
		{"fraction", `"off": -8`, `"off": -8.0`, "-8.0 is not an integer from -32768 to 32767"},
		{"exponent", `"flags": 16`, `"flags": 1e1`, "programs[0].flags: 1e1 is not an integer from 0 to 4294967295"},
		{"immediate that does not fit", `"-9223372036854775808"`, `"-9223372036854775809"`, "-9223372036854775809 is not an integer from -9223372036854775808 to 9223372036854775807"},
		{"immediate that is no number", `"-9223372036854775808"`, `"0x10"`, `"0x10" is not an integer`},
		{"immediate that is a truth value", `"-9223372036854775808"`, `true`, `a truth value, want an integer`},
		{"extra that does not fit", `"18446744073709551615"`, `18446744073709551616`, "maps[1].extra: 18446744073709551616 is not an integer from 0 to 18446744073709551615"},
		{"register that the machine has not", `"dst": 1, "src": 1`, `"dst": 11, "src": 1`, "x.json:8:3: program select: instruction 0: register out of range: destination r11"},
		{"string for a number", `"flags": 16`, `"flags": "16"`, "x.json:13:13: programs[0].flags: a string, want an integer"},
		{"number for a string", `"attach_to": "a/b"`, `"attach_to": 1`, "programs[0].attach_to: a number, want a string"},
		{"null", `"attach_to": "a/b"`, `"attach_to": null`, "programs[0].attach_to: null, want a string"},
		{"array for an object", `"key": {"name": "k", "members": [{"name": "i", "size": 4}]}`, `"key": []`, "maps[1].key: an array, want an object"},
		{"object for an array", `["sets",".rodata"]`, `{}`, "programs[0].maps: an object, want an array"},
		{"unknown type", `"sk_reuseport",`, `"sk_reuse",`, `x.json:10:12: programs[0].type: no type is called "sk_reuse"`},
		{"type that is a truth value", `"sk_reuseport",`, `true,`, `programs[0].type: a truth value, want a name or a number`},
		{"unknown kind of reference", `"kind": "map value"`, `"kind": "value"`, "instructions[1].reference.kind: value, want map, map value, subprogram or function"},
		{"reference that does not fit", `"kind": "map value"`, `"kind": "map"`, "x.json:8:3: program select: bad reference to map .rodata"},
		{"place without a line", `"C:/x.go:3"`, `"C:/x.go"`, `instructions[1].source: "C:/x.go" is not file:line`},
		{"place without colon", `"C:/x.go:3"`, `"7"`, `instructions[1].source: "7" is not file:line`},
		{"place that is no string", `"C:/x.go:3"`, `7`, `instructions[1].source: a number, want a string`},
		{"odd contents", `"0061ff"`, `"0061f"`, "maps[1].contents: encoding/hex: odd length hex string"},
		{"size of a member", `"size": 1}]`, `"size": 3}]`, "maps[1].value.members[1].size: 3 bytes, want 1, 2, 4 or 8"},
		{"no size", `"size": 1}]`, `"name": "x"}]`, "maps[1].value.members[1]: no size"},
		{"size of a struct", `"name": "l", `, `"name": "l", "size": 4, `, "maps[0].inner.value.members[0]: a struct has the size of its members, and no sign"},
		{"structs in structs", `{"name": "val", "size": 4}`, strings.Repeat(`{"struct": {"name": "", "members": [`, 16) + `{"size": 4}` + strings.Repeat("]}}", 16),
			"structs in structs, more than 16 deep"},
		{"number of elements", `"size": 1, "count": 2`, `"size": 1, "count": -2`, "maps[1].value.members[0].count: -2 elements"},
		{"truth", `"pin_by_name": true`, `"pin_by_name": 1`, "maps[0].pin_by_name: a number, want true or false"},
		{"map that is not there", `["sets",".rodata"]`, `["sets",".rodata","x"]`, `x.json:15:30: no map "x" among the maps`},
		{"map twice", `["sets",".rodata"]`, `["sets",".rodata","sets"]`, `the map "sets" for a second time`},
		{"map that nobody describes", `["sets",".rodata"]`, `["sets"]`, `x.json:5:3: no program describes the map ".rodata"`},
		{"maps of one name", `"name": ".rodata"`, `"name": "sets"`, `x.json:5:3: a second map "sets"`},
		{"maps without end", `"inner": {`, `"inner": {"name": "a", "type": 1, ` + strings.Repeat(`"inner": {"name": "a", "type": 1, `, 9), "maps of maps too deep"},
		{"map with the name of a program", `"name": "select"`, `"name": "sets"`, "x.json: make object: duplicate definition: sets is a program and a map"},
		{"programs and a classic one", `"version": 1,`, `"version": 1, "classic": {"instructions": [{"op": 6, "jt": 0, "jf": 0, "k": 0}]},`, "x.json:1:1: a classic program and others"},
		{"nothing", `"version": 1,`, `"version": 1},`, "x.json:2:15: something follows the document"},
		{"end", "]\n}\n", "]\n", "x.json:28:1: the document ends here"},
		{"comma", `"version": 1,`, `"version": 1`, "x.json:3:2: invalid character '\"' after object key:value pair"},
		{"not UTF-8", `"a/b"`, "\"\xff\"", "x.json:12:18: not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(sampleText, tt.from) {
				t.Fatal("the sample has no such text")
			}
			_, err := purejson.Read("x.json", []byte(strings.Replace(sampleText, tt.from, tt.to, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestReadWhole(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		is         error
		want       string
	}{
		{"empty", "", nil, "x.json:1:1: the document ends here"},
		{"array", "[]", nil, "x.json:1:1: an array, want an object"},
		{"no programs", `{"version": 1}`, nil, `x.json:1:1: no member "programs" or "classic"`},
		{"classic", `{"version": 1, "classic": {"instructions": [{"op": 6, "jt": 0, "jf": 0, "k": 0}]}}`, purejson.ErrClassic, "x.json: a classic program"},
		{"classic that the kernel refuses", `{"version": 1, "classic": {"instructions": []}}`, nil, "x.json:1:27: classic: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := purejson.Read("x.json", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
	if _, _, err := purejson.ReadClassic("x.json", []byte(sampleText)); !errors.Is(err, purejson.ErrNotClassic) {
		t.Errorf("%v, want ErrNotClassic", err)
	}
	if _, _, err := purejson.ReadClassic("x.json", []byte("{")); err == nil || !strings.Contains(err.Error(), "x.json:1:2: the document ends here") {
		t.Errorf("%v", err)
	}
}
