// Command purebpf shows and runs the BPF programs that this module ships.
//
//	purebpf demo             run all programs on real sockets and check where the traffic goes
//	purebpf list             name the programs
//	purebpf dump PROGRAM     print one as text, bytes or C
//	purebpf run PROGRAM      show what one does with given packets
//
// The exit status is 0, 1 after an error, or 2 for a command line that makes no sense. Errors go to standard error.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// command is one of the things the tool does.
type command struct {
	name, args, flags, summary string
	help                       string
	run                        func(c *console, args []string) error
}

// console is what a command writes to.
type console struct {
	stdout, stderr io.Writer
}

// exitStatus is the error of a command that has said everything itself and ends with this status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a mistake in the command line: status 2.
type usageError struct{ reason string }

func (e usageError) Error() string { return e.reason }

func misuse(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func commands() []command {
	return []command{demoCommand, listCommand, dumpCommand, runCommand}
}

// run does what args say and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	c := &console{stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return c.help(args[1:])
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			return c.status(cmd, cmd.run(c, args[1:]))
		}
	}
	return c.noCommand(args[0])
}

func (c *console) help(args []string) int {
	if len(args) == 0 {
		usage(c.stdout)
		return 0
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			cmd.describe(c.stdout)
			return 0
		}
	}
	return c.noCommand(args[0])
}

func (c *console) noCommand(name string) int {
	fmt.Fprintf(c.stderr, "purebpf: no command %q\n\n", name)
	usage(c.stderr)
	return 2
}

// status says what went wrong with a command and returns the exit status.
func (c *console) status(cmd command, err error) int {
	var misused usageError
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		cmd.describe(c.stdout)
		return 0
	case errors.As(err, &misused):
		fmt.Fprintf(c.stderr, "purebpf %s: %v\n\nusage: %s\npurebpf help %s says more.\n", cmd.name, err, cmd.synopsis(), cmd.name)
		return 2
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(c.stderr, "purebpf %s: %v\n", cmd.name, err)
	return 1
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: purebpf COMMAND [ARGUMENT ...]\n\n")
	for _, cmd := range commands() {
		fmt.Fprintf(w, "  %-15s %s\n", strings.TrimSpace(cmd.name+" "+cmd.args), cmd.summary)
	}
	fmt.Fprint(w, "\npurebpf help COMMAND says more. Examples:\n  sudo purebpf demo\n  purebpf dump dcid -format c\n")
}

func (cmd command) describe(w io.Writer) {
	fmt.Fprintf(w, "usage: %s\n\n%s\n", cmd.synopsis(), strings.TrimSpace(cmd.help))
}

func (cmd command) synopsis() string {
	return strings.Join(strings.Fields("purebpf "+cmd.name+" "+cmd.args+" "+cmd.flags), " ")
}

// parse lets flags stand before, between and behind the other arguments, and returns the others.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	flags.SetOutput(io.Discard)
	var others []string
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{err.Error()}
		}
		args = flags.Args()
		if len(args) == 0 {
			return others, nil
		}
		others, args = append(others, args[0]), args[1:]
	}
}

// noArguments is parse for a command that takes none.
func noArguments(name string, args []string) error {
	others, err := parse(flag.NewFlagSet(name, flag.ContinueOnError), args)
	if err == nil && len(others) > 0 {
		err = misuse("takes no argument, got %q", others[0])
	}
	return err
}
