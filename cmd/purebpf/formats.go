package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// format is a way to write programs down.
type format struct {
	name, what string
	extensions []string // of its files
	binary     bool     // no terminal should get it
	// read reads a document, nil if the tool only writes the format.
	read func(d *document) (*input, error)
	// write writes an object or a classic program, nil if the tool only reads the format.
	write func(in *input, o *outputOptions) ([]byte, error)
}

// formats returns all of them, in the order in which help lists them.
func formats() []format {
	return []format{
		{name: "source", what: "everything, as text with directives",
			extensions: []string{".s", ".asm", ".bpf", ".txt"}, read: readText, write: writeSource},
		{name: "llvm", what: "the instructions as LLVM's assembler reads them", read: readText, write: writeLLVM},
		{name: "kernel", what: "the instructions as the verifier's log and bpftool show them",
			read: readText, write: writeKernel},
		{name: "bpf_asm", what: "classic: the text of bpf_asm", read: readClassicText, write: writeBPFAsm},
		{name: "tcpdump", what: "classic: the text of tcpdump -d", read: readClassicText, write: writeTcpdump},
		{name: "elf", what: "a relocatable object as clang makes it",
			extensions: []string{".o", ".elf"}, binary: true, read: readELF, write: writeELF},
		{name: "json", what: "everything, for scripts; also of a classic program",
			extensions: []string{".json"}, read: readJSON, write: writeJSON},
		{name: "c", what: "a C array of struct bpf_insn; of struct sock_filter of a classic program",
			extensions: []string{".c", ".h"}, read: readC, write: writeC},
		{name: "c-nginx", what: "the C file of nginx's QUIC module", write: writeNginx},
		{name: "sock_filter", what: "classic: initializers of struct sock_filter, as of tcpdump -dd",
			read: readSockFilter, write: writeSockFilter},
		{name: "go", what: "a Go package that loads the programs, or attaches a classic one",
			extensions: []string{".go"}, write: writeGo},
		{name: "raw", what: "the bytes of one program",
			extensions: []string{".bin", ".raw"}, binary: true, read: readRaw, write: writeRaw},
		{name: "classic-raw", what: "classic: the bytes of struct sock_filter",
			binary: true, read: readClassicRaw, write: writeClassicRaw},
		{name: "hex", what: "the bytes of one program in hexadecimal",
			extensions: []string{".hex"}, read: readHex, write: writeHex},
		{name: "classic-hex", what: "classic: the bytes of struct sock_filter in hexadecimal",
			read: readClassicHex, write: writeClassicHex},
		{name: "decimal", what: "classic: the numbers of tcpdump -ddd and xt_bpf",
			extensions: []string{".ddd"}, read: readDecimal, write: writeDecimal},
	}
}

// formatNames returns the names of the formats that are chosen by a function.
func formatNames(chosen func(f format) bool) []string {
	var names []string
	for _, f := range formats() {
		if chosen(f) {
			names = append(names, f.name)
		}
	}
	return names
}

func inputFormats() []string {
	return formatNames(func(f format) bool { return f.read != nil })
}

func outputFormats() []string {
	return formatNames(func(f format) bool { return f.write != nil })
}

func findFormat(name string) format {
	all := formats()
	return all[slices.IndexFunc(all, func(f format) bool { return f.name == name })]
}

// extensionFormat returns the format that files of this name have, "" if the name does not tell.
func extensionFormat(path string) string {
	extension := strings.ToLower(filepath.Ext(path))
	for _, f := range formats() {
		if slices.Contains(f.extensions, extension) {
			return f.name
		}
	}
	return ""
}
