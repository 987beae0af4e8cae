// Package capability says which Linux capabilities (capabilities(7)) this process holds, so that a refusal can
// name the one that is missing instead of repeating "operation not permitted".
//
//	missing, err := capability.Missing(capability.CAP_BPF, capability.CAP_NET_ADMIN)
//	if err != nil {
//		return err
//	}
//	if len(missing) > 0 {
//		return fmt.Errorf("needs %s", capability.List(missing))
//	}
//
// The kernel accepts CAP_SYS_ADMIN wherever it asks for CAP_BPF or CAP_PERFMON (bpf_capable and perfmon_capable in
// include/linux/capability.h), and so does Missing.
package capability

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Capability is the number of a capability, as in <linux/capability.h>.
type Capability int

// The capabilities that matter around BPF. CAP_BPF and CAP_PERFMON exist since Linux 5.8.
const (
	CAP_DAC_OVERRIDE Capability = unix.CAP_DAC_OVERRIDE
	CAP_SETGID       Capability = unix.CAP_SETGID
	CAP_SETUID       Capability = unix.CAP_SETUID
	CAP_NET_ADMIN    Capability = unix.CAP_NET_ADMIN
	CAP_NET_RAW      Capability = unix.CAP_NET_RAW
	CAP_SYS_ADMIN    Capability = unix.CAP_SYS_ADMIN
	CAP_SYS_RESOURCE Capability = unix.CAP_SYS_RESOURCE
	CAP_PERFMON      Capability = unix.CAP_PERFMON
	CAP_BPF          Capability = unix.CAP_BPF
)

// String returns the kernel's name, such as "CAP_BPF", or "CAP_<number>" for one that has no constant here.
func (c Capability) String() string {
	switch c {
	case CAP_DAC_OVERRIDE:
		return "CAP_DAC_OVERRIDE"
	case CAP_SETGID:
		return "CAP_SETGID"
	case CAP_SETUID:
		return "CAP_SETUID"
	case CAP_NET_ADMIN:
		return "CAP_NET_ADMIN"
	case CAP_NET_RAW:
		return "CAP_NET_RAW"
	case CAP_SYS_ADMIN:
		return "CAP_SYS_ADMIN"
	case CAP_SYS_RESOURCE:
		return "CAP_SYS_RESOURCE"
	case CAP_PERFMON:
		return "CAP_PERFMON"
	case CAP_BPF:
		return "CAP_BPF"
	}
	return "CAP_" + strconv.Itoa(int(c))
}

// List joins the names of caps with ", ".
func List(caps []Capability) string {
	names := make([]string, len(caps))
	for i, c := range caps {
		names[i] = c.String()
	}
	return strings.Join(names, ", ")
}

// Set is a set of capabilities: bit n stands for capability n.
type Set uint64

// Has reports whether c is in s itself; it knows of no capability that stands for another.
func (s Set) Has(c Capability) bool { return c >= 0 && c < 64 && s>>c&1 != 0 }

// allows reports whether the kernel takes s for c.
func (s Set) allows(c Capability) bool {
	switch c {
	case CAP_BPF, CAP_PERFMON:
		return s.Has(c) || s.Has(CAP_SYS_ADMIN)
	}
	return s.Has(c)
}

// Effective returns the effective set of the calling thread.
func Effective() (Set, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // version 3 fills two: the low and the high 32 bits
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, fmt.Errorf("read the effective capabilities: %w", err)
	}
	return Set(data[1].Effective)<<32 | Set(data[0].Effective), nil
}

// Missing returns those of caps that the calling thread lacks, in the order given. In a user namespace other than
// the initial one all of them are missing: a rootless container shows every capability, but bpf(2) asks for them
// in the initial namespace.
func Missing(caps ...Capability) ([]Capability, error) {
	have, err := Effective()
	if err != nil {
		return nil, err
	}
	if initial, err := inInitialUserNamespace(); err != nil {
		return nil, err
	} else if !initial {
		have = 0
	}
	var missing []Capability
	for _, c := range caps {
		if !have.allows(c) {
			missing = append(missing, c)
		}
	}
	return missing, nil
}

// initialUserNamespace names the user namespace the kernel starts with: PROC_USER_INIT_INO in <linux/nsfs.h>.
const initialUserNamespace = "user:[4026531837]"

func inInitialUserNamespace() (bool, error) {
	var name [len(initialUserNamespace) + 1]byte // a longer name is another one
	n, err := unix.Readlink("/proc/self/ns/user", name[:])
	if err == unix.ENOENT {
		return true, nil // a kernel without CONFIG_USER_NS has one only
	}
	if err != nil {
		return false, fmt.Errorf("read the user namespace: %w", err)
	}
	return string(name[:n]) == initialUserNamespace, nil
}
