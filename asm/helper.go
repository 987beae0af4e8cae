package asm

// Helper is a helper function of the kernel: its number in enum bpf_func_id, which is the imm of the call instruction.
type Helper uint32

// Name returns the kernel's name of the helper, such as "bpf_map_lookup_elem", or "" for a number without a helper.
func (h Helper) Name() string { return "" }

// NumArgs returns the number of arguments the helper takes, in r1 to r5, or -1 for a number without a helper.
func (h Helper) NumArgs() int { return -1 }
