package sockredir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// TestEstablishedBefore leaves connections alone that are older than the redirection.
func TestEstablishedBefore(t *testing.T) {
	need(t)
	cgroup := kerneltest.CgroupJoin(t)
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client := dial(t, "tcp4", nil, l.Addr().String())
	server := accept(t, l)
	send(t, client, "before ")
	r, err := Attach(cgroup, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	send(t, client, "after")
	expect(t, server, "before after")
	send(t, server, "answer")
	expect(t, client, "answer")
	if diff := cmp.Diff(Stats{}, stats(t, r)); diff != "" {
		t.Errorf("statistics (-want +got):\n%s", diff)
	}
}

// TestMapFull has room for one end of a connection only.
func TestMapFull(t *testing.T) {
	r := attached(t, &Options{MaxEntries: 1})
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client := dial(t, "tcp4", nil, l.Addr().String())
	server := accept(t, l)
	await(t, r, "one end is recorded, the other refused", func(s Stats) bool { return s.Recorded == 1 && s.Refused == 1 })
	for _, text := range []string{"first", "second"} {
		send(t, client, text)
		expect(t, server, text)
		send(t, server, text)
		expect(t, client, text)
	}
	got := stats(t, r)
	if got.Redirected.Messages+got.Passed.Messages != 2 {
		t.Errorf("%+v: want 2 messages of the recorded end", got)
	}
}

// TestClose ends a redirection while a pair is established: the pair goes on, new connections stay with TCP, and with
// the pair the last of it disappears from the kernel.
func TestClose(t *testing.T) {
	need(t)
	cgroup := kerneltest.CgroupJoin(t)
	r, err := Attach(cgroup, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ids := mapIDs(t, r)
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client := dial(t, "tcp4", nil, l.Addr().String())
	server := accept(t, l)
	await(t, r, "both ends are recorded", func(s Stats) bool { return s.Recorded == 2 })

	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Stats(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Stats after Close: %v, want %v", err, os.ErrClosed)
	}
	if got, err := loader.CgroupPrograms(cgroup, asm.AttachCgroupSockOps); err != nil || len(got) > 0 {
		t.Errorf("programs of the cgroup after Close: %v, %v, want none", got, err)
	}
	fresh := dial(t, "tcp4", nil, l.Addr().String())
	if got := exchange(t, fresh, accept(t, l), 1<<20); got < 16 {
		t.Errorf("a new connection took %d packets on lo for 1 MiB, too few for TCP", got)
	}
	if got := exchange(t, client, server, 1<<20); got > 10 {
		t.Errorf("the old connection took %d packets on lo for 1 MiB, want a handful", got)
	}
	client.Close()
	server.Close()
	for name, id := range ids {
		eventually(t, "map "+name+" is gone", func() bool {
			m, err := maps.OpenID(id, maps.ReadWrite)
			if err == nil {
				m.Close()
			}
			return errors.Is(err, unix.ENOENT)
		})
	}
}

// mapIDs returns the ids of the maps, which live as long as a program that uses them.
func mapIDs(t *testing.T, r *Redirect) map[string]uint32 {
	t.Helper()
	ids := map[string]uint32{}
	for _, name := range []string{socketsMap, plainTCPMap, countersMap} {
		m, ok := r.collection.Map(name)
		if !ok {
			t.Fatalf("no map %s", name)
		}
		info, err := m.Info()
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = info.ID
	}
	return ids
}

// TestAttachTwice attaches to the same cgroup again. A socket takes a sk_msg program from one map only, so the second
// redirection gets none, and does no harm.
func TestAttachTwice(t *testing.T) {
	need(t)
	cgroup := kerneltest.CgroupJoin(t)
	var both [2]*Redirect
	for i := range both {
		var err error
		if both[i], err = Attach(cgroup, nil); err != nil {
			t.Fatal(err)
		}
		defer both[i].Close()
	}
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	client := dial(t, "tcp4", nil, l.Addr().String())
	server := accept(t, l)
	await(t, both[1], "both ends are refused", func(s Stats) bool { return s.Refused == 2 })
	send(t, client, "hello")
	expect(t, server, "hello")
	want := Stats{Recorded: 2, Redirected: Traffic{Messages: 1, Bytes: 5}}
	if diff := cmp.Diff(want, stats(t, both[0])); diff != "" {
		t.Errorf("statistics of the first (-want +got):\n%s", diff)
	}
}

// TestMapTooLarge passes on what the kernel says.
func TestMapTooLarge(t *testing.T) {
	need(t)
	r, err := Attach(kerneltest.Cgroup(t), &Options{MaxEntries: 1<<31 + 1})
	if err == nil {
		r.Close()
		t.Fatal("no error")
	}
	if want := `create map "sockets" (sockhash, key 48, value 8, 2147483649 entries`; !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want it to have %q", err, want)
	}
}

func TestAttachRefuses(t *testing.T) {
	need(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cgroup := kerneltest.Cgroup(t)
	for _, test := range []struct {
		name, cgroup string
		want         string
		is           error
	}{
		{"missing", filepath.Join(folder, "missing"), "open " + folder + "/missing: no such file or directory", fs.ErrNotExist},
		{"empty", "", "open : no such file or directory", fs.ErrNotExist},
		{"file", file, "not a directory", unix.ENOTDIR},
		{"file of a cgroup", cgroup + "/cgroup.procs", "not a directory", unix.ENOTDIR},
		{"other file system", folder, folder + " is not in a cgroup file system of version 2 (its type is 0x", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Attach(test.cgroup, nil)
			if err == nil {
				r.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "redirect connections in a cgroup: ") {
				t.Errorf("got %q, want it to have %q", err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
		})
	}
}

// TestUnprivileged names the capability that is missing.
func TestUnprivileged(t *testing.T) {
	for _, test := range []struct {
		name string
		have []kerneltest.Capability
		want string
	}{
		{"nothing", nil, "missing CAP_BPF, CAP_NET_ADMIN"},
		{"CAP_BPF", []kerneltest.Capability{kerneltest.CAP_BPF}, "missing CAP_NET_ADMIN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			kerneltest.Unprivileged(t, func(t *testing.T) {
				r, err := Attach(anyCgroup(t), nil)
				if err == nil {
					r.Close()
					t.Fatal("no error")
				}
				if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %s to be named", err, test.want)
				}
			}, test.have...)
		})
	}
}

// anyCgroup returns a cgroup that everybody may look at.
func anyCgroup(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); f[2] == "cgroup2" && unix.Access(f[1], unix.R_OK) == nil {
			return f[1]
		}
	}
	t.Skip("no cgroup file system of version 2 can be read")
	return ""
}
