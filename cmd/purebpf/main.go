// Command purebpf shows, runs, translates and loads BPF programs: those that this module ships and those of files.
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
	name, args, summary string
	// help says what the command does. Its flags and examples follow by themselves.
	help     string
	examples []string // command lines, which a test runs
	// setup declares the command's flags and returns what runs it with them.
	setup func(f *flags) action
}

// action runs a command with those of its arguments that are not flags.
type action func(c *console, args []string) error

// console is where a command reads and writes.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// exitStatus is the error of a command that has said everything itself and ends with this status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a mistake in the command line: status 2.
type usageError struct{ reason string }

func (e usageError) Error() string { return e.reason }

func misuse(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func commands() []command {
	all := []command{demoCommand, listCommand, dumpCommand, runCommand}
	return append(all, kernelCommands()...)
}

// run does what args say and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &console{stdin: stdin, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return c.help(args[1:])
	}
	cmd, ok := findCommand(args[0])
	if !ok {
		return c.noCommand(args[0])
	}
	return c.status(cmd, cmd.run(c, args[1:]))
}

func findCommand(name string) (command, bool) {
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd, true
		}
	}
	return command{}, false
}

func (cmd command) run(c *console, args []string) error {
	f := newFlags(cmd.name)
	act := cmd.setup(f)
	others, err := f.parse(args)
	if err != nil {
		return err
	}
	if cmd.args == "" && len(others) > 0 {
		return misuse("takes no argument, got %q", others[0])
	}
	return act(c, others)
}

func (c *console) help(args []string) int {
	if len(args) == 0 {
		usage(c.stdout)
		return 0
	}
	cmd, ok := findCommand(args[0])
	if !ok {
		return c.noCommand(args[0])
	}
	cmd.describe(c.stdout)
	return 0
}

func (c *console) noCommand(name string) int {
	var names []string
	for _, cmd := range commands() {
		names = append(names, cmd.name)
	}
	fmt.Fprintf(c.stderr, "purebpf: no command %q%s\n\n", name, didYouMean(name, names))
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
