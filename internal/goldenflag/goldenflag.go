// Package goldenflag is the flag -update of go test, for test binaries with and without golden files: package golden
// asks it, and importing it alone makes `go test ./... -update` pass in a package that has no golden files. It imports
// nothing of this module, so that every package's tests can.
package goldenflag

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
)

const (
	// Name is the name of the flag.
	Name = "update"
	// Variable is the environment variable that does the same. Where it is set, whatever to, no flag is registered.
	Variable = "GOLDEN_UPDATE"
)

// It makes the flag known before package testing parses the command line. It does so only when the flag is
// there, so that a test binary in which somebody else defines one of this name meets no second definition unless it is
// used.
var _ = register(flag.CommandLine, os.Args[1:], testing.Testing())

// register defines the flag when the arguments have it, nobody has defined it before and the environment does not
// forbid it. It reports whether it did.
func register(set *flag.FlagSet, args []string, test bool) bool {
	if _, off := os.LookupEnv(Variable); off || !test || !given(args) || set.Lookup(Name) != nil {
		return false
	}
	set.Bool(Name, false, "rewrite the golden files")
	return true
}

// given reports whether -update is among the arguments, as package flag spells flags.
func given(args []string) bool {
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if strings.HasPrefix(arg, "-") && name == Name {
			return true
		}
	}
	return false
}

// Update reports whether the golden files are to be rewritten: the flag, whoever defined it, or the environment
// variable says so.
func Update() bool { return requested(flag.CommandLine) }

func requested(set *flag.FlagSet) bool {
	if on, err := strconv.ParseBool(os.Getenv(Variable)); err == nil && on {
		return true
	}
	f := set.Lookup(Name)
	if f == nil {
		return false
	}
	on, err := strconv.ParseBool(f.Value.String())
	return err == nil && on
}
