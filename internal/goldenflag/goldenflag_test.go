package goldenflag

import (
	"flag"
	"io"
	"os"
	"strings"
	"testing"
)

func TestRegister(t *testing.T) {
	tests := []struct {
		name     string
		args     string
		variable string // unset when empty
		test     bool
		want     bool
	}{
		{"not on the command line", "-test.v -test.run=x", "", true, false},
		{"one dash", "-test.v -update", "", true, true},
		{"two dashes", "--update", "", true, true},
		{"with a value", "-update=false", "", true, true},
		{"another flag", "-updated -up -test.update", "", true, false},
		{"no flag", "update", "", true, false},
		{"the environment variable is set", "-update", "1", true, false},
		{"the environment variable says no", "-update", "0", true, false},
		{"not a test binary", "-update", "", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			setenv(t, tt.variable)
			set := flag.NewFlagSet("test", flag.ContinueOnError)
			got := register(set, strings.Fields(tt.args), tt.test)
			if defined := set.Lookup(Name) != nil; got != tt.want || defined != tt.want {
				t.Errorf("registered %v, defined %v, want %v", got, defined, tt.want)
			}
		})
	}
}

// Whoever defined the flag before keeps it, and its value counts.
func TestOthersFlag(t *testing.T) {
	setenv(t, "")
	set := flag.NewFlagSet("test", flag.ContinueOnError)
	own := set.Bool(Name, false, "of somebody else")
	if register(set, []string{"-update"}, true) {
		t.Error("registered again")
	}
	if requested(set) {
		t.Error("requested before the command line has it")
	}
	if err := set.Parse([]string{"-update"}); err != nil {
		t.Fatal(err)
	}
	if !*own || !requested(set) {
		t.Errorf("their flag is %v, requested %v", *own, requested(set))
	}
}

func TestRequested(t *testing.T) {
	tests := []struct {
		name     string
		args     string
		variable string
		want     bool
	}{
		{"nothing", "", "", false},
		{"flag", "-update", "", true},
		{"flag says no", "-update=false", "", false},
		{"variable", "", "1", true},
		{"variable says no", "", "0", false},
		{"variable is nonsense", "", "x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := flag.NewFlagSet("test", flag.ContinueOnError)
			set.SetOutput(io.Discard)
			args := strings.Fields(tt.args)
			setenv(t, "")
			register(set, args, true)
			setenv(t, tt.variable)
			if err := set.Parse(args); err != nil {
				t.Fatal(err)
			}
			if got := requested(set); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// setenv sets the variable for the test, or unsets it for "".
func setenv(t *testing.T, value string) {
	t.Setenv(Variable, value) // restores it at the end
	if value == "" {
		if err := os.Unsetenv(Variable); err != nil {
			t.Fatal(err)
		}
	}
}
