package main

import (
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

var dumpCommand = command{
	name: "dump", args: "PROGRAM", flags: "[-format llvm|kernel|hex|c] [-order little|big]",
	summary: "print one as text, bytes or C",
	help: `
Prints a program before it is linked: where it names a map, the map's descriptor is missing.

  -format llvm     the text that LLVM's assembler reads; a classic program in the syntax of bpf_asm (the default)
  -format kernel   the text of the verifier's log and of bpftool; a classic program as tcpdump -d prints it
  -format hex      the bytes, an instruction of eight on each line
  -format c        an array of struct bpf_insn or struct sock_filter
  -order           the byte order of -format hex: little (the default) or big

Examples:
  purebpf dump dcid
  purebpf dump dcid -format hex -order big
  purebpf dump bytemod -format c`,
	run: dump,
}

func dump(c *console, args []string) error {
	flags := flag.NewFlagSet("dump", flag.ContinueOnError)
	format := flags.String("format", "llvm", "")
	orderName := flags.String("order", "little", "")
	others, err := parse(flags, args)
	if err != nil {
		return err
	}
	ordered := false
	flags.Visit(func(f *flag.Flag) { ordered = ordered || f.Name == "order" })

	all, err := programs()
	if err != nil {
		return err
	}
	var order binary.ByteOrder
	switch *orderName {
	case "little":
		order = binary.LittleEndian
	case "big":
		order = binary.BigEndian
	default:
		return misuse("no byte order %q: little or big", *orderName)
	}
	var text func(program) string
	switch *format {
	case "llvm":
		text = llvmText
	case "kernel":
		text = kernelText
	case "hex":
		text = func(p program) string { return hexText(p, order) }
	case "c":
		text = cText
	default:
		return misuse("no format %q: llvm, kernel, hex or c", *format)
	}
	switch {
	case ordered && *format != "hex":
		return misuse("-order is for -format hex, not for -format %s", *format)
	case len(others) == 0:
		return misuse("which program? %s", names(all))
	case len(others) > 1:
		return misuse("takes one program, got %q as well", others[1])
	}
	for _, p := range all {
		if p.name == others[0] {
			_, err := io.WriteString(c.stdout, text(p))
			return err
		}
	}
	return misuse("no program %q: %s", others[0], names(all))
}

// names returns "a, b or c".
func names(all []program) string {
	var b strings.Builder
	for i, p := range all {
		switch i {
		case 0:
		case len(all) - 1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(p.name)
	}
	return b.String()
}

func llvmText(p program) string {
	if p.classic != nil {
		return p.classic.String()
	}
	return p.extended.String()
}

func kernelText(p program) string {
	if p.classic != nil {
		return p.classic.Tcpdump()
	}
	return string(p.extended.AppendText(nil, asm.Kernel))
}

func hexText(p program, order binary.ByteOrder) string {
	var out strings.Builder
	for b := p.bytes(order); len(b) > 0; b = b[slotSize:] {
		out.WriteString(hex.EncodeToString(b[:slotSize]))
		out.WriteByte('\n')
	}
	return out.String()
}

func cText(p program) string {
	if p.classic != nil {
		return fmt.Sprintf("#include <linux/filter.h>\n\nstatic const struct sock_filter %s[] = {\n%s};\n",
			p.classic.Name(), p.classic.CArray())
	}
	return string(reloc.AppendC(nil, p.extended))
}
