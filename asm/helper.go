package asm

import (
	"slices"
	"strconv"
	"strings"
)

// Helper is a helper function of the kernel: its number in enum bpf_func_id of include/uapi/linux/bpf.h, which is the
// imm of the call instruction. A helper takes up to five arguments in r1 to r5 and returns in r0.
//
// Which helpers a program may call depends on its type, on its licence and on the kernel; the loader probes that.
type Helper uint32

// HelperByName returns the helper that the kernel calls name, such as "bpf_map_lookup_elem".
func HelperByName(name string) (Helper, bool) {
	k, ok := slices.BinarySearchFunc(helperOrder[:], name, func(h Helper, name string) int { return strings.Compare(h.entry().name, name) })
	if !ok {
		return 0, false
	}
	return helperOrder[k], true
}

// Valid reports whether Linux 6.18 has a helper of this number.
func (h Helper) Valid() bool { return h.entry().name != "" }

// Name returns the kernel's name of the helper, such as "bpf_map_lookup_elem", or "" if there is none.
func (h Helper) Name() string { return h.entry().name }

// String returns the kernel's name, or "helper 300" for a number without one.
func (h Helper) String() string {
	if n := h.entry().name; n != "" {
		return n
	}
	return "helper " + strconv.FormatUint(uint64(h), 10)
}

// NumArgs returns the number of arguments the helper takes at most, or -1 for a number without a helper.
func (h Helper) NumArgs() int {
	e := h.entry()
	if e.name == "" {
		return -1
	}
	n := 0
	for n < len(e.args) && e.args[n] != ArgNone {
		n++
	}
	return n
}

// MinArgs returns the number of arguments the helper needs at least, or -1 for a number without a helper. It differs
// from NumArgs for two: bpf_trace_printk takes up to three values after the format and its size, and
// bpf_get_cgroup_classid takes the context in programs that see packets and nothing in those that see sockets.
func (h Helper) MinArgs() int {
	n := h.NumArgs()
	for n > 0 && h.entry().args[n-1].Has(ArgOptional) {
		n--
	}
	return n
}

// Args returns what the helper wants in r1 to r5; registers it does not take are ArgNone.
//
// A few helpers differ between program types. The table has what socket and packet programs see: in tracing programs
// bpf_sk_storage_get and bpf_sk_storage_delete take a kernel object that may be null, and bpf_xdp_get_buff_len takes one
// in place of the context; bpf_sk_assign takes null in sk_lookup programs only.
func (h Helper) Args() [5]ArgKind { return h.entry().args }

// Returns tells what the helper leaves in r0.
func (h Helper) Returns() ReturnKind { return h.entry().returns }

// GPLOnly reports whether only programs with a licence compatible with the GPL may call the helper. Two helpers are
// reported as such although some program types may call them freely: bpf_get_stackid in perf_event programs and
// bpf_get_func_ip in kprobe.multi and uprobe.multi programs.
func (h Helper) GPLOnly() bool { return h.entry().gplOnly }

// signature describes the arguments.
func (h Helper) signature() string {
	if h.NumArgs() == 0 {
		return "none"
	}
	var s []string
	args := h.Args()
	for _, a := range args[:h.NumArgs()] {
		s = append(s, a.Kind().String())
	}
	return strings.Join(s, ", ")
}

// entry returns the table's entry for h, the zero value if it has none.
func (h Helper) entry() helper {
	if uint64(h) >= uint64(len(helpers)) {
		return helper{}
	}
	return helpers[h]
}

// helper is what the kernel states about a helper in its struct bpf_func_proto.
type helper struct {
	name    string
	returns ReturnKind
	gplOnly bool
	args    [5]ArgKind
}

// ArgKind is what a helper wants in one argument register: a kind and flags (enum bpf_arg_type of the kernel).
type ArgKind uint16

// The kinds of arguments.
const (
	ArgNone          ArgKind = iota // the register is not an argument
	ArgAnything                     // any initialised value: number, flags, index; a pointer only for root
	ArgContext                      // the program's context, unchanged
	ArgContextOrSock                // the context or a socket, which one depends on the program's type
	ArgMap                          // a map: LD_IMM64 of a map descriptor
	ArgMapKey                       // pointer to as many bytes as the keys of the map have
	ArgMapValue                     // pointer to as many bytes as the values of the map have
	ArgMem                          // pointer to as many bytes as the next argument says
	ArgMem4                         // pointer to 4 bytes
	ArgMem8                         // pointer to 8 bytes
	ArgMem20                        // pointer to 20 bytes: an IPv4 or TCP header
	ArgMem40                        // pointer to 40 bytes: an IPv6 header
	ArgSize                         // number of bytes at the argument before, bounded and not 0
	ArgSizeOrZero                   // number of bytes at the argument before, bounded
	ArgAllocSize                    // number of bytes the returned pointer may reach, a constant
	ArgSockCommon                   // a socket, possibly of a request or in TIME_WAIT: struct bpf_sock
	ArgSock                         // a socket as struct bpf_sock or as a kernel type (BTF)
	ArgBTF                          // pointer to a kernel struct (BTF)
	ArgPerCPUBTF                    // address of a per-CPU variable of the kernel (BTF)
	ArgRingBufMem                   // what bpf_ringbuf_reserve returned
	ArgFunc                         // address of a subprogram: LD_IMM64 of a function
	ArgStack                        // pointer into the stack, handed to the callback
	ArgString                       // string that ends in NUL, in a read-only map
	ArgSpinLock                     // pointer to a bpf_spin_lock in a map value
	ArgTimer                        // pointer to a bpf_timer in a map value
	ArgKptr                         // pointer to a kernel pointer in a map value
	ArgDynptr                       // pointer to a bpf_dynptr on the stack

	argKinds // number of kinds
)

