package sandbox_test

import (
	"fmt"
	"os"

	"github.com/purebpf/purebpf/internal/sandbox"
)

// A program whose main is this runs its work in a sandbox.
func ExampleRun() {
	status, err := sandbox.Run(func(s *sandbox.Sandbox) int {
		cgroup, err := s.Cgroup()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer s.RemoveCgroup(cgroup)
		fmt.Println("attach programs to", cgroup)
		return 0
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}
