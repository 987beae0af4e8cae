package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs the tool with a terminal of 24 lines as its standard output, and returns its status and what the
// terminal shows.
func onTerminal(t *testing.T, pager string, args ...string) (status int, screen, stderr string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal to be had: ", err)
	}
	defer master.Close()
	conn, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	conn.Control(func(fd uintptr) {
		unlock := 0
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, unlock); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil {
		t.Skip("no terminal to be had: ", err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminal to be had: ", err)
	}
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	cmd := inRole("tool", args...)
	cmd.Env = append(cmd.Env, "PAGER="+pager)
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = slave, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	out, _ := io.ReadAll(master) // ends with EIO when nobody has the terminal open
	cmd.Wait()
	return cmd.ProcessState.ExitCode(), strings.ReplaceAll(string(out), "\r\n", "\n"), errs.String()
}

func TestPager(t *testing.T) {
	long := tool(t, "dump", "dcid")
	short := tool(t, "list")
	many := tool(t, "dump", "sockredir")
	tests := []struct {
		name, pager string
		args        []string
		want        string
	}{
		{"long output goes through it", "sed s/^/|/", []string{"dump", "dcid"}, "|" + strings.ReplaceAll(strings.TrimSuffix(long, "\n"), "\n", "\n|") + "\n"},
		{"short output does not", "sed s/^/|/", []string{"list"}, short},
		{"cat is none", "cat", []string{"dump", "dcid"}, long},
		{"an empty one is none", "", []string{"dump", "dcid"}, long},
		{"one that is not there is none", "/no/such/pager -R", []string{"dump", "dcid"}, long},
		{"quit at once", "true", []string{"dump", "sockredir"}, ""},
		{"quit early", "head -n 1", []string{"dump", "sockredir"}, many[:strings.IndexByte(many, '\n')+1]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, screen, stderr := onTerminal(t, tt.pager, tt.args...)
			if status != 0 || stderr != "" || screen != tt.want {
				t.Errorf("status %d, stderr %q, screen\n%s\nwant\n%s", status, stderr, screen, tt.want)
			}
		})
	}
}

// A terminal gets no bytes that are no text.
func TestBinaryOnTerminal(t *testing.T) {
	for _, args := range []string{"convert dcid -to elf", "convert dcid -to raw", "link dcid", "convert bytemod -to classic-raw"} {
		status, screen, stderr := onTerminal(t, "cat", strings.Fields(args)...)
		if want := " is not for a terminal: give -o FILE"; status != 2 || screen != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, screen %q, %q; want 2, nothing and %q", args, status, screen, stderr, want)
		}
	}
}

// Whoever reads the output may stop: that is no error, and nothing is said.
func TestReaderGone(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		cmd := inRole("tool", "dump", "sockredir")
		if ignored {
			// As under a parent that ignores SIGPIPE, such as Python's.
			cmd.Args = []string{"sh", "-c", `trap "" PIPE; exec "$0" dump sockredir`, cmd.Path}
			cmd.Path = "/bin/sh"
		}
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = w, &stderr
		err = cmd.Run()
		w.Close()
		state := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if quiet := state.Signaled() && state.Signal() == syscall.SIGPIPE || state.ExitStatus() == brokenPipe; !quiet || stderr.Len() > 0 {
			t.Errorf("SIGPIPE ignored %v: %v, stderr %q; want SIGPIPE or status %d and nothing", ignored, err, &stderr, brokenPipe)
		}
	}
}

// Without standard output nothing is written anywhere else.
func TestNoStdout(t *testing.T) {
	path := t.TempDir() + "/filter.hex"
	text := "b700000000000000\n9500000000000000\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := inRole("tool")
	cmd.Args = []string{"sh", "-c", `exec "$0" dump "$1" -from hex >&-`, cmd.Path, path}
	cmd.Path = "/bin/sh"
	if got := outcome(t, cmd); got.stdout != "" {
		t.Errorf("%+v", got)
	}
	if got, err := os.ReadFile(path); string(got) != text {
		t.Errorf("the input is now %q, %v", got, err)
	}
}
