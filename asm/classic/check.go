package classic

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// Limits of the machine.
const (
	MaxInstructions = 4096 // BPF_MAXINSNS of linux/bpf_common.h
	ScratchWords    = 16   // BPF_MEMWORDS of linux/filter.h
	MaxSkip         = 255  // what jt and jf of a conditional jump reach; Jump has no such limit
)

// check returns what the kernel's bpf_check_classic refuses in a program, where the kernel stops at the first: up to
// limit mistakes, and how many more there are.
func check(program []bpf.RawInstruction, limit int) (problems []problem, more int) {
	switch n := len(program); {
	case n == 0:
		return []problem{{index: -1, reason: "no instructions"}}, 0
	case n > MaxInstructions:
		return []problem{{index: -1, reason: fmt.Sprintf("%d instructions, the kernel takes at most %d", n, MaxInstructions)}}, 0
	}
	add := func(index int, reason string) {
		if len(problems) == limit {
			more++
			return
		}
		problems = append(problems, problemf(index, program[index], "%s", reason))
	}
	for i, ins := range program {
		if reason := checkInstruction(ins, len(program)-i-1); reason != "" {
			add(i, reason)
		}
	}
	last := len(program) - 1
	if op := Opcode(program[last].Op); op.known() && !op.returns() {
		add(last, "the last instruction must be a return")
	}
	if len(problems) == 0 {
		checkScratch(program, add)
	}
	return problems, more
}

// forwardOnly is the reason to refuse a loop. Nobody but libpcap writes one by number.
const forwardOnly = "classic programs jump forward only; loops, which libpcap makes of protochain, are for user space"

// checkInstruction returns what is wrong with an instruction that has rest instructions after it, or "".
func checkInstruction(ins bpf.RawInstruction, rest int) string {
	op := Opcode(ins.Op)
	if !op.known() {
		return fmt.Sprintf("the kernel has no opcode %#02x", ins.Op)
	}
	switch op {
	case OpDivK, OpModK:
		if ins.K == 0 {
			return "division by the constant zero"
		}
	case OpLshK, OpRshK:
		if ins.K >= 32 {
			return "shift by 32 bits or more"
		}
	case OpLdMem, OpLdxMem, OpSt, OpStx:
		if ins.K >= ScratchWords {
			return fmt.Sprintf("scratch memory has the words M[0] to M[%d]", ScratchWords-1)
		}
	case OpLdAbsW, OpLdAbsH, OpLdAbsB:
		if _, ok := extensionOf(ins.K); ins.K >= skfADOff && !ok {
			return fmt.Sprintf("no extension %d in Linux", ins.K-skfADOff)
		}
	case OpJa:
		if back := int32(ins.K); back < 0 {
			return fmt.Sprintf("jumps %d instructions back: %s", -(int64(back) + 1), forwardOnly)
		}
		if uint64(ins.K) >= uint64(rest) {
			return fmt.Sprintf("jumps over %d of the %d instructions that follow", ins.K, rest)
		}
	}
	if op.conditional() {
		if skip := max(ins.Jt, ins.Jf); int(skip) >= rest {
			return fmt.Sprintf("jumps over %d of the %d instructions that follow", skip, rest)
		}
	}
	return ""
}

// checkScratch refuses reads of scratch words that no path has written, by the rules of the kernel's
// check_load_and_stores. Jumps must be in range.
func checkScratch(program []bpf.RawInstruction, refuse func(index int, reason string)) {
	refused := scratchReads(program, true)
	if len(refused) == 0 {
		return
	}
	// The kernel lets the words that are valid at a return flow on to the instruction after it, which can refuse a
	// program that is right. Name it, for otherwise the author looks for a mistake that is not there.
	wrong := scratchReads(program, false)
	for _, i := range refused {
		reason := fmt.Sprintf("reads M[%d], which not every path to it has written", program[i].K)
		if _, found := slices.BinarySearch(wrong, i); !found {
			reason += "; it is written, but the kernel takes the return further up for a path to here:" +
				" move that return to the end"
		}
		refuse(i, reason)
	}
}

// scratchReads returns the instructions that read a word not written on every path, in order. fallthroughReturns makes
// a return a path to the instruction after it, as the kernel has it.
func scratchReads(program []bpf.RawInstruction, fallthroughReturns bool) (reads []int) {
	const all = 1<<ScratchWords - 1
	written := make([]uint16, len(program)) // on every jump to the instruction
	for i := range written {
		written[i] = all
	}
	valid := uint16(0) // words written on every path to the instruction
	for i, ins := range program {
		valid &= written[i]
		switch op := Opcode(ins.Op); {
		case op == OpSt || op == OpStx:
			valid |= 1 << ins.K
		case op == OpLdMem || op == OpLdxMem:
			if valid&(1<<ins.K) == 0 {
				reads = append(reads, i)
			}
		case op == OpJa:
			written[i+1+int(ins.K)] &= valid
			valid = all
		case op.conditional():
			written[i+1+int(ins.Jt)] &= valid
			written[i+1+int(ins.Jf)] &= valid
			valid = all
		case op.returns() && !fallthroughReturns:
			valid = all
		}
	}
	return reads
}

// unreachable returns the first instruction of every stretch that no path reaches. Jumps must be in range. The
// kernel does not mind them; in a program someone has just written they are a mistake.
func unreachable(program []bpf.RawInstruction) []int {
	reached := reachable(program)
	var stretches []int
	for i := range program {
		if !reached[i] && reached[i-1] { // the first instruction always is
			stretches = append(stretches, i)
		}
	}
	return stretches
}

// reachable returns for each instruction whether a path leads there.
func reachable(program []bpf.RawInstruction) []bool {
	reached := make([]bool, len(program)+1)
	reached[0] = true
	for i, ins := range program {
		if !reached[i] {
			continue
		}
		switch op := Opcode(ins.Op); {
		case op == OpJa:
			reached[i+1+int(ins.K)] = true
		case op.conditional():
			reached[i+1+int(ins.Jt)] = true
			reached[i+1+int(ins.Jf)] = true
		case !op.returns():
			reached[i+1] = true
		}
	}
	return reached
}
