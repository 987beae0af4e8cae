package main

import (
	"path/filepath"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/graph"
)

var graphCommand = command{
	name: "graph", args: "INPUT", summary: "show the ways that control takes through programs",
	help: `
Shows the blocks of a program, the jumps between them, its loops and what is never reached, with the lines of the
source. Functions that the program calls are shown as well.

  text   for the terminal, of all programs
  dot    for Graphviz, of one program
  svg    a picture that needs nothing else, of one program`,
	examples: []string{
		"purebpf graph dcid",
		"purebpf graph dcid -o dcid.svg",
		"purebpf graph sockredir -program redirect_msg -to dot",
	},
	setup: func(f *flags) action {
		in := f.input()
		to := f.choice("to", "", "", "the format, by default that of FILE's extension, else text", "text", "dot", "svg")
		program := f.text("program", "NAME", "", "show one program of several")
		syntax := f.choice("syntax", "", "llvm", "the form of the instructions", "llvm", "kernel")
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
			opts := &graph.Options{}
			if *syntax == "kernel" {
				opts.Syntax = asm.Kernel
			}
			drawing, err := draw(programs, *program, graphFormat(*to, *file), opts)
			if err != nil {
				return err
			}
			return c.writeOut(*file, drawing, format{})
		}
	},
}

// graphFormat returns the format that -to or the name of the file asks for.
func graphFormat(to, file string) string {
	if to != "" {
		return to
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".svg":
		return "svg"
	case ".dot", ".gv":
		return "dot"
	}
	return "text"
}

// draw returns the graphs of all programs as text, or that of one program as a drawing.
func draw(in *input, program, format string, opts *graph.Options) ([]byte, error) {
	graphs, err := graphs(in, program, format == "text")
	if err != nil {
		return nil, err
	}
	switch format {
	case "dot":
		return graphs[0].AppendDOT(nil, opts), nil
	case "svg":
		return graphs[0].AppendSVG(nil, opts), nil
	}
	var b []byte
	for i, g := range graphs {
		if i > 0 {
			b = append(b, '\n')
		}
		b = g.AppendText(b, opts)
	}
	return b, nil
}

// graphs returns the graphs of the programs, or of the only one.
func graphs(in *input, program string, several bool) ([]*graph.Graph, error) {
	if in.classic != nil {
		return []*graph.Graph{graph.NewClassic(in.classic)}, nil
	}
	programs := mainPrograms(in.object)
	if program != "" || !several {
		p, err := in.program(program)
		if err != nil {
			return nil, err
		}
		programs = []*asm.Program{p}
	}
	var all []*graph.Graph
	for _, p := range programs {
		whole, err := withFunctions(in.object, p)
		if err != nil {
			whole = p // what it calls is elsewhere
		}
		all = append(all, graph.New(whole))
	}
	return all, nil
}
