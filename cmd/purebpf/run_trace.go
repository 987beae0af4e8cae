package main

import (
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/asm/vm"
)

// step is for vm.Options.Trace. What the source says is printed in front of what is made of it, if the program has it.
// The tracer writes a line for each step, but later, when it has seen what the instruction did.
func (s *simulation) step(step *vm.Step) {
	text := ""
	if at := step.Program.Position(step.Index); at != s.last && at != (asm.Position{}) {
		s.last = at
		text = strings.TrimSpace(step.Program.Comment(step.Index))
	}
	s.pending = append(s.pending, text)
	s.tracer.Step(step)
}

// Write takes a line of the tracer.
func (s *simulation) Write(line []byte) (int, error) {
	if len(s.pending) > 0 {
		if s.pending[0] != "" {
			s.traceLine("; " + s.pending[0])
		}
		s.pending = s.pending[1:]
	}
	s.traceLine(strings.TrimRight(string(line), " \n"))
	return len(line), nil
}

func (s *simulation) traceLine(line string) {
	if s.json {
		s.traced = append(s.traced, line)
		return
	}
	s.out.printf("%s\n", line)
}

// traceClassic prints a step of a classic program, with the state before it.
func (s *simulation) traceClassic(step vm.ClassicStep) {
	s.traceLine(classicLine(s.input.classic, step))
}

// classicLine describes a step of a classic program.
func classicLine(p *classic.Program, s vm.ClassicStep) string {
	_, text, _ := strings.Cut(strings.Split(p.String(), "\n")[s.Index], "\t")
	return fmt.Sprintf("%-18v %4d: %-30s A = %#x, X = %#x", p.Position(s.Index), s.Index, text, s.A, s.X)
}
