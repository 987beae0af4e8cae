package source_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/source"
)

// goFiles are packages that exist only for the compiler, by their folder below this one.
type goFiles map[string][]byte

// run makes the go command believe that the files are there and returns what it prints.
func (files goFiles) run(t *testing.T, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command: the tests of package generated alone run what is generated")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	for folder, text := range files {
		file := filepath.Join(dir, folder+".go")
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(here, "testgo", folder, "x.go")] = file
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, text, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", slices.Insert(slices.Clone(args), 1, "-overlay", list)...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %v: %v\n%.4000s", args, err, problems.String())
	}
	return out
}

const testPath = "github.com/purebpf/purebpf/reloc/source/testgo/"

// What the generated packages return are the programs, byte by byte and with all that belongs to them.
func TestGeneratedGo(t *testing.T) {
	all := objects(t)
	all["awkward"] = awkwardObject(t)
	r := rand.New(rand.NewPCG(3, 4))
	all["random"] = makeObject(t, makeProgram(t, asm.ProgramSpec{Name: "random", Type: asm.XDP, Instructions: random(r, 2000)}))
	files := make(goFiles)
	var imports, calls strings.Builder
	want := make(map[string]string)
	n := 0
	for name, o := range all {
		folder := fmt.Sprintf("p%d", n)
		n++
		text, err := source.AppendGo(nil, o, &source.GoOptions{Package: folder, Portable: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files[folder] = text
		fmt.Fprintf(&imports, "\t%q\n", testPath+folder)
		programs := programFunctions(text)
		linked := link(t, o)
		if len(programs) != len(linked) {
			t.Fatalf("%s: functions %v for %d programs", name, programs, len(linked))
		}
		for i, p := range linked {
			key := folder + "." + programs[i]
			fmt.Fprintf(&calls, "\tprint(%q)(%s())\n", key, key)
			want[key] = describe(p)
		}
	}
	files["main"] = []byte(fmt.Sprintf(printProgram, imports.String(), calls.String()))
	var got map[string]string
	if err := json.Unmarshal(files.run(t, "run", testPath+"main"), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%.4000s", diff)
	}
}

// printProgram prints what describe does of every program.
const printProgram = `package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"

	"github.com/purebpf/purebpf/asm"
%s)

var all = make(map[string]string)

func print(key string) func(*asm.Program, error) {
	return func(p *asm.Program, err error) {
		if err != nil {
			panic(err)
		}
		s := fmt.Sprintf("%%x %%q %%v %%v %%q %%d %%q %%q ", p.AppendTo(nil, binary.LittleEndian), p.Name(), p.Type(), p.AttachType(), p.AttachTo(), p.Flags(), p.License(), functions(p))
		for i := range p.Len() {
			s += fmt.Sprintf("%%q %%q ", p.Position(i).String(), p.Comment(i))
		}
		all[key] = s
	}
}

func functions(p *asm.Program) (s []string) {
	for _, f := range p.Functions() {
		s = append(s, fmt.Sprint(f.Index, f.Name))
	}
	return s
}

func main() {
%s	json.NewEncoder(os.Stdout).Encode(all)
}
`

// describe returns what is to be seen of a program that came through a package.
func describe(p *asm.Program) string {
	s := fmt.Sprintf("%x %q %v %v %q %d %q %q ", p.AppendTo(nil, binary.LittleEndian), p.Name(), p.Type(), p.AttachType(), p.AttachTo(), p.Flags(), p.License(), functions(p))
	for i := range p.Len() {
		s += fmt.Sprintf("%q %q ", p.Position(i).String(), p.Comment(i))
	}
	return s
}

func functions(p *asm.Program) (s []string) {
	for _, f := range p.Functions() {
		s = append(s, fmt.Sprint(f.Index, f.Name))
	}
	return s
}

// programFunctions returns the names of the functions that return programs.
func programFunctions(text []byte) (names []string) {
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutSuffix(line, "() (*asm.Program, error) {\n"); ok {
			names = append(names, strings.TrimPrefix(name, "func "))
		}
	}
	return names
}

// The packages that load compile, whatever the names.
func TestGeneratedGoCompiles(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Setenv("GOOS", "linux")
	}
	all := objects(t)
	all["awkward"] = awkwardObject(t)
	all["alone"] = makeObject(t, makeProgram(t, asm.ProgramSpec{Name: "alone", Type: asm.XDP, Instructions: []asm.Instruction{{Op: exit}}}))
	files := make(goFiles)
	args := []string{"build"}
	n := 0
	for name, o := range all {
		folder := fmt.Sprintf("p%d", n)
		n++
		text, err := source.AppendGo(nil, o, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files[folder] = text
		args = append(args, testPath+folder)
	}
	for folder, opts := range map[string]*source.GoOptions{"classic": nil, "portable": {Portable: true}} {
		text, err := source.AppendClassicGo(nil, byteModulo(t), "", opts)
		if err != nil {
			t.Fatal(err)
		}
		files[folder] = text
		args = append(args, testPath+folder)
	}
	files.run(t, args...)
}

func TestAppendClassicGo(t *testing.T) {
	p := byteModulo(t)
	files := goFiles{"main": []byte("package main\n\nimport (\n\t\"encoding/json\"\n\t\"os\"\n\n\t\"" + testPath + `p"
)

func main() { json.NewEncoder(os.Stdout).Encode(p.Type()) }
`)}
	text, err := source.AppendClassicGo(nil, p, "type", &source.GoOptions{Package: "p", Portable: true})
	if err != nil {
		t.Fatal(err)
	}
	files["p"] = text
	want, err := json.Marshal(p.Raw())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want)+"\n", string(files.run(t, "run", testPath+"main"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAppendGoRefuses(t *testing.T) {
	pass := makeProgram(t, asm.ProgramSpec{Name: "pass", Type: asm.XDP, Instructions: []asm.Instruction{{Op: exit}}})
	calls := build(t, "calls", asm.XDP, func(b *asm.Builder) { b.CallSubprogram("gone"); b.Exit() })
	for _, tt := range []struct {
		name    string
		program *asm.Program
		opts    *source.GoOptions
		is      error
		want    string
	}{
		{"package that is a keyword", pass, &source.GoOptions{Package: "func"}, nil, `write Go: "func" is not a name of a package`},
		{"package that is no name", pass, &source.GoOptions{Package: "a.b"}, nil, `write Go: "a.b" is not a name of a package`},
		{"package of no name", pass, &source.GoOptions{Package: "_"}, nil, `write Go: "_" is not a name of a package`},
		{"function that nothing defines", calls, nil, reloc.ErrUnresolved, "write Go: link: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := source.AppendGo([]byte("x"), makeObject(t, tt.program), tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) || string(b) != "x" {
				t.Errorf("%q, %v; want an error with %q", b, err, tt.want)
			}
		})
	}
	if _, err := source.AppendClassicGo(nil, byteModulo(t), "", &source.GoOptions{Package: "if"}); err == nil || !strings.Contains(err.Error(), `"if" is not a name of a package`) {
		t.Errorf("classic: %v", err)
	}
}
