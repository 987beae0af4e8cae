package kerneltest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// openDescriptors returns what the open descriptors of this process lead to, by number: "anon_inode:bpf-map",
// "socket:[8721]", a path.
func openDescriptors() map[string]string {
	const dir = "/proc/self/fd"
	open := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return open
	}
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(dir, entry.Name())); err == nil {
			open[entry.Name()] = target
		}
	}
	return open
}

// settleTime is how long goroutines that outlive their test have to close what they hold.
const settleTime = 500 * time.Millisecond

// leaked says what was left behind since before, one line for each, sorted.
func leaked(before map[string]string) []string {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(20 * time.Millisecond) {
		leaks := leftNow(before)
		if len(leaks) == 0 || time.Now().After(deadline) {
			return leaks
		}
	}
}

func leftNow(before map[string]string) []string {
	var leaks []string
	for fd, target := range openDescriptors() {
		if before[fd] != target && mustBeClosed(target) {
			leaks = append(leaks, fmt.Sprintf("descriptor %s: %s%s", fd, target, describe(fd)))
		}
	}
	made.Lock()
	defer made.Unlock()
	leaks = append(leaks, made.paths...)
	slices.Sort(leaks)
	return append(leaks, leftProcesses()...)
}

// leftProcesses describes the processes that the tests started and did not end. Only the process that has the
// sandbox to itself can tell.
func leftProcesses() (left []string) {
	if place.sandbox == nil || !place.sandbox.Direct() {
		return nil
	}
	pids, err := place.sandbox.Processes()
	if err != nil {
		return nil // no cgroup, nothing to count with
	}
	for _, pid := range pids {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err == nil {
			left = append(left, fmt.Sprintf("process %d: %s", pid, strings.TrimSpace(string(name))))
		}
	}
	return left
}

// mustBeClosed reports whether target is a BPF object or a socket. The kernel names BPF objects anon_inode:bpf-map,
// bpf-prog, bpf_link, bpf_iter, btf, some of them in brackets.
func mustBeClosed(target string) bool {
	if strings.HasPrefix(target, "socket:") {
		return true
	}
	object, ok := strings.CutPrefix(target, "anon_inode:")
	object = strings.TrimPrefix(object, "[")
	return ok && (strings.HasPrefix(object, "bpf") || strings.HasPrefix(object, "btf"))
}

// describe returns what the kernel tells of a BPF object behind a descriptor, such as its type and id, in
// parentheses.
func describe(fd string) string {
	info, err := os.ReadFile(filepath.Join("/proc/self/fdinfo", fd))
	if err != nil {
		return ""
	}
	var facts []string
	for line := range strings.Lines(string(info)) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "map_type", "map_id", "key_size", "value_size", "max_entries", "prog_type", "prog_tag", "prog_id",
			"link_type", "link_id":
			facts = append(facts, key+" "+strings.TrimSpace(value))
		}
	}
	if facts == nil {
		return ""
	}
	return " (" + strings.Join(facts, ", ") + ")"
}
