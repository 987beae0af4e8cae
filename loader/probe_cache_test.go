//go:build linux

package loader

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAskRemembers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer error
		want   int // times the kernel is asked when the question comes three times
	}{
		{"yes", nil, 1},
		{"no", &unsupported{"none", unix.EINVAL}, 1},
		{"cannot tell", unix.EPERM, 3},
	} {
		asked := 0
		for range 3 {
			err := ask(question{function: 255, a: uint32(test.want), b: uint32(len(test.name))}, func() error {
				asked++
				return test.answer
			})
			if !errors.Is(err, test.answer) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if asked != test.want {
			t.Errorf("%s: asked %d times, want %d", test.name, asked, test.want)
		}
	}
}
