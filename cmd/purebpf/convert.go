package main

var convertCommand = command{
	name: "convert", args: "INPUT", summary: "write programs in another format",
	help: `
Reads programs in any format and writes them in another. INPUT is a file, - for standard input, or one of the programs
that list names. Its format is told from its contents.

A format that has room for one program, such as raw, gets the only one or that of -program, with the functions that it
calls behind it. Where it names a map, raw bytes and hexadecimal lack the map's descriptor: link puts it in.`,
	examples: []string{
		"purebpf convert dcid -to hex -order big",
		"purebpf convert dcid -o dcid.o",
		"purebpf convert dcid -to c-nginx -symbol ngx_quic_reuseport_helper",
		"purebpf convert bytemod -to decimal",
		"purebpf convert bytemod -extended -to source",
	},
	setup: func(f *flags) action {
		in, out := f.input(), f.output("")
		return func(c *console, args []string) error {
			arg, err := oneInput(args)
			if err != nil {
				return err
			}
			programs, err := in.read(c, arg)
			if err != nil {
				return err
			}
			return out.write(c, programs, "")
		}
	},
}

// oneInput returns the argument of a command that takes one.
func oneInput(args []string) (string, error) {
	switch len(args) {
	case 0:
		return "", misuse("which program? A file, - for standard input, or %s", alternatives(shippedNames()))
	case 1:
		return args[0], nil
	}
	return "", misuse("takes one input, got %q as well", args[1])
}
