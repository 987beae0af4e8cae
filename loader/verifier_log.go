//go:build linux

package loader

import (
	"strconv"
	"strings"
)

// report is what a verifier's log says about the failure.
type report struct {
	lines      []string
	reason     string
	suggestion string // only in the structured format
	slot       int    // of the instruction the failure is about, -1 when the log does not tell
	text       string // of that instruction, as the kernel prints it
}

// parseLog finds the deciding lines of a log. There are two formats.
//
// The first is a trace of the instructions on the way to the failure, each "12: (61) r0 = *(u32 *)(r1 +0)", with source
// lines and what is known of the registers in between; the lines after the last of these are the reason:
//
//	; b.Exit() @ dcid.go:57
//	0: (95) exit
//	R0 !read_ok
//	processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
//
// From Linux 7.3 on most failures add a report with headings behind it (kernel/bpf/diagnostics.c):
//
//	Verification failed: Register Type Safety: Unreadable register
//
//	Reason:
//	  R0 has never been initialized on this path, so the verifier cannot use it as an input.
//
//	At:
//	  insn 0
//	        | ^-- error: R0 is not readable
//	  Instruction context:
//	  >>> 0 | (95) exit
//
//	Causal path:
//	  no retained diagnostic events on this path
//
//	Suggestion:
//	  Initialize R0 on every path before this instruction.
//
// Whatever the log is, nothing of it is lost: report.lines has all of it.
func parseLog(log string) report {
	r := report{slot: -1, lines: splitLines(log)}
	trace := r.lines
	for i := len(r.lines) - 1; i >= 0; i-- {
		if header, ok := strings.CutPrefix(r.lines[i], "Verification failed: "); ok {
			trace = r.lines[:i]
			r.structured(header, r.lines[i+1:])
			break
		}
	}
	r.trace(trace)
	return r
}

func splitLines(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return lines
}

// structured reads the sections below the header "Category: Problem".
func (r *report) structured(header string, lines []string) {
	if _, problem, ok := strings.Cut(header, ": "); ok {
		header = problem
	}
	section := ""
	var reason, suggestion []string
	instructions := false // below "Instruction context:"
	for _, line := range lines {
		if name, ok := heading(line); ok {
			section, instructions = name, false
			continue
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "" || isStatistics(line):
		case section == "Reason":
			reason = append(reason, line)
		case section == "Suggestion":
			suggestion = append(suggestion, line)
		case section != "At":
		case line == "Instruction context:":
			instructions = true
		case instructions:
			if rest, ok := strings.CutPrefix(line, ">>> "); ok {
				r.context(rest)
			}
		case r.slot < 0:
			if n, ok := strings.CutPrefix(line, "insn "); ok {
				r.slot = number(n)
			}
		}
	}
	r.suggestion = strings.Join(suggestion, " ")
	r.reason = header
	if len(reason) > 0 {
		r.reason += ": " + strings.Join(reason, " ")
	}
}

// context reads "0 | (95) exit".
func (r *report) context(line string) {
	n, text, ok := strings.Cut(line, " | ")
	if slot := number(strings.TrimSpace(n)); ok && slot >= 0 {
		r.slot, r.text = slot, withoutOpcode(text)
	}
}

// heading returns the title of a section: a line such as "Causal path:" that is not indented.
func heading(line string) (string, bool) {
	if line == "" || line[0] == ' ' {
		return "", false
	}
	return strings.CutSuffix(line, ":")
}

// trace reads the first format. What the structured report said already stays.
func (r *report) trace(lines []string) {
	slot, text := -1, ""
	var reason []string
	for _, line := range lines {
		switch n, t, rest, ok := instruction(line); {
		case ok:
			slot, text, reason = n, t, nil
			if rest != "" && !isTrace(rest) {
				reason = append(reason, rest)
			}
		case isTrace(line):
			reason = nil
		case strings.TrimSpace(line) == "" || isStatistics(line) || isNoise(line):
		default:
			reason = append(reason, strings.TrimSpace(line))
		}
	}
	if r.reason == "" {
		r.reason = strings.Join(reason, "; ")
	}
	if r.slot >= 0 {
		return
	}
	if n := mentioned(reason); n >= 0 && n != slot {
		slot, text = n, ""
	}
	r.slot, r.text = slot, text
}

// instruction reads "12: (61) r0 = *(u32 *)(r1 +0)         ; R0_w=scalar() R1=ctx()". The line of a jump may end in
// something else than what is known afterwards, because the kernel starts no new line for it: the next state or the reason.
func instruction(line string) (slot int, text, rest string, ok bool) {
	n, code, ok := strings.Cut(line, ": (")
	if slot = number(n); !ok || slot < 0 || len(code) < 3 || code[2] != ')' {
		return -1, "", "", false
	}
	text, _, _ = strings.Cut(code[3:], " ; ")
	if before, target, ok := strings.Cut(text, " pc"); ok && len(target) > 0 {
		end := 1 // behind the sign
		for end < len(target) && target[end] >= '0' && target[end] <= '9' {
			end++
		}
		text, rest = before+" pc"+target[:end], strings.TrimSpace(target[end:])
	}
	return slot, strings.TrimSpace(text), rest, true
}

// withoutOpcode turns "(95) exit" into "exit".
func withoutOpcode(text string) string {
	if len(text) > 4 && text[0] == '(' && text[3] == ')' {
		text = text[4:]
	}
	return strings.TrimSpace(text)
}

// isTrace reports whether a line belongs to the trace between two instructions, so that what came before it was no
// reason: a state "12: R1=ctx() R10=fp0", a jump to another branch "from 3 to 7: R0=...", a source line.
func isTrace(line string) bool {
	if strings.HasPrefix(line, "; ") {
		return true
	}
	place, _, ok := strings.Cut(line, ":")
	if !ok {
		return false
	}
	if to, ok := strings.CutPrefix(place, "from "); ok {
		from, to, ok := strings.Cut(to, " to ")
		to, _, _ = strings.Cut(to, " ") // "from 3 to 7 (speculative execution)"
		return ok && number(from) >= 0 && number(to) >= 0
	}
	return number(place) >= 0
}

// isNoise recognizes lines that may stand between the last instruction and the reason without being part of it.
func isNoise(line string) bool {
	for _, prefix := range [...]string{
		"mark_precise: ", "last_idx ", "regs=", "parent ", "propagating ", "func#", "cur state:", "old state:", "Live regs",
		"Func ", "Validating ", "caller:", "callee:", " R", " frame",
	} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// isStatistics recognizes what the verifier writes when it is done.
func isStatistics(line string) bool {
	for _, prefix := range [...]string{"processed ", "verification time ", "stack depth ", "insns processed "} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// mentioned returns the slot that a reason names, such as "unreachable insn 2" or "back-edge from insn 1 to 0".
func mentioned(reason []string) int {
	for _, line := range reason {
		if _, rest, ok := strings.Cut(line, "insn "); ok {
			end := 0
			for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
				end++
			}
			if n := number(rest[:end]); n >= 0 {
				return n
			}
		}
	}
	return -1
}

// number reads a decimal number of a slot, -1 when s is none.
func number(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}
