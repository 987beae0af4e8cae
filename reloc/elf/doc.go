// Package elf writes and reads BPF programs as relocatable ELF objects, the form that clang makes and that bpftool, libbpf
// and cilium/ebpf load.
package elf
