package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func helpCommand() command {
	return command{
		name: "help", args: "[COMMAND]", summary: "explain a command",
		help: `
Lists the commands, or says what one does, with its flags and examples.`,
		examples: []string{"purebpf help", "purebpf help dump"},
		setup: func(*flags) action {
			return func(c *console, args []string) error {
				switch len(args) {
				case 0:
					return usage(c.stdout)
				case 1:
				default:
					return misuse("takes one command, got %q as well", args[1])
				}
				cmd, ok := findCommand(args[0])
				if !ok {
					return misuse("%s", noCommand(args[0]))
				}
				return cmd.describe(c.stdout)
			}
		},
	}
}

// usage lists the commands.
func usage(w io.Writer) error {
	var b strings.Builder
	b.WriteString("usage: purebpf COMMAND [ARGUMENT ...]\n\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cmd := range commands() {
		fmt.Fprintf(t, "  %s\t%s\n", cmd.name, cmd.summary)
	}
	t.Flush()
	b.WriteString("\npurebpf help COMMAND says more. Examples:\n" +
		"  sudo purebpf demo\n  purebpf dump dcid\n  purebpf convert dcid -o dcid.o\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// describe prints the help of a command.
func (cmd command) describe(w io.Writer) error {
	f := newFlags(cmd.name)
	cmd.setup(f)
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n\n%s\n", cmd.synopsis(), strings.TrimSpace(cmd.help))
	if len(f.order) > 0 {
		b.WriteByte('\n')
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, name := range f.order {
			lines := strings.Split(f.set.Lookup(name).Usage, "\n")
			fmt.Fprintf(t, "  %s\t%s\n", strings.TrimSpace("-"+name+" "+f.words[name]), lines[0])
			for _, line := range lines[1:] {
				fmt.Fprintf(t, "\t%s\n", line)
			}
		}
		t.Flush()
	}
	switch examples := strings.Join(cmd.examples, "\n  "); len(cmd.examples) {
	case 0:
	case 1:
		fmt.Fprintf(&b, "\nExample:\n  %s\n", examples)
	default:
		fmt.Fprintf(&b, "\nExamples:\n  %s\n", examples)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// synopsis returns the command line, broken into lines that fit a terminal.
func (cmd command) synopsis() string {
	f := newFlags(cmd.name)
	cmd.setup(f)
	words := []string{"purebpf " + cmd.name}
	if cmd.args != "" {
		words = append(words, cmd.args)
	}
	const width, indent = 100, "\n       "
	var b strings.Builder
	column := len("usage: ")
	for i, w := range append(words, f.synopsis()...) {
		switch {
		case i == 0:
		case column+1+len(w) > width:
			b.WriteString(indent)
			column = len(indent) - 1
			b.WriteString(" ")
			column++
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return b.String()
}
