package main

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/programs/bytemod"
	"github.com/purebpf/purebpf/programs/dcid"
	"github.com/purebpf/purebpf/programs/sockredir"
)

// program is one of the programs that the tool knows, extended or classic.
type program struct {
	name, summary string
	extended      *asm.Program
	classic       *classic.Program
}

// Names of the programs.
const (
	dcidName     = "dcid"
	bytemodName  = "bytemod"
	recordName   = "sockredir-record"
	redirectName = "sockredir-redirect"
	objectName   = "sockredir" // the two above
)

// workers is the number of sockets among which dcid and bytemod select.
const workers = 4

// programs assembles all of them.
func programs() ([]program, error) {
	selector, err := dcid.Program(nil)
	if err != nil {
		return nil, fmt.Errorf("assemble: %w", err)
	}
	modulo, err := bytemod.Program(0, workers)
	if err != nil {
		return nil, fmt.Errorf("assemble: %w", err)
	}
	object, err := sockredir.Object(nil)
	if err != nil {
		return nil, fmt.Errorf("assemble sockredir: %w", err)
	}
	all := []program{
		{name: dcidName, summary: "select the socket of a reuseport group by QUIC connection ID", extended: selector},
		{name: bytemodName, summary: "select it by a byte of the payload: byte 0 modulo 4", classic: modulo},
	}
	for _, p := range object.Programs() {
		switch p.Name() {
		case sockredir.RecordProgram:
			all = append(all, program{name: recordName, summary: "remember the TCP sockets of a cgroup when they are established", extended: p})
		case sockredir.RedirectProgram:
			all = append(all, program{name: redirectName, summary: "hand what such a socket sends to its peer, past TCP", extended: p})
		}
	}
	return all, nil
}

// kind is the program's type as the kernel names it; classic programs have none.
func (p program) kind() string {
	if p.classic != nil {
		return "classic"
	}
	return p.extended.Type().String()
}

// slotSize is the size of an instruction in bytes, extended or classic.
const slotSize = 8

// size returns the number of instructions as the kernel counts them, 64-bit loads twice, and of their bytes.
func (p program) size() (instructions, bytes int) {
	if p.classic != nil {
		instructions = p.classic.Len()
	} else {
		instructions = p.extended.Slots()
	}
	return instructions, slotSize * instructions
}
