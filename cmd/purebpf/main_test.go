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

func TestMisuse(t *testing.T) {
	const shipped = "dcid, bytemod, sockredir-record, sockredir-redirect or sockredir"
	tests := []struct {
		args   string
		stderr string // its first line
	}{
		{"dmeo", `purebpf: no command "dmeo"; did you mean demo?`},
		{"xyzzy", `purebpf: no command "xyzzy"`},
		{"-format", `purebpf: no command "-format"`},
		{"help dmeo", `purebpf help: no command "dmeo"; did you mean demo?`},
		{"help demo run", `purebpf help: takes one command, got "run" as well`},

		{"demo -x", "purebpf demo: no flag -x"},
		{"demo dcid", `purebpf demo: takes no argument, got "dcid"`},
		{"list dcid", `purebpf list: takes no argument, got "dcid"`},
		{"list -jsno", "purebpf list: no flag -jsno; did you mean -json?"},
		{"version 2", `purebpf version: takes no argument, got "2"`},

		{"dump", "purebpf dump: which program? A file, - for standard input, or " + shipped},
		{"dump dcid bytemod", `purebpf dump: takes one input, got "bytemod" as well`},
		{"dump dcid -oredr big", "purebpf dump: no flag -oredr; did you mean -order?"},
		{"dump dcid -order", "purebpf dump: flag needs an argument: -order"},
		{"dump dcid -order middle", `purebpf dump: invalid value "middle" for flag -order: want little or big`},
		{"dump dcid -type xpd", `purebpf dump: no program type "xpd"; did you mean xdp?`},

		{"convert dcid", "purebpf convert: which format? -to " + alternatives(outputFormats())},
		{"convert dcid -o file.unknown", "purebpf convert: which format? -to " + alternatives(outputFormats())},
		{"convert dcid -to hxe", `purebpf convert: invalid value "hxe" for flag -to: want ` + alternatives(outputFormats()) + "; did you mean hex?"},
		{"convert dcid -to llvm -order big", "purebpf convert: -order is for -to elf, raw, classic-raw, hex or classic-hex, not for llvm"},
		{"convert dcid -to hex -symbol x", "purebpf convert: -symbol is for -to c-nginx, not for hex"},
		{"convert dcid -to hex -package x", "purebpf convert: -package is for -to go, not for hex"},

		{"asm", "purebpf asm: takes one text: a file, or - for standard input"},
		{"asm a b", "purebpf asm: takes one text: a file, or - for standard input"},
		{"disasm dcid -syntax intel", `purebpf disasm: invalid value "intel" for flag -syntax: want source, llvm or kernel`},

		{"link", "purebpf link: what? Files, - for standard input, or " + shipped},
		{"link dcid -map workers", "purebpf link: -map workers: want NAME=FD or NAME=TYPE:KEY:VALUE:ENTRIES"},
		{"link dcid -map workers=-1", `purebpf link: -map workers=-1: "-1" is no descriptor, nor TYPE:KEY:VALUE:ENTRIES`},
		{"link dcid -map w=1 -map w=2", "purebpf link: -map w=2: w is given twice"},
		{"link dcid -map w=hahs:4:4:1", `purebpf link: -map w=hahs:4:4:1: no map type "hahs"; did you mean hash?`},
		{"link dcid -map w=hash:4:4", "purebpf link: -map w=hash:4:4: want TYPE:KEY:VALUE:ENTRIES"},
		{"link dcid -map w=hash:4:x:1", `purebpf link: -map w=hash:4:x:1: "x" is no number of 32 bits`},

		{"run -packet 00", "purebpf run: which program? A file, - for standard input, or " + shipped},
		{"run dcid bytemod -packet 00", `purebpf run: takes one input, got "bytemod" as well`},
		{"run dcid", "purebpf run: needs -packet HEX|FILE"},
		{"run dcid -packet", "purebpf run: flag needs an argument: -packet"},
		{"run dcid -packet 0", "purebpf run: -packet is neither a file (open 0: no such file or directory) nor bytes (encoding/hex: odd length hex string)"},
		{"run dcid -packet 00 -map workers:00=socket:1", "purebpf run: -map is not for dcid, which comes with what it needs"},
		{"run sockredir -program record -packet 00 -sockets 2", "purebpf run: -sockets is not for sockredir, which comes with what it needs"},

		{"completion", "purebpf completion: for which shell: bash, zsh or fish?"},
		{"completion csh", "purebpf completion: for which shell: bash, zsh or fish?"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			got := outcome(t, inRole("tool", strings.Fields(tt.args)...))
			first, rest, _ := strings.Cut(got.stderr, "\n")
			if diff := cmp.Diff(result{2, "", tt.stderr}, result{got.status, got.stdout, first}, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// What it takes follows.
			want := "\nusage: purebpf " + strings.Fields(tt.args)[0]
			if strings.HasPrefix(tt.stderr, "purebpf: ") {
				want = "purebpf help lists the commands.\n"
			}
			if !strings.Contains(rest, want) {
				t.Errorf("no %q in\n%s", want, got.stderr)
			}
		})
	}
}

