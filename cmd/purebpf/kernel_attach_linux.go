package main

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
)

// attachPinned attaches a program and pins the link.
func attachPinned(c *console, program, target string, f *attachFlags) error {
	p, err := openProgram(program, f.options())
	if err != nil {
		return err
	}
	defer p.Close()
	if err := f.check(p); err != nil {
		return err
	}
	pin := f.pin
	if pin == "" {
		s, err := parseSelector(program)
		if err != nil {
			return err
		}
		if s.pinned == "" {
			return misuse("where to pin the link? -pin PATH, because program %s is not given by a path", program)
		}
		pin = linkPin(s.pinned)
	}
	link, err := attach(p, target, f)
	if err != nil {
		return err
	}
	if !link.Pinnable() { // and not closed: it stays attached that way
		_, err := fmt.Fprintf(c.stdout, "%s is attached to %s, without a link, which this kernel does not have for it.\nIt stays until: purebpf detach %s %s\n",
			p.Name(), target, program, target)
		return err
	}
	defer link.Close()
	if err := link.Pin(pin); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s is attached to %s, by the link %s\n", p.Name(), target, pin)
	return err
}

// linkPin is where the link of a pinned program is pinned.
func linkPin(program string) string { return program + "_link" }

func (f *attachFlags) options() *loader.OpenOptions {
	at, _ := asm.AttachTypeByName(f.at)
	return &loader.OpenOptions{AttachType: at}
}

// placesOf returns the attach types of which a program of that type needs one to be named, because the kernel does not
// tell which it was loaded for.
func placesOf(t asm.ProgramType) []string {
	var of []string
	for _, name := range places() {
		var belongs asm.ProgramType
		switch {
		case strings.HasPrefix(name, "tcx_"):
			belongs = asm.SchedCLS
		case strings.HasPrefix(name, "sk_skb_"):
			belongs = asm.SkSKB
		case strings.HasSuffix(name, "sockopt"):
			belongs = asm.CgroupSockopt
		case name == "cgroup_inet_ingress", name == "cgroup_inet_egress":
			belongs = asm.CgroupSKB
		case strings.HasPrefix(name, "cgroup_inet_sock_"), strings.HasSuffix(name, "_post_bind"):
			belongs = asm.CgroupSock
		default:
			belongs = asm.CgroupSockAddr
		}
		if belongs == t {
			of = append(of, name)
		}
	}
	return of
}

// check makes sure that the place is known, and is one that the program may have.
func (f *attachFlags) check(p *loader.Program) error {
	of := placesOf(p.Type())
	switch {
	case len(of) == 0 && f.at != "":
		return misuse("-at is not for programs of type %v, which have one place", p.Type())
	case len(of) > 0 && f.at == "":
		return misuse("where? The kernel does not tell what a %v program was loaded for: -at %s", p.Type(), alternatives(of))
	case len(of) > 0 && !slices.Contains(of, f.at):
		return misuse("-at %s is not for programs of type %v: %s", f.at, p.Type(), alternatives(of))
	case f.mode != "any" && f.mode != "" && p.Type() != asm.XDP:
		return misuse("-mode is for xdp programs, not for %v", p.Type())
	}
	return nil
}

// attach attaches a program to what its type belongs to.
func attach(p *loader.Program, target string, f *attachFlags) (*loader.Link, error) {
	switch p.Type() {
	case asm.SockOps, asm.CgroupSKB, asm.CgroupSock, asm.CgroupSockAddr, asm.CgroupSockopt, asm.CgroupDevice, asm.CgroupSysctl:
		return loader.AttachCgroup(target, p)
	case asm.SkMsg, asm.SkSKB:
		m, err := openMap(target)
		if err != nil {
			return nil, err
		}
		defer m.Close()
		return loader.AttachSocketMap(m, p)
	case asm.SkLookup, asm.FlowDissector:
		return loader.AttachNetNS(target, p)
	case asm.XDP, asm.SchedCLS:
		index, err := interfaceIndex(target)
		if err != nil {
			return nil, err
		}
		if p.Type() == asm.SchedCLS {
			return loader.AttachTCX(index, p, f.options().AttachType)
		}
		mode := loader.XDPAny
		switch f.mode {
		case "generic":
			mode = loader.XDPGeneric
		case "driver":
			mode = loader.XDPDriver
		}
		return loader.AttachXDP(index, p, mode)
	case asm.RawTracepoint, asm.RawTracepointWritable:
		return loader.AttachRawTracepoint(target, p)
	}
	return nil, notAttached(p)
}

// notAttached says why a program cannot be attached from here.
func notAttached(p *loader.Program) error {
	what := fmt.Sprintf("program %s is of type %v", p.Name(), p.Type())
	switch p.Type() {
	case asm.SkReuseport, asm.SocketFilter:
		return fmt.Errorf("%s: it belongs to a socket, and the process that has the socket attaches it "+
			"(setsockopt SO_ATTACH_REUSEPORT_EBPF, SO_ATTACH_BPF: loader.OpenPinned, then loader.AttachReuseport or AttachSocketFilter)", what)
	}
	return fmt.Errorf("%s, which this tool does not attach", what)
}

func interfaceIndex(name string) (int, error) {
	all, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	var names []string
	for _, i := range all {
		if i.Name == name {
			return i.Index, nil
		}
		names = append(names, i.Name)
	}
	return 0, fmt.Errorf("no network interface %s: %s", name, alternatives(names))
}
