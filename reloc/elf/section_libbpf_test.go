package elf

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newer are names that the libbpf of Debian 12, version 1.1, does not have yet.
var newer = map[string]bool{
	"uprobe.multi": true, "uretprobe.multi": true, "uprobe.multi.s": true, "uretprobe.multi.s": true, "kprobe.session": true,
	"uprobe.session": true, "uprobe.session.s": true, "usdt.s": true, "tcx/ingress": true, "tcx/egress": true, "tc/ingress": true,
	"tc/egress": true, "sk_skb/verdict": true, "netkit/primary": true, "netkit/peer": true, "netfilter": true, "struct_ops.s": true,
	"cgroup/connect_unix": true, "cgroup/sendmsg_unix": true, "cgroup/recvmsg_unix": true, "cgroup/getpeername_unix": true,
	"cgroup/getsockname_unix": true,
}

// libbpf says the same of every name that it has.
func TestSectionsOfLibbpf(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no libbpf: there is no gcc to link it with")
	}
	program := filepath.Join(t.TempDir(), "names")
	if out, err := exec.Command(gcc, "-Wall", "-Werror", "-o", program, "testdata/libbpf/names.c", "-lbpf").CombinedOutput(); err != nil {
		if strings.Contains(string(out), "bpf/libbpf.h: No such file") || strings.Contains(string(out), "-lbpf") {
			t.Skip("no libbpf")
		}
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	var names []string
	for i := range sections {
		name, extended := sections[i].base()
		names = append(names, name)
		if extended {
			names = append(names, name+"/what/for")
		}
	}
	// Of these it takes none.
	names = append(names, "xdp1", "cgroup", "cgroup/", "kprobe.multi2/f", ".text", "maps", "license")
	out, err := exec.Command(program, names...).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(names) {
		t.Fatalf("%d lines for %d names", len(lines), len(names))
	}
	for i, name := range names {
		typ, attach, _, _, ok := parseSection(name)
		want := fmt.Sprintf("%s %d %d", name, typ, attach)
		if !ok {
			want = name + " -1 -1"
		}
		base, _, _ := strings.Cut(name, "/what")
		if lines[i] != want && !(newer[base] && strings.HasSuffix(lines[i], " -1 -1")) {
			t.Errorf("libbpf says %q, want %q", lines[i], want)
		}
	}
}
