//go:build linux

package sys

import (
	"runtime"

	"golang.org/x/sys/unix"
)

func everySignal() unix.Sigset_t {
	var set unix.Sigset_t
	for i := range set.Val {
		set.Val[i]--
	}
	return set
}

// blockSignals keeps the signals from the calling goroutine's thread, which it occupies until restoreSignals.
func blockSignals(set unix.Sigset_t) (before unix.Sigset_t) {
	runtime.LockOSThread()
	// The only possible error is EINVAL or EFAULT for arguments that are right here.
	unix.PthreadSigmask(unix.SIG_BLOCK, &set, &before)
	return before
}

func restoreSignals(before unix.Sigset_t) {
	unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	runtime.UnlockOSThread()
}
