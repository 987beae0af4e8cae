package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// detachLink detaches a link, given by its pin, its id or the pin of its program.
func detachLink(c *console, arg string) error {
	s, err := parseSelector(arg)
	if err != nil {
		return err
	}
	var link *loader.Link
	switch {
	case s.pinned != "":
		link, err = loader.OpenPinnedLink(s.pinned)
		if errors.Is(err, loader.ErrWrongType) {
			beside, besideErr := loader.OpenPinnedLink(linkPin(s.pinned))
			if besideErr != nil {
				return fmt.Errorf("%w; to detach a program, say from what: purebpf detach %s TARGET", err, arg)
			}
			link, err, s.pinned = beside, nil, linkPin(s.pinned)
		}
	case s.id != 0:
		link, err = loader.OpenLinkID(s.id)
	default:
		return misuse("links have no names: give the path where it is pinned, or id:N")
	}
	if err != nil {
		return err
	}
	defer link.Close()
	detachErr := link.Detach()
	if detachErr != nil && !errors.Is(detachErr, errors.ErrUnsupported) {
		return detachErr
	}
	var removed []string
	if s.pinned != "" {
		if err := link.Unpin(s.pinned); err != nil {
			return err
		}
		removed = append(removed, s.pinned)
	}
	info, err := link.Info()
	if err != nil {
		return err
	}
	removed = append(removed, unpinLinks(info.ID)...)
	if detachErr != nil && len(removed) == 0 {
		return detachErr // some process holds it
	}
	return reportDetached(c, fmt.Sprintf("link %d", info.ID), removed)
}

func reportDetached(c *console, what string, removed []string) error {
	text := what + " is detached"
	if len(removed) > 0 {
		text += "; removed " + strings.Join(removed, ", ")
	}
	_, err := fmt.Fprintln(c.stdout, text)
	return err
}

// unpinLinks removes all pins of a link that this process finds.
func unpinLinks(id uint32) (removed []string) {
	for _, pin := range allPins() {
		if pin.Kind == loader.LinkObject && pin.ID == id && os.Remove(pin.Path) == nil {
			removed = append(removed, pin.Path)
		}
	}
	return removed
}

// allPins lists the pins in all BPF file systems, as far as this process sees them.
func allPins() (all []loader.Pinned) {
	mounts, _ := loader.Mounts()
	seen := make(map[string]bool)
	for _, dir := range mounts {
		if !seen[dir] {
			pins, _ := loader.Pins(dir)
			all = append(all, pins...)
		}
		seen[dir] = true
	}
	return all
}

// detachProgram detaches a program from a target: by its links there, or as it was attached without one.
func detachProgram(c *console, program, target string, f *attachFlags) error {
	p, err := openProgram(program, f.options())
	if err != nil {
		return err
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		return err
	}
	isThere, plain, release, err := findTarget(p, target, f)
	if err != nil {
		return err
	}
	defer release()
	links, listErr := loader.Links(func(l loader.LinkInfo) bool { return l.ProgramID == info.ID && isThere(l) })
	for _, l := range links {
		if err := detachLink(c, fmt.Sprintf("id:%d", l.ID)); err != nil {
			return err
		}
	}
	if len(links) > 0 {
		return nil
	}
	if plain == nil {
		return errors.Join(listErr, fmt.Errorf("program %s (id %d) is not attached to %s", p.Name(), info.ID, target))
	}
	if err := f.check(p); err != nil {
		return err
	}
	if err := plain(); err != nil {
		if errors.Is(err, unix.ENOENT) && listErr != nil {
			return errors.Join(listErr, err)
		}
		return err
	}
	return reportDetached(c, p.Name(), nil)
}

// findTarget returns what recognizes links to a target, and what detaches the program from it without a link, if there is
// such a thing.
func findTarget(p *loader.Program, target string, f *attachFlags) (isThere func(loader.LinkInfo) bool, plain func() error, release func(), err error) {
	release = func() {}
	at := f.options().AttachType
	rightPlace := func(l loader.LinkInfo) bool { return f.at == "" || l.AttachType == at }
	switch p.Type() {
	case asm.SockOps, asm.CgroupSKB, asm.CgroupSock, asm.CgroupSockAddr, asm.CgroupSockopt, asm.CgroupDevice, asm.CgroupSysctl:
		inode, err := inodeOf(target)
		return func(l loader.LinkInfo) bool {
				return l.Type == loader.LinkCgroup && l.CgroupID == inode && rightPlace(l)
			},
			func() error { return loader.DetachCgroup(target, p) }, release, err
	case asm.SkMsg, asm.SkSKB:
		m, err := openMap(target)
		if err != nil {
			return nil, nil, nil, err
		}
		var about maps.Info
		about, err = m.Info()
		return func(l loader.LinkInfo) bool {
				return l.Type == loader.LinkSocketMap && l.MapID == about.ID && rightPlace(l)
			}, func() error { return loader.DetachSocketMap(m, p) },
			func() { m.Close() }, err
	case asm.SkLookup, asm.FlowDissector:
		inode, err := inodeOf(target)
		return func(l loader.LinkInfo) bool { return l.Type == loader.LinkNetNS && uint64(l.NetNSInode) == inode }, nil, release, err
	case asm.XDP, asm.SchedCLS:
		index, err := interfaceIndex(target)
		return func(l loader.LinkInfo) bool { return l.Interface == index && rightPlace(l) }, nil, release, err
	case asm.RawTracepoint, asm.RawTracepointWritable:
		return func(l loader.LinkInfo) bool { return l.Tracepoint == target }, nil, release, nil
	}
	return nil, nil, nil, notAttached(p)
}

// inodeOf returns the number by which links name the cgroup or the network namespace at path.
func inodeOf(path string) (uint64, error) {
	var at unix.Stat_t
	if err := unix.Stat(path, &at); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return at.Ino, nil
}
