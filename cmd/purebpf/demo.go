package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

var demoCommand = command{
	name: "demo", summary: "run all programs on real sockets and check where the traffic goes",
	help: `
Loads and attaches every program, sends traffic over loopback, counts what went where it should, then takes the
program away and counts the same traffic again. All of it happens in a network namespace and a cgroup of its own, of
which nothing is left, and takes about a second. It needs Linux and root, or CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_BPF;
without them it says what is missing, and does all of it in a simulator.

The exit status is 0 if all traffic went where it should, otherwise 1.`,
	examples: []string{"sudo purebpf demo"},
	stays:    true,
	setup: func(*flags) action {
		return func(c *console, _ []string) error {
			all, err := programs()
			if err != nil {
				return err
			}
			return demonstrate(c, all)
		}
	},
}

// row is a program in the table.
type row struct {
	program
	// load is how long the kernel took to load it, 0 if it was not loaded.
	load    time.Duration
	traffic traffic
}

// traffic is what a program had to do and did.
type traffic struct {
	unit string // what is counted: datagrams, sockets, messages
	sent int    // 0 if none was sent
	// right is how many went where they should, without how many did so when the program was not there, and chance how
	// many of them must have.
	right, without, chance int
}

// notLoaded are the rows of programs that were assembled, and no more.
func notLoaded(all []program) []row {
	rows := make([]row, len(all))
	for i, p := range all {
		rows[i].program = p
	}
	return rows
}

const header = "PROGRAM             TYPE          INSNS  BYTES      LOAD  TRAFFIC         RIGHT  WITHOUT IT\n"

// table prints the rows, with a dash for what was not measured.
func table(w io.Writer, rows []row) error {
	var b strings.Builder
	b.WriteString(header)
	for _, r := range rows {
		load, sent, right, without := "-", "-", "-", "-"
		if r.load > 0 {
			load = fmt.Sprintf("%d µs", max(r.load.Microseconds(), 1))
		}
		if t := r.traffic; t.sent > 0 {
			sent, right, without = fmt.Sprintf("%d %s", t.sent, t.unit), fmt.Sprint(t.right), fmt.Sprint(t.without)
		}
		instructions, bytes := r.size()
		fmt.Fprintf(&b, "%-18s  %-12s  %5d  %5d  %8s  %-14s  %5s  %10s\n", r.name, r.kind(), instructions, bytes, load, sent, right, without)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mistakes says what is wrong with a program's traffic. Without the program some of it goes where it should by chance; if
// all did, the program would have done nothing.
func (r row) mistakes() []string {
	t := r.traffic
	var wrong []string
	if t.right != t.sent {
		wrong = append(wrong, fmt.Sprintf("%s: %d of %d %s went where they should", r.name, t.right, t.sent, t.unit))
	}
	if t.without != t.chance {
		wrong = append(wrong, fmt.Sprintf("%s: without it %d of %d %s went where they should, want %d by chance",
			r.name, t.without, t.sent, t.unit, t.chance))
	}
	return wrong
}
