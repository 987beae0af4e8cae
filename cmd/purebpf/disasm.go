package main

var disasmCommand = command{
	name: "disasm", args: "INPUT", summary: "print programs as text that asm reads",
	help: `
Prints the programs of a file of any format, of standard input for -, or one that list names, as text.

  source   with directives for all that a program is: type, licence, maps. asm makes an equal program of it.
  llvm     the instructions of one program as LLVM's assembler reads them
  kernel   the instructions of one program as the verifier's log and bpftool print them

A classic program is printed in the syntax of bpf_asm; with -syntax kernel as tcpdump -d prints it.`,
	examples: []string{
		"purebpf disasm dcid",
		"purebpf disasm sockredir -program redirect_msg -syntax kernel",
		"bpftool prog dump xlated name my_program | purebpf disasm - -type xdp",
		"purebpf disasm bytemod",
	},
	setup: func(f *flags) action {
		in := f.input()
		syntax := f.choice("syntax", "", "source", "the form of the text", "source", "llvm", "kernel")
		program := f.text("program", "NAME", "", "print one program of several")
		file := f.path("o", "FILE", "", "the file to write, standard output if not given")
		return func(c *console, args []string) error {
			arg, err := oneInput(args)
			if err != nil {
				return err
			}
			programs, err := in.read(c, arg)
			if err != nil {
				return err
			}
			name := *syntax
			if programs.classic != nil {
				name = map[string]string{"source": "bpf_asm", "llvm": "bpf_asm", "kernel": "tcpdump"}[name]
			}
			f := findFormat(name)
			text, err := f.write(programs, &outputOptions{program: *program})
			if err != nil {
				return err
			}
			return c.writeOut(*file, text, f)
		}
	},
}
