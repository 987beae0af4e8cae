package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	_ "github.com/purebpf/purebpf/asm/golden" // takes -update
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// role makes the test binary be something else: the tool, or the example of the README.
const role = "CMD_PUREBPF_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "tool":
		main()
	case "example":
		Example()
	default:
		kerneltest.Main(m)
	}
}

// inRole prepares a run of the test binary in another role. Where the tests run in a sandbox it does not know: the tool
// makes its own.
func inRole(name string, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PUREBPF_") })
	cmd.Env = append(cmd.Env, role+"="+name, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// result is what a run came to.
type result struct {
	status         int
	stdout, stderr string
}

func outcome(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

const wantUsage = `usage: purebpf COMMAND [ARGUMENT ...]

  demo            run all programs on real sockets and check where the traffic goes
  list            name the programs
  dump PROGRAM    print one as text, bytes or C
  run PROGRAM     show what one does with given packets

purebpf help COMMAND says more. Examples:
  sudo purebpf demo
  purebpf dump dcid -format c
`

const wantDumpHint = `

usage: purebpf dump PROGRAM [-format llvm|kernel|hex|c] [-order little|big]
purebpf help dump says more.
`

const wantRunHint = `

usage: purebpf run PROGRAM -packet HEX|FILE [-trace]
purebpf help run says more.
`

func TestMisuse(t *testing.T) {
	const all = "dcid, bytemod, sockredir-record or sockredir-redirect"
	tests := []struct {
		args   string
		stderr string
	}{
		{"", wantUsage},
		{"dmeo", "purebpf: no command \"dmeo\"\n\n" + wantUsage},
		{"-format", "purebpf: no command \"-format\"\n\n" + wantUsage},
		{"help dmeo", "purebpf: no command \"dmeo\"\n\n" + wantUsage},

		{"demo -x", "purebpf demo: flag provided but not defined: -x\n\nusage: purebpf demo\npurebpf help demo says more.\n"},
		{"demo dcid", "purebpf demo: takes no argument, got \"dcid\"\n\nusage: purebpf demo\npurebpf help demo says more.\n"},
		{"list dcid", "purebpf list: takes no argument, got \"dcid\"\n\nusage: purebpf list\npurebpf help list says more.\n"},

		{"dump", "purebpf dump: which program? " + all + wantDumpHint},
		{"dump sockredir", "purebpf dump: no program \"sockredir\": " + all + wantDumpHint},
		{"dump dcid bytemod", "purebpf dump: takes one program, got \"bytemod\" as well" + wantDumpHint},
		{"dump dcid -fromat c", "purebpf dump: flag provided but not defined: -fromat" + wantDumpHint},
		{"dump dcid -format", "purebpf dump: flag needs an argument: -format" + wantDumpHint},
		{"dump dcid -format go", "purebpf dump: no format \"go\": llvm, kernel, hex or c" + wantDumpHint},
		{"dump dcid -format hex -order middle", "purebpf dump: no byte order \"middle\": little or big" + wantDumpHint},
		{"dump dcid -order big", "purebpf dump: -order is for -format hex, not for -format llvm" + wantDumpHint},
		{"run", "purebpf run: which program? " + all + wantRunHint},
		{"run sockredir -packet 00", "purebpf run: no program \"sockredir\": " + all + wantRunHint},
		{"run dcid bytemod -packet 00", "purebpf run: takes one program, got \"bytemod\" as well" + wantRunHint},
		{"run dcid", "purebpf run: which packet? -packet HEX or -packet FILE" + wantRunHint},
		{"run dcid -packet", "purebpf run: flag needs an argument: -packet" + wantRunHint},
		{"run dcid -packet 0", "purebpf run: -packet is neither a file (stat 0: no such file or directory) nor bytes (encoding/hex: odd length hex string)" + wantRunHint},
		{"dump -- -order", "purebpf dump: no program \"-order\": " + all + wantDumpHint},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := outcome(t, inRole("tool", strings.Fields(tt.args)...))
			if diff := cmp.Diff(result{2, "", tt.stderr}, got, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	tests := []struct {
		args  string
		usage string // the first line
		has   string
	}{
		{"help", "usage: purebpf COMMAND [ARGUMENT ...]", wantUsage},
		{"-h", "usage: purebpf COMMAND [ARGUMENT ...]", wantUsage},
		{"--help", "usage: purebpf COMMAND [ARGUMENT ...]", wantUsage},
		{"help demo", "usage: purebpf demo", "Example:\n  sudo purebpf demo\n"},
		{"demo -h", "usage: purebpf demo", "Example:\n  sudo purebpf demo\n"},
		{"help run", "usage: purebpf run PROGRAM -packet HEX|FILE [-trace]", "Examples:\n  purebpf run dcid"},
		{"help list", "usage: purebpf list", "Example:\n  purebpf list\n"},
		{"dump -help", "usage: purebpf dump PROGRAM [-format llvm|kernel|hex|c] [-order little|big]", "Examples:\n  purebpf dump dcid\n"},
		{"dump dcid --help", "usage: purebpf dump PROGRAM [-format llvm|kernel|hex|c] [-order little|big]", "Examples:\n  purebpf dump dcid\n"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := outcome(t, inRole("tool", strings.Fields(tt.args)...))
			if got.status != 0 || got.stderr != "" {
				t.Errorf("status %d, stderr %q; want 0 and nothing", got.status, got.stderr)
			}
			if first, _, _ := strings.Cut(got.stdout, "\n"); first != tt.usage {
				t.Errorf("begins with %q, want %q", first, tt.usage)
			}
			if !strings.Contains(got.stdout, tt.has) {
				t.Errorf("no %q in\n%s", tt.has, got.stdout)
			}
		})
	}
}

// The commands in the examples of the help must be ones that work; demo has a test of its own.
func TestHelpExamples(t *testing.T) {
	for _, cmd := range commands() {
		_, examples, _ := strings.Cut(cmd.help, "Example")
		ran := 0
		for line := range strings.Lines(examples) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != "purebpf" {
				continue
			}
			if got := outcome(t, inRole("tool", fields[1:]...)); got.status != 0 || got.stdout == "" {
				t.Errorf("%s: %+v", strings.TrimSpace(line), got)
			}
			ran++
		}
		if ran == 0 && cmd.name != "demo" {
			t.Errorf("the help of %s has no example", cmd.name)
		}
	}
}

func TestList(t *testing.T) {
	got := outcome(t, inRole("tool", "list"))
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	var words [][]string
	for line := range strings.Lines(got.stdout) {
		words = append(words, strings.Fields(line)[:2])
	}
	want := [][]string{
		{"PROGRAM", "TYPE"},
		{"dcid", "sk_reuseport"},
		{"bytemod", "classic"},
		{"sockredir-record", "sock_ops"},
		{"sockredir-redirect", "sk_msg"},
	}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// bytemod is six instructions, see its documentation, of eight bytes.
	if want := "  classic       6      48     select it by a byte"; !strings.Contains(got.stdout, want) {
		t.Errorf("no %q in\n%s", want, got.stdout)
	}
}

// An output that cannot be written is an error.
func TestOutputFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range []string{"list", "dump dcid"} {
		cmd := inRole("tool", strings.Fields(args)...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &stderr
		cmd.Run()
		if want := "no space left on device"; cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: status %d, %q; want 1 and %q", args, cmd.ProcessState.ExitCode(), &stderr, want)
		}
	}
}
