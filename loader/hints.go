//go:build linux

package loader

import "strings"

// hint says what an author may do about something that the verifier said, as far as the cause is known: the reasons in
// kernel/bpf/verifier.c are about registers and states, authors think in values and packets. It returns "" otherwise.
func hint(reason string) string {
	for _, h := range [...]struct{ said, hint string }{
		// The particular before the general: the verifier may say several things at once.
		{"_or_null'", "this may be null: test it with NotEq(0) before it is used"},
		{"_or_null expected", "this may be null: test it with NotEq(0) before it is passed on"},
		{"invalid access to packet", "compare the end of what is read with the end of the packet first, as Packet.Need does"},
		{"R0 !read_ok", "r0 has no value on one of the ways here: give Return a value, or set r0 before exit"},
		{"!read_ok", "the register has no value on one of the ways here; a call leaves none in r1 to r5"},
		{"cannot use helper", "programs of this type may not call this helper; HaveHelper asks the kernel which may"},
		{"unknown func", "programs of this type may not call this helper; HaveHelper asks the kernel which may"},
		{"cannot call GPL-restricted function", "this helper is for programs under the GPL: Builder.License"},
		{"cannot pass map_type", "this helper does not work on maps of this type"},
		{"invalid bpf_context access", "the context of this type of program has no such field, or not to be read or written " +
			"here or with this width; use the fields by name"},
		{"dereference of modified ctx ptr", "the offset of a field goes into the load, not into the pointer"},
		{"invalid access to map value", "compare the offset with the size of the map's value first"},
		{"outside of the allowed memory range", "compare the offset with the size of the memory first"},
		{"invalid mem access 'scalar'", "this is a number and no pointer: pointers are lost in arithmetic on 32 bits and in partial copies"},
		{"invalid mem access 'inv'", "this is a number and no pointer: pointers are lost in arithmetic on 32 bits and in partial copies"},
		{"At program exit the register R0", "programs of this type return only what the range says"},
		{"Unreleased reference", "give back what this call returned, on every way to the exit: bpf_sk_release for a socket"},
		{"infinite loop detected", "the loop changes nothing that its end depends on: count in a register, as For does"},
		{"back-edge from insn", "the kernel takes no loops here: Unroll, or load it with CAP_BPF"},
		{"unreachable insn", "no way leads here: what is before it ends with Return, Exit or a jump"},
		{"Processed 1000001 insn", "the verifier follows every way and every round: shorten loops, or use bpf_loop or MayGoto"},
		{"invalid read from stack", "store something there first: Builder.Zero clears a whole object"},
		{"invalid write to stack", "the frame has 512 bytes, below r10"},
		{"combined stack size", "the frames of functions that call each other have 512 bytes together"},
		{"unbounded memory access", "compare the length with a constant maximum first"},
		{"min value is negative", "compare the number as unsigned with a maximum first, or And it with a mask"},
		{"misaligned", "the address has to be a multiple of the width: read bytes, or copy with bpf_skb_load_bytes"},
	} {
		if strings.Contains(reason, h.said) {
			return h.hint
		}
	}
	return ""
}
