package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminalSize returns the lines and columns of a terminal, and whether the file is one.
func terminalSize(file *os.File) (rows, columns int, ok bool) {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Row), int(size.Col), true
}
