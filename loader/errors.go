//go:build linux

package loader

import (
	"errors"

	"github.com/purebpf/purebpf/internal/sys"
)

// ErrWrongType is wrapped by the error about a program that is not of the type that it is used for, and about a pin that
// is not what it is opened as.
var ErrWrongType = errors.New("wrong type")

// unsupported is an error of the kernel that means that it does not have what it was asked for: errors.Is finds both that
// error and errors.ErrUnsupported.
type unsupported struct {
	text string
	err  error
}

func (u *unsupported) Error() string {
	if u.err == sys.ENOTSUPP { // has no text of its own: it was meant to stay inside the kernel
		return u.text + " (errno 524, ENOTSUPP)"
	}
	return u.text + ": " + u.err.Error()
}

func (u *unsupported) Unwrap() []error { return []error{errors.ErrUnsupported, u.err} }
