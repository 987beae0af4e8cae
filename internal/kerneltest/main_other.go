//go:build !linux

package kerneltest

import (
	"os"
	"testing"
)

// Main runs the tests of m and exits with their status.
func Main(m *testing.M) { os.Exit(m.Run()) }
