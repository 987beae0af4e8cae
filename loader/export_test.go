//go:build linux

package loader

import (
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/maps"
)

// LoadWithLogLimit is Load with less room for the log than Load takes.
func LoadWithLogLimit(p *asm.Program, opts *Options, limit uint32) (*Program, error) {
	return load(p, opts, limit)
}

// AttachSocketMapPlain and AttachCgroupPlain attach as on a kernel without links.

func AttachSocketMapPlain(m *maps.Raw, p *Program) (*Link, error) {
	at, err := socketMapAttachType(m, p)
	if err != nil {
		return nil, err
	}
	fd, err := dupMap(m)
	if err != nil {
		return nil, err
	}
	defer fd.Close()
	return attachPlain(place{fd: fd, name: "map " + m.Spec().Name, at: at}, p)
}

func AttachCgroupPlain(path string, p *Program) (*Link, error) {
	return attachCgroupPlain(path, p, sys.AttachAllowMulti)
}

// AttachCgroupAlone attaches so that no other program can be attached beside it.
func AttachCgroupAlone(path string, p *Program) (*Link, error) {
	return attachCgroupPlain(path, p, 0)
}

func attachCgroupPlain(path string, p *Program, flags uint32) (*Link, error) {
	at, err := cgroupAttachType(p)
	if err != nil {
		return nil, err
	}
	fd, err := openPath(path)
	if err != nil {
		return nil, err
	}
	defer fd.Close()
	return attachPlain(place{fd: fd, name: "cgroup " + path, at: at, flags: flags, replace: sys.AttachReplace}, p)
}

// LoadWithLines loads a program whose attributes with the lines were changed, after a first refusal.
func LoadWithLines(p *asm.Program, change func(attr *sys.ProgLoadAttr)) (*Program, error) {
	l := newLoading(p, new(Options), maxLogSize)
	defer l.forget()
	l.tell()
	change(&l.attr)
	fd, err := l.explain(unix.EINVAL)
	if err != nil {
		return nil, err
	}
	return &Program{fd: fd, name: p.Name()}, nil
}
