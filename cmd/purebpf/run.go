package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/purebpf/purebpf/internal/pcap"
)

var runCommand = command{
	name: "run", args: "PROGRAM", summary: "show what one does with given packets",
	help: `
Runs a program in the simulator, with no privilege and on any system, and prints what it returns for each packet and
what comes of it.

dcid and bytemod select among 4 sockets, which are numbered from 0. A connection ID of dcid's worker N begins with the
cookie of its socket, N+1: 0000000000000001 leads to socket 0.`,
	examples: []string{
		"purebpf run dcid -packet 4000000000000000030102030405060708090a0b0c",
		"purebpf run bytemod -packet 07 -trace",
		"purebpf run sockredir-redirect -packet 68656c6c6f",
	},
	setup: func(f *flags) action {
		packet := f.path("packet", "HEX|FILE", "", strings.TrimSpace(`
a payload in hexadecimal, blanks and colons allowed: a datagram for dcid and bytemod,
what a client sends on a connection of its own for sockredir-record and -redirect;
or a capture in the format of tcpdump -w: the UDP datagrams in it for dcid and bytemod,
the TCP connections for the others, from their SYN on`))
		f.required = []string{"packet"}
		trace := f.on("trace", "print each instruction, with the line of Go that asked for it and what it did")
		return func(c *console, args []string) error { return runProgram(c, args, *packet, *trace) }
	},
}

func runProgram(c *console, others []string, packet string, trace bool) error {
	all, err := programs()
	if err != nil {
		return err
	}
	switch {
	case len(others) == 0:
		return misuse("which program? %s", alternatives(shippedNames()[:4]))
	case len(others) > 1:
		return misuse("takes one program, got %q as well", others[1])
	}
	for _, p := range all {
		if p.name != others[0] {
			continue
		}
		out := &reporter{w: c.stdout}
		var run packetRunner
		switch p.name {
		case dcidName, bytemodName:
			run, err = newGroupRunner(p, out, trace)
		default:
			run, err = newConnectionRunner(all, p.name, out, trace)
		}
		if err == nil {
			err = feed(packet, run, out)
		}
		return errors.Join(err, out.err)
	}
	return misuse("no program %q: %s", others[0], alternatives(shippedNames()[:4]))
}

// packetRunner runs a program on packets.
type packetRunner interface {
	// payload runs it on one given by hand.
	payload(b []byte) error
	// segment runs it on one of a capture, and reports whether it is of a kind that the program is for.
	segment(s pcap.Segment) (ok bool, err error)
	// kind says what that is.
	kind() string
}

// reporter prints, and keeps the first error of doing so. It knows the packet that is being run.
type reporter struct {
	w      io.Writer
	err    error
	number int
}

func (r *reporter) printf(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

// Write is for traces.
func (r *reporter) Write(b []byte) (int, error) {
	r.printf("%s", b)
	return len(b), r.err
}

// result prints what came of a run: on which packet, whose it was, what happened and what the program did.
func (r *reporter) result(whose, what, outcome string) {
	r.printf("packet %d, %s, %s: %s\n", r.number, whose, what, outcome)
}

// feed gives a packetRunner the packets that -packet stands for.
func feed(packet string, run packetRunner, out *reporter) error {
	_, noFile := os.Stat(packet)
	if noFile == nil {
		file, err := os.Open(packet)
		if err != nil {
			return err
		}
		defer file.Close()
		return feedCapture(file, run, out)
	}
	b, noBytes := hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(packet))
	if noBytes != nil {
		return misuse("-packet is neither a file (%v) nor bytes (%v)", noFile, noBytes)
	}
	out.number = 1
	return run.payload(b)
}

func feedCapture(file *os.File, run packetRunner, out *reporter) error {
	r, err := pcap.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	left := 0
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
		out.number++
		ok := false
		if ip, isIP := pcap.IP(r.LinkType(), p.Data); isIP {
			if s, whole := pcap.ParseSegment(ip); whole {
				if ok, err = run.segment(s); err != nil {
					return fmt.Errorf("%s: packet %d: %w", file.Name(), out.number, err)
				}
			}
		}
		if !ok {
			left++
		}
	}
	if left == out.number {
		return fmt.Errorf("%s: %d packets, of which none is %s", file.Name(), out.number, run.kind())
	}
	if left > 0 {
		out.printf("Left out: %d of %d packets, which are not %s.\n", left, out.number, run.kind())
	}
	return nil
}
