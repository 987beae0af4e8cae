// Package elf writes and reads BPF programs as relocatable ELF objects: the form that clang makes of C and that bpftool,
// libbpf and cilium/ebpf load.
//
// An object of programs that the builder made becomes a file that others load, without this module:
//
//	b := asm.NewBuilder("drop_all", asm.XDP)
//	b.Return(asm.XDPDrop)
//	program, err := b.Program()
//	...
//	object, err := reloc.NewObject(program)
//	...
//	file, err := elf.Append(nil, object, nil)
//	...
//	err = os.WriteFile("drop_all.o", file, 0o644) // bpftool prog load drop_all.o /sys/fs/bpf/drop_all
//
// The other way, a file that clang made becomes an object to print, simulate, link and load:
//
//	object, err := elf.Read("filter.o", file)
//
// # What is in a file
//
// The type of a program is the name of its section, one of a list that libbpf has made: "xdp", "sk_msg",
// "kprobe/tcp_connect". Functions that programs call stand in .text. Instructions that name a map or a function have a
// relocation, which the loader resolves: reloc.Object.Link here.
//
// Maps are variables in the section .maps, and what they are is in their types, which the section .BTF holds: a map of 64
// entries has a member max_entries that points to an array of 64 elements. Global data are sections, .rodata, .data and
// .bss, of which the loader makes maps of one element. BTF also names functions and variables, and .BTF.ext says which
// line of the source each instruction comes from: of the Go source, for programs of the builder. llvm-objdump -dS shows
// them, and the kernel quotes them in the verifier's log.
//
// The sources are the ELF specification, Documentation/bpf/llvm_reloc.rst, Documentation/bpf/btf.rst and
// Documentation/bpf/libbpf/program_types.rst of the kernel, and libbpf where these are silent.
package elf
