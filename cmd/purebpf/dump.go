package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

var dumpCommand = command{
	name: "dump", args: "PROGRAM", summary: "print one as text, bytes or C",
	help: `
Prints a program before it is linked: where it names a map, the map's descriptor is missing.`,
	examples: []string{"purebpf dump dcid", "purebpf dump dcid -format hex -order big", "purebpf dump bytemod -format c"},
	setup: func(f *flags) action {
		format := f.choice("format", "", "llvm", "", "llvm", "kernel", "hex", "c")
		orderName := f.choice("order", "", "little", "", "little", "big")
		return func(c *console, others []string) error {
			return dump(c, others, format, orderName, f.given("order"))
		}
	},
}

func dump(c *console, others []string, format, orderName *string, ordered bool) error {
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

// names returns "a, b or c" of the programs.
func names(all []program) string { return alternatives(programNames(all)) }

func programNames(all []program) []string {
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	return names
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
