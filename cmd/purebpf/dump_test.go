package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The bytes are those of RFC 9669: opcode, registers (source in the upper half on little-endian machines), offset,
// immediate.
func TestDump(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sample.s")
	text := `.program sample socket_filter
.license "GPL"
.map counts hash key=4 value=8 entries=16
.map .data array key=4 value=4 entries=1
.contents "\x01\x02\x03\x04"
.file 1 "/src/sample.go"
.loc 1 7
	r1 = counts ll
.comment "where the data is"
.loc 1 8
	r2 = .data+2 ll
	call helper
.loc 1 9
done:
	r0 = -1
	goto done
	exit
`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	want := `program sample: socket_filter, 8 slots, 64 bytes, licence "GPL"
; sample.go:7
sample:
   0  18 11 00 00 00 00 00 00  r1 = counts ll               ; map
   1  00 00 00 00 00 00 00 00
; sample.go:8 where the data is
   2  18 22 00 00 00 00 00 00  r2 = .data+2 ll              ; map value
   3  00 00 00 00 02 00 00 00
   4  85 10 00 00 ff ff ff ff  call helper                  ; subprogram
; sample.go:9
done:
   5  b7 00 00 00 ff ff ff ff  r0 = -1
   6  05 00 fe ff 00 00 00 00  goto done
   7  95 00 00 00 00 00 00 00  exit

map counts: hash, keys of 4 bytes, values of 8, at most 16 entries
map .data: array, keys of 4 bytes, values of 4, at most 1 entries, contents 01 02 03 04
`
	if diff := cmp.Diff(want, tool(t, "dump", path, "-order", "little")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	big := tool(t, "dump", path, "-order", "big")
	for _, want := range []string{"18 22 00 00 00 00 00 00", "00 00 00 00 00 00 00 02", "85 01 00 00 ff ff ff ff", "05 00 ff fe 00 00 00 00"} {
		if !strings.Contains(big, want) {
			t.Errorf("no %q in\n%s", want, big)
		}
	}
}

func TestDumpClassic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ip.txt")
	if err := os.WriteFile(path, []byte("ldh [12]\njne #0x800, no\nret #96\nno: ret #0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := `program ip: classic, 4 slots, 32 bytes
; ip.txt:1
   0  28 00 00 00 0c 00 00 00  l0:  ldh [12]
; ip.txt:2
   1  15 00 00 01 00 08 00 00  l1:  jeq #0x800, l2, l3
; ip.txt:3
   2  06 00 00 00 60 00 00 00  l2:  ret #0x60
; ip.txt:4
   3  06 00 00 00 00 00 00 00  l3:  ret #0
`
	if diff := cmp.Diff(want, tool(t, "dump", path, "-order", "little")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDumpJSON(t *testing.T) {
	for _, program := range append(shippedNames(), "testdata/example/filter.s") {
		var l listing
		if err := json.Unmarshal([]byte(tool(t, "dump", program, "-json", "-order", "little")), &l); err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		if diff := cmp.Diff(tool(t, "dump", program, "-order", "little"), string(l.text())); diff != "" {
			t.Errorf("%s: the JSON has something else than the text (-text +JSON):\n%s", program, diff)
		}
	}
	var rows []listedShipped
	if err := json.Unmarshal([]byte(tool(t, "list", "-json")), &rows); err != nil || len(rows) != 4 {
		t.Fatalf("%v, %v", rows, err)
	}
	// bytemod is six instructions, see its documentation, of eight bytes.
	want := listedShipped{Name: "bytemod", Type: "classic", Instructions: 6, Bytes: 48, Summary: rows[1].Summary}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
