//go:build linux

package loader

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBPFMounts(t *testing.T) {
	table := `proc /proc proc rw,nosuid 0 0
bpf /sys/fs/bpf bpf rw,nosuid,mode=700 0 0
none /mnt/a\040b\134c bpf rw 0 0
bpf /not tmpfs rw 0 0
short bpf
`
	if diff := cmp.Diff([]string{"/sys/fs/bpf", `/mnt/a b\c`}, bpfMounts(table)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for kind, want := range map[ObjectKind]string{ProgramObject: "program", MapObject: "map", LinkObject: "link", 0: "unknown object"} {
		if kind.String() != want {
			t.Errorf("%d is %q, want %q", kind, kind, want)
		}
	}
}
