package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// selector is how an argument names programs or maps in the kernel.
type selector struct {
	pinned string
	id     uint32
	tag    string
	name   string
}

// parseSelector reads PATH, id:N, tag:TAG or NAME.
func parseSelector(arg string) (selector, error) {
	switch kind, rest, _ := strings.Cut(arg, ":"); kind {
	case "id":
		id, err := strconv.ParseUint(rest, 10, 32)
		if err != nil || id == 0 {
			return selector{}, misuse("%q is no id: id:17", arg)
		}
		return selector{id: uint32(id)}, nil
	case "tag":
		if len(rest) != 16 || strings.Trim(rest, "0123456789abcdef") != "" {
			return selector{}, misuse("%q is no tag, which has 16 hexadecimal digits: tag:0123456789abcdef", arg)
		}
		return selector{tag: rest}, nil
	case "pinned":
		return selector{pinned: rest}, nil
	}
	switch {
	case arg == "":
		return selector{}, misuse("the name is empty")
	case strings.Contains(arg, "/"):
		return selector{pinned: arg}, nil
	}
	return selector{name: arg}, nil
}

// openPrograms opens the programs that arg names, at least one.
func openPrograms(arg string, opts *loader.OpenOptions) ([]*loader.Program, error) {
	s, err := parseSelector(arg)
	if err != nil {
		return nil, err
	}
	var p *loader.Program
	switch {
	case s.pinned != "":
		p, err = loader.OpenPinned(s.pinned, opts)
	case s.id != 0:
		p, err = loader.OpenID(s.id, opts)
	default:
		return findPrograms(s, opts)
	}
	if err != nil {
		return nil, err
	}
	return []*loader.Program{p}, nil
}

func findPrograms(s selector, opts *loader.OpenOptions) ([]*loader.Program, error) {
	var ids []uint32
	var names []string
	match := loader.Named(s.name)
	if s.tag != "" {
		match = loader.Tagged(s.tag)
	}
	_, err := loader.Find(func(i *loader.Info) bool {
		names = append(names, i.Name)
		if match(i) {
			ids = append(ids, i.ID)
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	var found []*loader.Program
	for _, id := range ids {
		p, err := loader.OpenID(id, opts)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			closeObjects(found)
			return nil, err
		}
		found = append(found, p)
	}
	switch {
	case len(found) > 0:
		return found, nil
	case s.tag != "":
		return nil, fmt.Errorf("no program in the kernel has the tag %s", s.tag)
	}
	return nil, fmt.Errorf("no program in the kernel has the name %s%s", s.name, didYouMean(s.name, names))
}

// openProgram opens the one program that arg names.
func openProgram(arg string, opts *loader.OpenOptions) (*loader.Program, error) {
	all, err := openPrograms(arg, opts)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 {
		return all[0], nil
	}
	defer closeObjects(all)
	var ids []string
	for _, p := range all {
		if info, err := p.Info(); err == nil {
			ids = append(ids, fmt.Sprintf("id:%d", info.ID))
		}
	}
	return nil, fmt.Errorf("%d programs match %s: choose by %s", len(all), arg, alternatives(ids))
}

// openMaps opens the maps that arg names, at least one.
func openMaps(arg string) ([]*maps.Raw, error) {
	s, err := parseSelector(arg)
	if err != nil {
		return nil, err
	}
	var m *maps.Raw
	switch {
	case s.tag != "":
		return nil, misuse("maps have no tags: %s", arg)
	case s.pinned != "":
		m, err = openAs(func(a maps.Access) (*maps.Raw, error) { return maps.OpenPinned(s.pinned, a) })
	case s.id != 0:
		m, err = openAs(func(a maps.Access) (*maps.Raw, error) { return maps.OpenID(s.id, a) })
	default:
		return findMaps(s.name)
	}
	if err != nil {
		return nil, err
	}
	return []*maps.Raw{m}, nil
}

// openAs opens a map for writing, too, if that is allowed.
func openAs(open func(maps.Access) (*maps.Raw, error)) (*maps.Raw, error) {
	m, err := open(maps.ReadWrite)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		if readable, err := open(maps.ReadOnly); err == nil {
			return readable, nil
		}
	}
	return m, err
}

func findMaps(name string) ([]*maps.Raw, error) {
	var names []string
	match := maps.Named(name)
	found, err := maps.Find(func(i maps.Info) bool {
		names = append(names, i.Spec.Name)
		return match(i)
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no map in the kernel has the name %s%s", name, didYouMean(name, names))
	}
	return found, err
}

// openMap opens the one map that arg names.
func openMap(arg string) (*maps.Raw, error) {
	all, err := openMaps(arg)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 {
		return all[0], nil
	}
	defer closeObjects(all)
	var ids []string
	for _, m := range all {
		if info, err := m.Info(); err == nil {
			ids = append(ids, fmt.Sprintf("id:%d", info.ID))
		}
	}
	return nil, fmt.Errorf("%d maps match %s: choose by %s", len(all), arg, alternatives(ids))
}

func closeObjects[T interface{ Close() error }](all []T) {
	for _, one := range all {
		one.Close()
	}
}
