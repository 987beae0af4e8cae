//go:build linux

package sys

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Capability is a number of include/uapi/linux/capability.h.
type Capability int

// The capabilities that bpf(2) asks for.
const (
	CapNetAdmin    Capability = 12
	CapSysAdmin    Capability = 21
	CapSysResource Capability = 24
	CapPerfmon     Capability = 38 // from Linux 5.8 on, CAP_SYS_ADMIN before
	CapBPF         Capability = 39 // from Linux 5.8 on, CAP_SYS_ADMIN before
)

// String returns the name as in capabilities(7).
func (c Capability) String() string {
	switch c {
	case CapNetAdmin:
		return "CAP_NET_ADMIN"
	case CapSysAdmin:
		return "CAP_SYS_ADMIN"
	case CapSysResource:
		return "CAP_SYS_RESOURCE"
	case CapPerfmon:
		return "CAP_PERFMON"
	case CapBPF:
		return "CAP_BPF"
	}
	return "capability " + strconv.Itoa(int(c))
}

// HasCapability reports whether the calling thread has a capability or CAP_SYS_ADMIN, which the kernel takes for every
// one that bpf(2) asks for.
func HasCapability(c Capability) bool {
	effective, err := effectiveCapabilities()
	return err == nil && effective&(1<<c|1<<CapSysAdmin) != 0
}

func effectiveCapabilities() (uint64, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // version 3 has 64 bits in two halves
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, err
	}
	return uint64(data[1].Effective)<<32 | uint64(data[0].Effective), nil
}

// PermissionError is an EPERM or EACCES together with what is likely to be behind it.
type PermissionError struct {
	// Missing are the capabilities that the operation needs and the process does not have.
	Missing []Capability
	// Reason is what is known of the cause in words, naming Missing.
	Reason string
	// Err is what the kernel answered.
	Err error
}

func (e *PermissionError) Error() string { return e.Err.Error() + " (" + e.Reason + ")" }

func (e *PermissionError) Unwrap() error { return e.Err }

// ExplainPermission turns an EPERM of an operation that needs the given capabilities into a PermissionError. Every other
// error is returned as it is.
func ExplainPermission(err error, need ...Capability) error {
	if err != unix.EPERM {
		return err
	}
	var missing []Capability
	for _, c := range need {
		if !HasCapability(c) {
			missing = append(missing, c)
		}
	}
	return &PermissionError{Missing: missing, Reason: permissionReason(missing, need), Err: err}
}

func permissionReason(missing, need []Capability) string {
	if len(missing) > 0 {
		reason := "missing " + join(missing)
		if last, err := readNumber("/proc/sys/kernel/cap_last_cap"); err == nil && last < uint64(CapBPF) {
			reason += ", which on this kernel is part of CAP_SYS_ADMIN"
		}
		return reason
	}
	var causes []string
	if initial, err := inInitialUserNamespace(); err == nil && !initial {
		causes = append(causes, "the process is in a user namespace, where its capabilities do not count")
	}
	if mode, err := statusField("Seccomp"); err == nil && mode == "2" {
		causes = append(causes, "a seccomp filter is active and may forbid bpf(2)")
	}
	if mode := lockdownMode(); mode != "" && mode != "none" {
		causes = append(causes, "the kernel is locked down ("+mode+")")
	}
	reason := "the process has " + join(need)
	if len(need) == 0 {
		reason = "no capability is missing"
	}
	if len(causes) == 0 {
		return reason + ", so a security module or RLIMIT_MEMLOCK of a kernel before 5.11 is the likely cause"
	}
	return reason + ", but " + strings.Join(causes, "; ")
}

func join(caps []Capability) string {
	names := make([]string, len(caps))
	for i, c := range caps {
		names[i] = c.String()
	}
	return strings.Join(names, " and ")
}

func readNumber(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 64)
}

// inInitialUserNamespace tells by the map of user ids, which is the identity over all 32 bits there and nowhere else.
func inInitialUserNamespace() (bool, error) {
	b, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false, err
	}
	return strings.Join(strings.Fields(string(b)), " ") == "0 0 4294967295", nil
}

// statusField returns a field of /proc/self/status.
func statusField(name string) (string, error) {
	b, err := os.ReadFile("/proc/self/status")
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

// lockdownMode returns the mode in brackets in /sys/kernel/security/lockdown, "" when the kernel has no lockdown.
func lockdownMode() string {
	b, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return ""
	}
	_, mode, _ := strings.Cut(string(b), "[")
	mode, _, _ = strings.Cut(mode, "]")
	return mode
}

// RetryMemlock repeats a command that failed with EPERM with RLIMIT_MEMLOCK raised as far as the process may, if that is
// higher than it was. Before Linux 5.11 the memory of maps and programs counted against that limit, which is 64 KiB by
// default, and EPERM was the answer when it was reached. The limit stays raised only when that helped; err is returned
// when it did not.
func RetryMemlock(err error, command func() error) error {
	if err != unix.EPERM {
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
