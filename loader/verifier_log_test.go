//go:build linux

package loader

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The logs in testdata/verifier were written by Linux 6.18 about wrong programs, those called report_* in the format of
// Linux 7.3.
func TestParseLog(t *testing.T) {
	for _, test := range []struct {
		name string
		want report
	}{
		{"uninitialized", report{slot: 0, text: "exit", reason: "R0 !read_ok"}},
		{"helper", report{slot: 0, text: "call bpf_redirect_map#51", reason: "program of this type cannot use helper bpf_redirect_map#51"}},
		{"null", report{slot: 6, text: "r0 = *(u64 *)(r0 +0)", reason: "R0 invalid mem access 'map_value_or_null'"}},
		{"packet", report{slot: 1, text: "r0 = *(u8 *)(r2 +3)",
			reason: "invalid access to packet, off=3 size=1, R2(id=0,off=3,r=0); R2 offset is outside of the packet"}},
		{"map_value", report{slot: 7, text: "r0 = *(u64 *)(r0 +8)",
			reason: "invalid access to map value, value_size=8 off=8 size=8; R0 min value is outside of the allowed memory range"}},
		{"range", report{slot: 8, text: "r0 += r1",
			reason: "math between map_value pointer and register with unbounded min value is not allowed"}},
		{"second_branch", report{slot: 4, text: "r0 = r5", reason: "R5 !read_ok"}},
		{"subprogram", report{slot: 2, text: "r0 = *(u32 *)(r1 +4096)", reason: "invalid bpf_context access off=4096 size=4"}},
		// No instruction comes before the reason, which names one.
		{"unreachable", report{slot: 2, reason: "unreachable insn 2"}},
		// The reason names another instruction than the one that was visited last.
		{"infinite_loop", report{slot: 1, reason: "infinite loop detected at insn 1"}},
		// The reason is on the line of the instruction.
		{"loop_same_line", report{slot: 1, reason: "infinite loop detected at insn 1"}},
		// With source lines from BTF.
		{"reference", report{slot: 10, text: "exit",
			reason: "Unreleased reference id=2 alloc_insn=8; BPF_EXIT instruction in main prog would lead to reference leak"}},
		{"source", report{slot: 21, text: "r1 += r2", reason: "R1 pointer arithmetic on pkt_end prohibited"}},
		{"report_uninitialized", report{slot: 0, text: "exit",
			reason:     "Unreadable register: R0 has never been initialized on this path, so the verifier cannot use it as an input.",
			suggestion: "Initialize R0 on every path before this instruction."}},
		{"report_source", report{slot: 9, text: "r0 = *(u64 *)(r0 +8)",
			reason: "Access outside bounds: The verifier cannot prove offset + access_size <= object_size. Here, 8 + 8 > 8. " +
				"R0 is a map value pointer; offset is constant 8; access_size is 8; object_size is 8.",
			suggestion: "Add or adjust a bounds check that proves offset + access_size stays within the object."}},
		{"report_no_context", report{slot: 3, reason: "Policy"}},
	} {
		log, err := os.ReadFile(filepath.Join("testdata/verifier", test.name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		test.want.lines = strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")
		if diff := cmp.Diff(test.want, parseLog(string(log)), cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	logs, err := filepath.Glob("testdata/verifier/*.log")
	if err != nil || len(logs) != 16 {
		t.Errorf("%d logs, %v: the table has 16", len(logs), err)
	}
}

func TestParseLogIsTolerant(t *testing.T) {
	for _, test := range []struct {
		name, log string
		want      report
	}{
		{"empty", "", report{slot: -1}},
		{"only statistics", "processed 0 insns (limit 1000000)\n", report{slot: -1}},
		{"one line without end", "R0 !read_ok", report{slot: -1, reason: "R0 !read_ok"}},
		{"carriage returns", "0: (95) exit\r\nR0 !read_ok\r\n", report{slot: 0, text: "exit", reason: "R0 !read_ok"}},
		{"number too great", "99999999999: (95) exit\nbad\n", report{slot: -1, reason: "99999999999: (95) exit; bad"}},
		{"precision", "3: (95) exit\nmark_precise: frame0: last_idx 3 first_idx 0 subseq_idx -1\nbad\n", report{slot: 3, text: "exit", reason: "bad"}},
		{"cut off at the beginning", "rt=0)\n4: (95) exit\nbad\n", report{slot: 4, text: "exit", reason: "bad"}},
		{"cut off in the report", "0: (95) exit\nbad\n\nVerification failed: Memory Safety: Access", report{slot: 0, text: "exit", reason: "Access"}},
		{"other branch", "3: (05) goto pc+1\nfrom 3 to 5 (speculative execution): R0=1\n5: (95) exit\nbad", report{slot: 5, text: "exit", reason: "bad"}},
		{"jump and reason", "3: (05) goto pc+1 bad", report{slot: 3, text: "goto pc+1", reason: "bad"}},
		{"jump and state", "3: (e5) may_goto pc-2 1: R0=1\n", report{slot: 3, text: "may_goto pc-2"}},
	} {
		got := parseLog(test.log)
		got.lines = nil
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(report{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func FuzzParseLog(f *testing.F) {
	logs, err := filepath.Glob("testdata/verifier/*.log")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range logs {
		log, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(log))
	}
	f.Fuzz(func(t *testing.T, log string) {
		r := parseLog(log)
		if r.slot < -1 {
			t.Errorf("slot %d", r.slot)
		}
		if strings.ContainsAny(r.reason+r.suggestion+r.text, "\n") {
			t.Errorf("more than one line: %q, %q, %q", r.reason, r.suggestion, r.text)
		}
		if got, want := len(r.lines), strings.Count(log, "\n"); got != want && got != want+1 {
			t.Errorf("%d lines of %d", got, want)
		}
	})
}
