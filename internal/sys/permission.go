//go:build linux

package sys

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/capability"
)

// PermissionError is an EPERM or EACCES together with what is likely to be behind it.
type PermissionError struct {
	// Missing are the capabilities that the operation needs and the process does not have.
	Missing []capability.Capability
	// Reason is what is known of the cause in words, naming Missing.
	Reason string
	// Err is what the kernel answered.
	Err error
}

func (e *PermissionError) Error() string { return e.Err.Error() + " (" + e.Reason + ")" }

func (e *PermissionError) Unwrap() error { return e.Err }

// ExplainPermission turns an EPERM of an operation that needs the given capabilities into a PermissionError. Every other
// error is returned as it is.
func ExplainPermission(err error, need ...capability.Capability) error {
	if err != unix.EPERM {
		return err
	}
	missing, missingErr := capability.Missing(need...)
	if missingErr != nil {
		return &PermissionError{Reason: missingErr.Error(), Err: err}
	}
	return &PermissionError{Missing: missing, Reason: permissionReason(missing, need), Err: err}
}

func permissionReason(missing, need []capability.Capability) string {
	if len(missing) > 0 {
		reason := "missing " + capability.List(missing)
		if have, err := capability.Effective(); err == nil && have.Has(missing[0]) {
			reason += ": the process is in a user namespace, whose capabilities do not count"
		}
		if last, err := readNumber("/proc/sys/kernel/cap_last_cap"); err == nil && last < uint64(capability.CAP_BPF) {
			reason += ", which on this kernel is part of CAP_SYS_ADMIN"
		}
		return reason
	}
	var causes []string
	if mode, err := statusField("Seccomp"); err == nil && mode == "2" {
		causes = append(causes, "a seccomp filter is active and may forbid bpf(2)")
	}
	if mode := LockdownMode(); mode != "" && mode != "none" {
		causes = append(causes, "the kernel is locked down ("+mode+")")
	}
	reason := "the process has " + capability.List(need)
	if len(need) == 0 {
		reason = "no capability is missing"
	}
	if len(causes) == 0 {
		return reason + ", so a security module, or before Linux 5.11 RLIMIT_MEMLOCK, is the likely cause"
	}
	return reason + ", but " + strings.Join(causes, "; ")
}

func readNumber(path string) (uint64, error) {
	b, err := ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 64)
}

// statusField returns a field of /proc/self/status.
func statusField(name string) (string, error) {
	b, err := ReadFile("/proc/self/status")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("/proc/self/status has no field %s", name)
}

// LockdownMode returns the mode in brackets in /sys/kernel/security/lockdown, "" when the kernel has no lockdown or does not
// tell this process.
func LockdownMode() string {
	b, err := ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return ""
	}
	_, mode, _ := strings.Cut(string(b), "[")
	mode, _, _ = strings.Cut(mode, "]")
	return mode
}

// RetryMemlock repeats a command that failed with EPERM although the process has the capabilities it needs, with
// RLIMIT_MEMLOCK raised as far as the process may, if that is higher than it was. Before Linux 5.11 the memory of maps
// and programs counted against that limit, which is 64 KiB by default, and EPERM was the answer when it was reached. The
// limit stays raised only when that helped; err is returned when it did not.
func RetryMemlock(err error, command func() error, need ...capability.Capability) error {
	if err != unix.EPERM {
		return err
	}
	if missing, missingErr := capability.Missing(need...); missingErr != nil || len(missing) > 0 {
		return err
	}
	var before unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before) != nil || before.Cur == unix.RLIM_INFINITY {
		return err
	}
	raised := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if unix.Setrlimit(unix.RLIMIT_MEMLOCK, &raised) != nil {
		if before.Cur == before.Max {
			return err
		}
		raised = unix.Rlimit{Cur: before.Max, Max: before.Max}
		if unix.Setrlimit(unix.RLIMIT_MEMLOCK, &raised) != nil {
			return err
		}
	}
	again := command()
	if again == unix.EPERM {
		unix.Setrlimit(unix.RLIMIT_MEMLOCK, &before)
	}
	return again
}
