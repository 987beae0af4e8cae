// Command purebpf shows, runs, translates and loads BPF programs: those that this module ships and those of files.
//
//	purebpf demo         run all programs on real sockets and check where the traffic goes
//	purebpf list         name the programs
//	purebpf dump         list programs: bytes beside text, source lines, maps
//	purebpf run          show what one does with given packets
//	purebpf asm          assemble text
//	purebpf disasm       print programs as text that asm reads
//	purebpf convert      write programs in another format
//	purebpf link         link programs to each other and to maps
//	purebpf graph        show the ways that control takes through programs
//	purebpf load         give programs to the kernel, and pin them with their maps
//	purebpf attach       attach a loaded program, and pin the link
//	purebpf detach       detach what is attached, and remove the pin of its link
//	purebpf prog         list the programs in the kernel, or show some
//	purebpf map          list the maps in the kernel, or show what is in some
//	purebpf probe        say what this kernel has, and what this process may do with it
//	purebpf completion   print what makes a shell complete command lines
//	purebpf version      print the version
//	purebpf help         explain a command
//
// Where a command takes an INPUT, that is a program that list names, a file of any format that convert knows, or standard
// input for -. What a file is, is told from its contents:
//
//	purebpf convert filter.o -to c-nginx          an object of clang's as nginx's C
//	tcpdump -d udp | purebpf convert - -to go     a filter of tcpdump's as a Go package
//	purebpf disasm dcid > dcid.s                  edit it, and then:
//	purebpf asm dcid.s -o dcid.o
//
// Output that is longer than the terminal goes through $PAGER, by default less; through none if it is empty. The exit
// status is 0, 1 after an error, or 2 for a command line that makes no sense. Errors go to standard error.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// command is one of the things the tool does.
type command struct {
	name, args, summary string
	// help says what the command does. Its flags and examples follow by themselves.
	help     string
	examples []string // command lines, which a test runs
	// setup declares the command's flags and returns what runs it with them.
	setup func(f *flags) action
	// stays is set of a command that goes on after it has printed something, so that no pager holds it back.
	stays bool
}

// action runs a command with those of its arguments that are not flags.
type action func(c *console, args []string) error

func commands() []command {
	all := []command{
		demoCommand, listCommand, dumpCommand, runCommand,
		asmCommand, disasmCommand, convertCommand, linkCommand, graphCommand,
	}
	all = append(all, kernelCommands()...)
	return append(all, completionCommand(), versionCommand, helpCommand())
}

func commandNames() []string {
	var names []string
	for _, cmd := range commands() {
		names = append(names, cmd.name)
	}
	return names
}

func findCommand(name string) (command, bool) {
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd, true
		}
	}
	return command{}, false
}

// console is where a command reads and writes.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	screen         bool // stdout is a terminal
}

// exitStatus is the error of a command that has said everything itself and ends with this status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a mistake in the command line: status 2.
type usageError struct{ reason string }

func (e usageError) Error() string { return e.reason }

func misuse(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run does what args say and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &console{stdin: stdin, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	name := args[0]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	}
	cmd, ok := findCommand(name)
	if !ok {
		fmt.Fprintf(stderr, "purebpf: %s\npurebpf help lists the commands.\n", noCommand(name))
		return 2
	}
	if file, ok := stdout.(*os.File); ok {
		if rows, _, ok := terminalSize(file); ok {
			c.screen = true
			if !cmd.stays {
				c.stdout = &pager{screen: file, rows: rows}
			}
		}
	}
	err := cmd.run(c, args[1:])
	if p, ok := c.stdout.(*pager); ok {
		err = errors.Join(err, p.Close())
	}
	return c.status(cmd, err)
}

func noCommand(name string) string {
	return fmt.Sprintf("no command %q%s", name, didYouMean(name, commandNames()))
}

func (cmd command) run(c *console, args []string) error {
	f := newFlags(cmd.name)
	act := cmd.setup(f)
	others, err := f.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return cmd.describe(c.stdout)
	case err != nil:
		return err
	case cmd.args == "" && len(others) > 0:
		return misuse("takes no argument, got %q", others[0])
	}
	return act(c, others)
}

// status says what went wrong with a command and returns the exit status.
func (c *console) status(cmd command, err error) int {
	var misused usageError
	var status exitStatus
	switch {
	case err == nil, errors.Is(err, errQuit):
		return 0
	case readerGone(err):
		return brokenPipe
	case errors.As(err, &misused):
		fmt.Fprintf(c.stderr, "purebpf %s: %v\n\nusage: %s\npurebpf help %s says more.\n", cmd.name, err, cmd.synopsis(), cmd.name)
		return 2
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(c.stderr, "purebpf %s: %v\n", cmd.name, err)
	return 1
}

// brokenPipe is the status that a shell reports for a process that SIGPIPE has ended, which is what becomes of this one
// unless that signal is ignored.
const brokenPipe = 128 + 13

// readerGone reports whether whoever read standard output has read enough.
func readerGone(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE)
}
