package golden

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/goldenflag"
)

// Check compares the program's listing with the file at path, relative to the folder of the test's package, and fails
// the test when they differ. Under -update it writes the file instead, and the folders on the way. Line ends may be
// LF or CRLF.
func Check(t testing.TB, p *asm.Program, path string) {
	t.Helper()
	if p == nil {
		t.Fatalf("golden: %s: no program", path)
	}
	check(t, listing(p), path, header)
}

// CheckClassic is Check for a classic program. The bytes are those of struct sock_filter: code, jt, jf, k.
func CheckClassic(t testing.TB, p *classic.Program, path string) {
	t.Helper()
	if p == nil {
		t.Fatalf("golden: %s: no program", path)
	}
	check(t, listingClassic(p), path, header)
}

// CheckText is Check for any text, such as the C or Go source made of a program. It compares line by line.
func CheckText(t testing.TB, got, path string) {
	t.Helper()
	check(t, got, path, "")
}

// Update reports whether golden files are to be rewritten: by the flag -update, whoever defined it, or by
// GOLDEN_UPDATE=1 in the environment. Call it after the command line is parsed, as it is in tests.
func Update() bool { return goldenflag.Update() }

// howToUpdate ends the messages.
const howToUpdate = "go test -update"

// check holds the text against the file, which begins with the given line.
func check(t testing.TB, got, path, first string) {
	t.Helper()
	switch {
	case path == "":
		t.Fatal("golden: no path given")
	case strings.Contains(path, "\n"):
		t.Fatalf("golden: the path %.40q has line breaks; the path is the last argument", path)
	}
	if err := checkOrUpdate(got, path, first, Update()); err != nil {
		t.Errorf("golden: %v", err)
	}
}

// checkOrUpdate returns what is wrong with the file.
func checkOrUpdate(got, path, first string, update bool) error {
	data, err := os.ReadFile(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return err
	}
	want, got := lines(string(data)), strings.ReplaceAll(got, "\r\n", "\n")
	fresh := !missing && want == got
	switch {
	case fresh:
		return nil // under -update, too: a checkout with CRLF keeps them
	case update:
		return write(path, got)
	case missing:
		return fmt.Errorf("%s is missing: %s writes it", path, howToUpdate)
	}
	if reason := malformed(want, got, first); reason != "" {
		return fmt.Errorf("%s %s: restore it, or write it anew with %s", path, reason, howToUpdate)
	}
	return fmt.Errorf("%s is stale (-file +now): review, then %s\n%s", path, howToUpdate, diff(want, got))
}

// lines returns the text of a file with LF as line ends, whatever git made of them.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// malformed returns what makes the content of a file no golden file, or "". A program that changed is no such reason.
func malformed(want, got, first string) string {
	begin, _, _ := strings.Cut(want, "\n")
	switch {
	case want == "":
		return "is empty"
	case strings.ContainsRune(want, 0) || !utf8.ValidString(want) && utf8.ValidString(got):
		return "is not text"
	case strings.Contains("\n"+want, "\n<<<<<<< ") && !strings.Contains("\n"+got, "\n<<<<<<< "):
		return "has the marks of a merge conflict"
	case first != "" && begin != first:
		return fmt.Sprintf("is no golden file of a program: its first line is %.60q, not %q", begin, first)
	case len(want) < len(got) && !strings.HasSuffix(want, "\n") && strings.HasSuffix(got, "\n"):
		return fmt.Sprintf("ends in the middle of line %d of %d: it is cut short", strings.Count(want, "\n")+1,
			strings.Count(got, "\n"))
	}
	return ""
}

// header is the first line of the listing of a program.
var header = fmt.Sprintf("%-4s  %-23s  %-23s  %s", "slot", "little endian", "big endian", "text")

// listing returns a line for each slot, with its bytes in both byte orders and the instruction's text, and a line for
// each label.
func listing(p *asm.Program) string {
	little, big := p.AppendTo(nil, binary.LittleEndian), p.AppendTo(nil, binary.BigEndian)
	var out strings.Builder
	fmt.Fprintln(&out, header)
	i := 0
	for line := range strings.Lines(p.String()) {
		text, instruction := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		if !instruction {
			fmt.Fprintln(&out, text) // a label
			continue
		}
		for slot := p.Slot(i); slot < p.Slot(i)+p.At(i).Slots(); slot++ {
			row(&out, slot, little[8*slot:8*slot+8], big[8*slot:8*slot+8], text)
			text = ""
		}
		i++
	}
	return out.String()
}

// listingClassic is the same for a classic program, whose text has the label of every instruction before it.
func listingClassic(p *classic.Program) string {
	var out strings.Builder
	fmt.Fprintln(&out, header)
	text := strings.Split(p.String(), "\n")
	for i, ins := range p.All() {
		fields := func(order binary.AppendByteOrder) []byte {
			b := append(order.AppendUint16(nil, ins.Op), ins.Jt, ins.Jf)
			return order.AppendUint32(b, ins.K)
		}
		row(&out, i, fields(binary.LittleEndian), fields(binary.BigEndian), strings.ReplaceAll(text[i], "\t", " "))
	}
	return out.String()
}

func row(out *strings.Builder, slot int, little, big []byte, text string) {
	line := fmt.Sprintf("%4d  % x  % x  %s", slot, little, big, text)
	fmt.Fprintln(out, strings.TrimRight(line, " "))
}