// Flags of an ArgKind.
const (
	ArgOrNull   ArgKind = 1 << 8  // 0 is accepted as well
	ArgUninit   ArgKind = 1 << 9  // the helper fills the memory, which need not be initialised
	ArgWritten  ArgKind = 1 << 10 // the helper reads the memory and writes to it
	ArgReleased ArgKind = 1 << 11 // the reference is gone after the call
	ArgOptional ArgKind = 1 << 12 // the register need not be set

	argFlags = ArgOrNull | ArgUninit | ArgWritten | ArgReleased | ArgOptional
)

// Kind returns the kind without flags.
func (a ArgKind) Kind() ArgKind { return a &^ argFlags }

// Has reports whether a has all of the given flags.
func (a ArgKind) Has(flags ArgKind) bool { return a&flags == flags }

// FixedSize returns the number of bytes the pointer must reach when the kind alone says so, otherwise 0.
func (a ArgKind) FixedSize() int {
	switch a.Kind() {
	case ArgMem4:
		return 4
	case ArgMem8:
		return 8
	case ArgMem20:
		return 20
	case ArgMem40:
		return 40
	}
	return 0
}

// String describes the argument in words: "memory or null".
func (a ArgKind) String() string {
	s := name(argKindNames[:], uint32(a.Kind()), "argument kind ")
	if a.Has(ArgOrNull) {
		s += " or null"
	}
	if a.Has(ArgUninit) {
		s += ", filled"
	}
	if a.Has(ArgWritten) {
		s += ", changed"
	}
	if a.Has(ArgReleased) {
		s += ", released"
	}
	if a.Has(ArgOptional) {
		s += ", optional"
	}
	return s
}

var argKindNames = [argKinds]string{
	ArgNone:          "none",
	ArgAnything:      "any value",
	ArgContext:       "context",
	ArgContextOrSock: "context or socket",
	ArgMap:           "map",
	ArgMapKey:        "pointer to a map key",
	ArgMapValue:      "pointer to a map value",
	ArgMem:           "pointer to memory",
	ArgMem4:          "pointer to 4 bytes",
	ArgMem8:          "pointer to 8 bytes",
	ArgMem20:         "pointer to 20 bytes",
	ArgMem40:         "pointer to 40 bytes",
	ArgSize:          "size",
	ArgSizeOrZero:    "size or zero",
	ArgAllocSize:     "constant size",
	ArgSockCommon:    "socket",
	ArgSock:          "socket or kernel socket",
	ArgBTF:           "kernel object",
	ArgPerCPUBTF:     "per-CPU variable of the kernel",
	ArgRingBufMem:    "ring buffer record",
	ArgFunc:          "function",
	ArgStack:         "pointer to the stack",
	ArgString:        "constant string",
	ArgSpinLock:      "spin lock in a map value",
	ArgTimer:         "timer in a map value",
	ArgKptr:          "kernel pointer in a map value",
	ArgDynptr:        "dynptr",
}

// ReturnKind is what a helper returns: a kind and possibly ReturnOrNull (enum bpf_return_type of the kernel).
type ReturnKind uint8

// The kinds of results.
const (
	ReturnInteger    ReturnKind = iota // a number; negative errno on failure for most helpers
	ReturnVoid                         // nothing: r0 is not readable after the call
	ReturnMapValue                     // pointer to a value of the map that was an argument
	ReturnMem                          // pointer to as many bytes as the ArgAllocSize argument said
	ReturnSocket                       // a full socket: struct bpf_sock
	ReturnSockCommon                   // a socket, possibly of a request or in TIME_WAIT: struct bpf_sock
	ReturnTCPSock                      // struct bpf_tcp_sock
	ReturnPerCPU                       // pointer to a per-CPU variable of the kernel, read-only
	ReturnBTF                          // pointer to a kernel struct (BTF)

	returnKinds // number of kinds
)

// ReturnOrNull flags a pointer that must be compared with 0 before it is used.
const ReturnOrNull ReturnKind = 1 << 7

// Kind returns the kind without ReturnOrNull.
func (r ReturnKind) Kind() ReturnKind { return r &^ ReturnOrNull }

// OrNull reports whether the result must be compared with 0 before it is used.
func (r ReturnKind) OrNull() bool { return r&ReturnOrNull != 0 }

// Pointer reports whether the result is a pointer.
func (r ReturnKind) Pointer() bool { return r.Kind() >= ReturnMapValue }

// String describes the result in words: "pointer to a map value or null".
func (r ReturnKind) String() string {
	s := name(returnKindNames[:], uint32(r.Kind()), "return kind ")
	if r.OrNull() {
		s += " or null"
	}
	return s
}

var returnKindNames = [returnKinds]string{
	ReturnInteger:    "integer",
	ReturnVoid:       "nothing",
	ReturnMapValue:   "pointer to a map value",
	ReturnMem:        "pointer to memory",
	ReturnSocket:     "full socket",
	ReturnSockCommon: "socket",
	ReturnTCPSock:    "TCP socket",
	ReturnPerCPU:     "pointer to a per-CPU variable of the kernel",
	ReturnBTF:        "kernel object",
}
