package corpus

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// The recorded files are what clang makes of the C beside them, one 8-byte slot in hex per line, followed by the name of
// the map whose descriptor belongs there. They are written by
//
//	go test ./internal/corpus -run TestRecord -record
//
// which runs clang with clangFlags. Nothing else needs clang.
var record = flag.Bool("record", false, "compile testdata/*.c with clang and write testdata/*.clang")

// clangFlags compile for a little-endian machine, so that the files do not depend on where they are made.
var clangFlags = []string{"-O2", "-target", "bpfel", "-mcpu=v3", "-Wall", "-Werror", "-Wno-unused-variable", "-Wno-unused-function"}

func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("runs with -record only")
	}
	sources, err := filepath.Glob("testdata/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	version, err := exec.Command("clang", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	headers, err := filepath.Glob("/usr/include/*-linux-gnu/asm")
	if err != nil || len(headers) == 0 {
		t.Fatal("the kernel's user-space headers are not installed")
	}
	for _, source := range sources {
		object := filepath.Join(t.TempDir(), "object.o")
		args := append(append([]string{}, clangFlags...), "-I"+filepath.Dir(headers[0]), "-c", source, "-o", object)
		if out, err := exec.Command("clang", args...).CombinedOutput(); err != nil {
			t.Fatalf("clang %s: %v\n%s", source, err, out)
		}
		slots, err := objectSlots(object)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		var text strings.Builder
		first, _, _ := strings.Cut(string(version), "\n")
		fmt.Fprintf(&text, "# %s\n# clang %s -c %s\n# %d slots\n", first, strings.Join(clangFlags, " "), filepath.Base(source), len(slots))
		for _, s := range slots {
			text.WriteString(strings.TrimSpace(s) + "\n")
		}
		if err := os.WriteFile(strings.TrimSuffix(source, ".c")+".clang", []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// objectSlots returns the instructions of an object file, each with the map it names.
func objectSlots(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section("prog")
	if section == nil {
		return nil, fmt.Errorf("no section prog")
	}
	code, err := section.Data()
	if err != nil {
		return nil, err
	}
	var slots []string
	for at := 0; at < len(code); at += 8 {
		slots = append(slots, hex.EncodeToString(code[at:at+8]))
	}
	relocations := f.Section(".relprog")
	if relocations == nil {
		return slots, nil
	}
	table, err := relocations.Data()
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	for ; len(table) >= 16; table = table[16:] {
		offset, info := binary.LittleEndian.Uint64(table), binary.LittleEndian.Uint64(table[8:])
		if kind := uint32(info); kind != 1 { // R_BPF_64_64
			return nil, fmt.Errorf("relocation of kind %d at %d: only maps are expected", kind, offset)
		}
		slots[offset/8] += " " + symbols[info>>32-1].Name
	}
	return slots, nil
}

// clangProgram returns the program that clang made of testdata/NAME.c, as it is recorded, with everything but the
// instructions taken from ours.
func clangProgram(t testing.TB, ours *asm.Program) *asm.Program {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", ours.Name()+".clang"))
	if err != nil {
		t.Fatal(err)
	}
	var code []byte
	symbols := make(map[int]string) // by slot
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		word, symbol, named := strings.Cut(strings.TrimSpace(line), " ")
		if named {
			symbols[len(code)/8] = symbol
		}
		slot, err := hex.DecodeString(word)
		if err != nil || len(slot) != 8 {
			t.Fatalf("%s.clang: %q is not a slot", ours.Name(), line)
		}
		code = append(code, slot...)
	}
	spec := asm.ProgramSpec{Name: ours.Name(), Type: ours.Type(), AttachType: ours.AttachType(), License: ours.License(), Maps: ours.Maps()}
	if spec.Instructions, err = asm.Decode(code, binary.LittleEndian); err != nil {
		t.Fatal(err)
	}
	slot := 0
	for i := range spec.Instructions {
		if symbol, named := symbols[slot]; named {
			spec.Instructions[i].Src = asm.Imm64MapFD
			spec.References = append(spec.References, asm.Reference{Index: i, Kind: asm.RefMap, Symbol: symbol})
		}
		slot += spec.Instructions[i].Slots()
	}
	p, err := asm.NewProgram(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
