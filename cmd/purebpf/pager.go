package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
)

// pager is the output of a command that may be longer than the screen: it goes to $PAGER, or to less, once it is.
type pager struct {
	screen *os.File
	rows   int
	held   bytes.Buffer // as long as it fits
	cmd    *exec.Cmd
	pipe   io.WriteCloser
	direct bool // there is no pager to be had
}

// errQuit is the error of a command whose reader has quit the pager: nothing is wrong.
var errQuit = errors.New("the pager has ended")

// Write holds the output back until it is more than a screen.
func (p *pager) Write(b []byte) (int, error) {
	if p.direct {
		return p.screen.Write(b)
	}
	if p.pipe != nil {
		if n, err := p.pipe.Write(b); err != nil {
			return n, errQuit
		}
		return len(b), nil
	}
	p.held.Write(b)
	if bytes.Count(p.held.Bytes(), []byte("\n")) < p.rows {
		return len(b), nil
	}
	if err := p.start(); err != nil {
		p.direct = true
		if _, err := p.screen.Write(p.held.Bytes()); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	if _, err := p.pipe.Write(p.held.Bytes()); err != nil {
		return 0, errQuit
	}
	return len(b), nil
}

func (p *pager) start() error {
	words := strings.Fields(pagerCommand())
	if len(words) == 0 || words[0] == "cat" {
		return errors.New("no pager")
	}
	p.cmd = exec.Command(words[0], words[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = p.screen, os.Stderr
	p.cmd.Env = os.Environ()
	if os.Getenv("LESS") == "" {
		p.cmd.Env = append(p.cmd.Env, "LESS=FRX") // quit if it fits, let colours through, leave the text on the screen
	}
	pipe, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	signal.Ignore(os.Interrupt) // is the pager's
	p.pipe = pipe
	return nil
}

// pagerCommand returns $PAGER, which may be empty for none, or less.
func pagerCommand() string {
	if command, ok := os.LookupEnv("PAGER"); ok {
		return command
	}
	return "less"
}

// Close shows what was held back, or waits for the reader to quit.
func (p *pager) Close() error {
	if p.pipe != nil {
		p.pipe.Close()
		p.cmd.Wait() // whatever it ends with
		return nil
	}
	if p.direct {
		return nil
	}
	_, err := p.screen.Write(p.held.Bytes())
	return err
}
