package main

import "slices"

// textFormats are what asm reads.
var textFormats = [...]string{"source", "bpf_asm"}

var asmCommand = command{
	name: "asm", args: "FILE", summary: "assemble text",
	help: `
Reads a text and writes an object; of a classic program the numbers of tcpdump -ddd. The text is that of disasm and all
that looks like it: what LLVM's assembler takes, a verifier's log, bpftool prog dump xlated; or classic BPF as bpf_asm
takes it and tcpdump -d prints it. For - it is standard input.

All mistakes are reported at once, each with its line and column.`,
	examples: []string{
		"purebpf disasm dcid | purebpf asm - -o copy.o",
		"purebpf asm functions.s -to hex",
		"tcpdump -d udp port 53 | purebpf asm - -to c",
	},
	setup: func(f *flags) action {
		in, out := f.inputOf(textFormats[:]), f.output("elf, or decimal of a classic program")
		return func(c *console, args []string) error {
			if len(args) != 1 {
				return misuse("takes one text: a file, or - for standard input")
			}
			programs, err := in.readFile(c, args[0])
			if err != nil {
				return err
			}
			if !slices.Contains(textFormats[:], programs.format) {
				return misuse("%s is %s and no text: use convert", args[0], programs.format)
			}
			standard := "elf"
			if programs.classic != nil && !*out.extended {
				standard = "decimal"
			}
			return out.write(c, programs, standard)
		}
	},
}
