// Command count reads the output of go test -json, prints what failed and what was skipped, and ends with the count.
// It fails when a test failed, when none ran, and when one was skipped for another reason than those in mayMiss: the
// kernel tests have to run here.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// mayMiss is in the reason of every test that may be skipped: tools to compare with, which a machine need not have, and the
// flag of the tests that record what clang makes of their programs.
var mayMiss = []string{
	"no bpf_asm", "no bpftool", "no clang", "no gcc", "no libbpf", "llvm-mc", "no llvm-objdump", "no tcpdump", "-record",
}

type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of a package that does not build
}

func main() {
	outputs := make(map[string]string) // by package and test
	broken := make(map[string]bool)    // packages that do not build or have a failed test
	var passed, failed, skipped, unexpected int
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			outputs[key] += e.Output
		case "build-output":
			fmt.Print(e.Output)
		case "build-fail":
			failed++
			name, _, _ := strings.Cut(e.ImportPath, " ") // of a test binary: package [package.test]
			broken[name] = true
			fmt.Println("does not build:", e.ImportPath)
		case "pass":
			if e.Test != "" {
				passed++
			} else {
				fmt.Print(strings.TrimPrefix(outputs[key], "PASS\n"))
			}
			delete(outputs, key)
		case "fail":
			if e.Test != "" || !broken[e.Package] { // a package can fail behind tests that passed
				failed++
			}
			broken[e.Package] = true
			fmt.Printf("FAIL %s\n%s", key, outputs[key])
		case "skip":
			if e.Test == "" {
				fmt.Print(outputs[key]) // no test files
				continue
			}
			skipped++
			fmt.Printf("skipped %s\n%s", key, outputs[key])
			if !slices.ContainsFunc(mayMiss, func(s string) bool { return strings.Contains(outputs[key], s) }) {
				unexpected++
			}
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Println("reading the test's output:", err)
		failed++
	}
	if unexpected > 0 {
		fmt.Printf("skipped although they must run here: %d\n", unexpected)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || unexpected > 0 || passed == 0 {
		os.Exit(1)
	}
}
