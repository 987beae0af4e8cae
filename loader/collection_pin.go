//go:build linux

package loader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/maps"
)

// Pin makes the directory dir in a BPF file system and pins there all programs of the collection and all maps that it made,
// each under its name, with '_' for dots, which the kernel does not take there. Maps that are given, or pinned by name
// (asm.MapSpec.PinByName), are left alone. The directory may exist if it is empty.
//
// It is there with everything in it or not at all, also when the process is killed meanwhile: everything is pinned in
// another directory beside it, of a name that begins with "_purebpf_", which then takes its name. What a killed process
// left of that is removed by the next call for a directory beside it.
//
// ENOTEMPTY: there is something in dir. EINVAL: it is not in a BPF file system.
func (c *Collection) Pin(dir string) error {
	if err := c.pin(dir); err != nil {
		return fmt.Errorf("pin in %s: %w", dir, err)
	}
	return nil
}

func (c *Collection) pin(dir string) error {
	if err := checkPath(dir); err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if err := checkBPFFS(parent); err != nil {
		return fmt.Errorf("%s: %w", parent, err)
	}
	removeAbandoned(parent)
	draft, err := newDraft(parent)
	if err != nil {
		return err
	}
	defer draft.lock.Close()
	if err = c.pinInto(draft.path); err == nil {
		err = unix.Rename(draft.path, dir)
	}
	switch err {
	case nil:
		return nil
	case unix.ENOTEMPTY, unix.EEXIST:
		err = fmt.Errorf("%w (there are pins in it)", unix.ENOTEMPTY)
	}
	draft.remove()
	return err
}

// pinInto pins everything one by one.
func (c *Collection) pinInto(dir string) error {
	for _, p := range c.programs {
		path, err := pinPath(dir, p.name)
		if err == nil {
			err = p.Pin(path)
		}
		if err != nil {
			return err
		}
	}
	for _, m := range c.maps {
		if !m.own || m.byName {
			continue
		}
		path, err := pinPath(dir, m.name)
		if err == nil {
			err = m.Pin(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pinPath returns where something of the given name is pinned.
func pinPath(dir, name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "/\x00") {
		return "", fmt.Errorf("%q cannot be the name of a file: %w", name, unix.EINVAL)
	}
	return filepath.Join(dir, strings.ReplaceAll(name, ".", "_")), nil
}

// draft is a directory that is going to get another name. Its lock goes with the process.
type draft struct {
	path string
	lock *sys.FD
}

const draftPrefix = "_purebpf_"

func newDraft(parent string) (draft, error) {
	for n := 0; ; n++ {
		path := filepath.Join(parent, draftPrefix+strconv.Itoa(os.Getpid())+"_"+strconv.Itoa(n))
		err := unix.Mkdir(path, 0o700)
		if err == unix.EEXIST {
			continue
		}
		if err != nil {
			return draft{}, fmt.Errorf("make a directory in %s: %w", parent, err)
		}
		lock, err := lockDirectory(path)
		if err == unix.EWOULDBLOCK || err == unix.ENOENT {
			continue // taken for abandoned, in the moment before it was locked
		}
		if err != nil {
			unix.Rmdir(path)
			return draft{}, fmt.Errorf("lock %s: %w", path, err)
		}
		return draft{path, lock}, nil
	}
}

// lockDirectory returns ENOENT for a directory that is removed before it is locked.
func lockDirectory(path string) (*sys.FD, error) {
	fd, err := openPath(path)
	if err != nil {
		return nil, err
	}
	err = use(fd, func(n int) error {
		if err := unix.Flock(n, unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return err
		}
		var at unix.Stat_t
		if err := unix.Fstat(n, &at); err != nil {
			return err
		}
		if at.Nlink == 0 {
			return unix.ENOENT
		}
		return nil
	})
	if err != nil {
		fd.Close()
		return nil, err
	}
	return fd, nil
}

func (d draft) remove() {
	entries, _ := os.ReadDir(d.path)
	for _, entry := range entries {
		unix.Unlink(filepath.Join(d.path, entry.Name()))
	}
	unix.Rmdir(d.path)
}

// removeAbandoned removes the drafts of processes that are gone.
func removeAbandoned(parent string) {
	entries, _ := os.ReadDir(parent)
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), draftPrefix) {
			continue
		}
		path := filepath.Join(parent, entry.Name())
		if lock, err := lockDirectory(path); err == nil {
			draft{path, lock}.remove()
			lock.Close()
		}
	}
}

// errPinRace: another process pinned a map of that name meanwhile.
var errPinRace = errors.New("another process pins maps of these names")

// mapByName opens the map that is pinned under the name of spec in dir, or makes one that is still to be pinned.
func mapByName(dir string, spec asm.MapSpec) (m collectedMap, err error) {
	m = collectedMap{name: spec.Name, own: true, byName: true}
	if dir == "" {
		return m, fmt.Errorf("map %s is pinned by name, and CollectionOptions.PinPath does not say where", spec.Name)
	}
	path, err := pinPath(dir, spec.Name)
	if err != nil {
		return m, fmt.Errorf("map %s: %w", spec.Name, err)
	}
	if err := checkBPFFS(dir); err != nil {
		return m, fmt.Errorf("map %s is pinned by name in %s: %w", spec.Name, dir, err)
	}
	m.Raw, err = maps.OpenPinned(path, maps.ReadWrite)
	switch {
	case err == nil:
		if err := reusable(m.Raw, spec); err != nil {
			m.Raw.Close()
			return m, fmt.Errorf("map %s pinned at %s: %w", spec.Name, path, err)
		}
		return m, nil
	case !errors.Is(err, unix.ENOENT):
		return m, err
	}
	m.pinAt = path
	m.Raw, err = maps.Create(spec, nil)
	return m, err
}

// reusable compares what bpf_map__reuse_fd of libbpf does before it takes a pinned map.
func reusable(m *maps.Raw, want asm.MapSpec) error {
	if err := m.Match(want); err != nil {
		return err
	}
	have := m.Spec()
	switch have.Type {
	case asm.MapDevMap, asm.MapDevMapHash:
		have.Flags &^= asm.MapReadOnlyProg // the kernel sets it
	}
	if have.Flags != want.Flags {
		return fmt.Errorf("%w: flags are %#x, want %#x", maps.ErrMismatch, uint32(have.Flags), uint32(want.Flags))
	}
	if have.Extra != want.Extra {
		return fmt.Errorf("%w: extra is %#x, want %#x", maps.ErrMismatch, have.Extra, want.Extra)
	}
	return nil
}

// pinByName pins the maps that were not there, all or none.
func (c *Collection) pinByName() error {
	var pinned []string
	for _, m := range c.maps {
		if m.pinAt == "" {
			continue
		}
		err := m.Pin(m.pinAt)
		if err == nil {
			pinned = append(pinned, m.pinAt)
			continue
		}
		for _, path := range pinned {
			unix.Unlink(path)
		}
		if errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("%w: %w", errPinRace, err)
		}
		return err
	}
	return nil
}
