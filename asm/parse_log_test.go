package asm_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
)

// shownBytes is a program as a test compares it: the bytes of each slot and the symbol of each reference.
func shownBytes(p *asm.Program) string {
	code := p.AppendTo(nil, binary.LittleEndian)
	refs := p.References()
	var s strings.Builder
	for i, ins := range p.All() {
		fmt.Fprintf(&s, "%4d: % x", p.Slot(i), code[8*p.Slot(i):8*(p.Slot(i)+ins.Slots())])
		if len(refs) > 0 && refs[0].Index == i {
			fmt.Fprintf(&s, "  %v %s", refs[0].Kind, refs[0].Symbol)
			refs = refs[1:]
		}
		s.WriteByte('\n')
	}
	return s.String()
}

// What a kernel and bpftool said of programs, as TestRecordLogs has written it down, is what was loaded.
func TestParseRecordedLogs(t *testing.T) {
	files, err := filepath.Glob("testdata/log/*")
	if err != nil {
		t.Fatal(err)
	}
	logs := 0
	for _, path := range files {
		ext := filepath.Ext(path)
		if ext == ".bytes" {
			continue
		}
		logs++
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(path, ext) + ".bytes")
			if err != nil {
				t.Fatal(err)
			}
			p := parseOne(t, string(text))
			if diff := cmp.Diff(string(want), shownBytes(p)); diff != "" {
				t.Errorf("(-loaded +parsed):\n%s", diff)
			}
		})
	}
	if logs < 11 {
		t.Errorf("%d recorded texts in testdata/log, want 11", logs)
	}
}
