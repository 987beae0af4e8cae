package asm_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// refusal is a program that is refused. Above each wrong line is a comment "refused:" with all of its message but file
// and line; other lines that the message names are written as their distance, such as line-2, not counting the comments.
type refusal struct {
	name  string
	typ   asm.ProgramType
	build func(b *asm.Builder)
}

// checkRefusals holds the errors of the programs, and their lines, against the comments in the file that calls it.
func checkRefusals(t *testing.T, refusals []refusal) {
	t.Helper()
	_, file, line, _ := runtime.Caller(1)
	want, err := readRefusals(file, line)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			b := asm.NewBuilder("test", r.typ)
			r.build(b)
			p, err := b.Program()
			if err == nil {
				t.Fatalf("not refused:\n%v", p)
			}
			got := make(map[int][]string)
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var e *asm.Error
				if !errors.As(err, &e) || e.Position.File != file {
					t.Errorf("not at a line of this file: %v", err)
					continue
				}
				got[e.Position.Line] = append(got[e.Position.Line], want.relative(err.Error(), e.Position))
			}
			for line, messages := range got {
				if diff := cmp.Diff(want.messages[line], strings.Join(messages, "; and ")); diff != "" {
					t.Errorf("line %d (-want +got):\n%s", line, diff)
				}
				delete(want.messages, line)
			}
		})
	}
	for line, message := range want.messages {
		t.Errorf("%s:%d is not refused, want %s", filepath.Base(file), line, message)
	}
}

// refusals are the messages in the comments of a file.
type refusals struct {
	messages map[int]string // by the line that they are about
	code     []int          // for every line how many before it are no such comments
}

// readRefusals reads the comments from a line on to the end of the function.
func readRefusals(file string, from int) (*refusals, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &refusals{messages: make(map[int]string), code: []int{0}}
	message, code, inside, ended := "", 0, false, false
	for n, line := range strings.Split(string(source), "\n") {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "// ")
		switch text, begins := strings.CutPrefix(comment, "refused:"); {
		case ok && begins:
			message, inside = strings.TrimSpace(text), true
		case ok && inside:
			message += " " + comment
		default:
			if inside && n >= from && !ended {
				r.messages[n+1] = message
			}
			ended = ended || n >= from && strings.HasPrefix(line, "}")
			inside = false
			code++
		}
		r.code = append(r.code, code)
	}
	return r, nil
}

// relative writes the lines in a message as distances from p, without counting the comments, and leaves out p itself and
// the program's name.
func (r *refusals) relative(message string, p asm.Position) string {
	message = strings.TrimPrefix(message, p.String()+": test: ")
	lines := regexp.MustCompile(regexp.QuoteMeta(filepath.Base(p.File)) + `:(\d+)`)
	return lines.ReplaceAllStringFunc(message, func(s string) string {
		_, number, _ := strings.Cut(s, ":")
		line, _ := strconv.Atoi(number)
		return fmt.Sprintf("line%+d", r.code[line]-r.code[p.Line])
	})
}