func TestNoArguments(t *testing.T) {
	want := runTool("help")
	want.status, want.stdout, want.stderr = 2, "", want.stdout
	if diff := cmp.Diff(want, runTool(), cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHelp(t *testing.T) {
	const runUsage = "usage: purebpf run INPUT [-from FORMAT] [-from-order little|big] [-type TYPE] [-program NAME]"
	tests := []struct {
		args  string
		usage string // the first line
		has   string
	}{
		{"help", "usage: purebpf COMMAND [ARGUMENT ...]", "\n  dump        list programs: bytes beside text, source lines, maps\n"},
		{"-h", "usage: purebpf COMMAND [ARGUMENT ...]", "\n  help        explain a command\n"},
		{"--help", "usage: purebpf COMMAND [ARGUMENT ...]", "Examples:\n  sudo purebpf demo\n"},
		{"help demo", "usage: purebpf demo", "Example:\n  sudo purebpf demo\n"},
		{"demo -h", "usage: purebpf demo", "Example:\n  sudo purebpf demo\n"},
		{"help run", runUsage, "Examples:\n  purebpf run dcid"},
		{"run dcid --help", runUsage, "\n  -trace                         print each instruction, "},
		{"help list", "usage: purebpf list [-json]", "\n  -json  print it for a script\n"},
		{"help help", "usage: purebpf help [COMMAND]", "Examples:\n  purebpf help\n"},
		{"help convert", "usage: purebpf convert INPUT [-from FORMAT] [-from-order little|big] [-type TYPE] [-o FILE]", "\n  -to FORMAT              the format, "},
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

// Every command explains itself, every flag included.
func TestHelpOfAll(t *testing.T) {
	for _, cmd := range commands() {
		f := newFlags(cmd.name)
		cmd.setup(f)
		if cmd.help == "" || cmd.summary == "" || len(cmd.examples) == 0 {
			t.Errorf("%s has no help, summary or example", cmd.name)
		}
		for _, name := range f.order {
			if f.set.Lookup(name).Usage == "" {
				t.Errorf("%s: -%s has no explanation", cmd.name, name)
			}
		}
		for line := range strings.Lines(runTool("help", cmd.name).stdout) {
			if len(line) > 121 {
				t.Errorf("%s: a line of %d bytes: %s", cmd.name, len(line), line)
			}
		}
	}
}

// The commands in the examples of the help work; demo has a test of its own. Files are made by the first example that
// writes them, or are in testdata/example.
func TestHelpExamples(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/example")); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range commands() {
		for _, line := range cmd.examples {
			stages := strings.Split(line, "|")
			if !strings.HasPrefix(line, "purebpf ") || kernelExample(cmd) {
				continue
			}
			var stdin string
			for _, stage := range stages {
				tool := inRole("tool", strings.Fields(stage)[1:]...)
				tool.Dir, tool.Stdin = folder, strings.NewReader(stdin)
				got := outcome(t, tool)
				if got.status != 0 || got.stderr != "" || got.stdout == "" && !strings.Contains(stage, " -o ") {
					t.Errorf("%s: %+v", line, got)
				}
				stdin = got.stdout
			}
		}
	}
}

// kernelExample reports whether the examples of a command ask the kernel, so that they cannot be run everywhere.
func kernelExample(cmd command) bool {
	return slices.ContainsFunc(kernelCommands(), func(k command) bool { return k.name == cmd.name })
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
