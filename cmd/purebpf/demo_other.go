//go:build !linux

package main

import (
	"errors"
	"runtime"
)

// demonstrate shows the programs, which only Linux can load.
func demonstrate(c *console, all []program) error {
	if err := table(c.stdout, notLoaded(all)); err != nil {
		return err
	}
	return errors.New("BPF programs are for Linux; on " + runtime.GOOS + " they are assembled, and no more")
}
