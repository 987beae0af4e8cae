//go:build linux

package loader

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/maps"
)

// AttachSocketMap attaches a program to a sockmap or sockhash: it runs for the sockets that are in the map. A sk_msg
// program sees what they send; a sk_skb program sees what they receive, as parser (asm.AttachSkSKBStreamParser) or with a
// verdict (asm.AttachSkSKBStreamVerdict, asm.AttachSkSKBVerdict).
//
// A socket takes the programs of a map when it is put in, and keeps them until it is taken out: attach first, then fill
// the map, and know that Link.Update and Link.Close are for the sockets that come after. A map has one program of each
// kind: EBUSY when another one is there. A socket that is in two maps can have a sk_msg program from one of them only;
// putting it into the second fails with EBUSY.
func AttachSocketMap(m *maps.Raw, p *Program) (*Link, error) {
	at, err := socketMapAttachType(m, p)
	if err != nil {
		return nil, fmt.Errorf("attach to a socket map: %w", err)
	}
	name := "map " + m.Spec().Name
	fd, err := dupMap(m)
	if err != nil {
		return nil, fmt.Errorf("attach %v program %s to %s: %w", p.kind, p.name, name, err)
	}
	defer fd.Close()
	to := place{fd: fd, name: name, at: at}
	err = vacant(to)
	if err == nil {
		var link *Link
		if link, err = attach(to, p); err == nil {
			return link, nil
		}
	}
	if err == unix.EBUSY {
		err = fmt.Errorf("%w (a socket map has one %v program)", err, at)
	}
	return nil, fmt.Errorf("attach %s: %w", to.what(p), explainAttach(err))
}

// vacant returns EBUSY when there is a program already. BPF_PROG_ATTACH, and BPF_LINK_CREATE where the other one was
// attached with BPF_PROG_ATTACH, would put ours in its place without a word. Before Linux 5.16 one cannot ask.
func vacant(at place) error {
	if ids, err := query(at.fd, at.at); err == nil && len(ids) > 0 && ids[0] != 0 {
		return unix.EBUSY
	}
	return nil
}

func socketMapAttachType(m *maps.Raw, p *Program) (asm.AttachType, error) {
	if m == nil {
		return 0, errors.New("no map")
	}
	if t := m.Spec().Type; t != asm.MapSockMap && t != asm.MapSockHash {
		return 0, fmt.Errorf("%w: map %s is a %v, not a sockmap or sockhash", ErrWrongType, m.Spec().Name, t)
	}
	if err := ofType(p, asm.SkMsg, asm.SkSKB); err != nil {
		return 0, err
	}
	if p.kind == asm.SkMsg {
		return asm.AttachSkMsgVerdict, nil
	}
	switch p.attach {
	case asm.AttachSkSKBStreamParser, asm.AttachSkSKBStreamVerdict, asm.AttachSkSKBVerdict:
		return p.attach, nil
	}
	kinds := []asm.AttachType{asm.AttachSkSKBStreamParser, asm.AttachSkSKBStreamVerdict, asm.AttachSkSKBVerdict}
	return 0, fmt.Errorf("%w: the attach type of sk_skb program %s is not one of %s", ErrWrongType, p.name, alternatives(kinds))
}

// DetachSocketMap detaches a program that was attached to a socket map with BPF_PROG_ATTACH, whoever did that: bpftool, or
// AttachSocketMap before Linux 6.10. One that is attached by a Link is detached by that, see Links. ENOENT: the program is
// not attached there.
func DetachSocketMap(m *maps.Raw, p *Program) error {
	at, err := socketMapAttachType(m, p)
	if err != nil {
		return fmt.Errorf("detach from a socket map: %w", err)
	}
	fd, err := dupMap(m)
	if err == nil {
		defer fd.Close()
		err = detachPlain(place{fd: fd, at: at}, p)
	}
	if err != nil {
		return fmt.Errorf("detach %v program %s from map %s: %w", p.kind, p.name, m.Spec().Name, explainAttach(err))
	}
	return nil
}

// SocketMapPrograms returns the id of the program that is attached to a socket map at the given place, if there is one.
// It needs Linux 5.16 and CAP_NET_ADMIN.
func SocketMapPrograms(m *maps.Raw, at asm.AttachType) ([]uint32, error) {
	if m == nil {
		return nil, fmt.Errorf("list %v programs of a map: no map", at)
	}
	fd, err := dupMap(m)
	if err == nil {
		defer fd.Close()
		var ids []uint32
		if ids, err = query(fd, at); err == nil {
			return ids, nil
		}
	}
	return nil, fmt.Errorf("list %v programs of map %s: %w", at, m.Spec().Name, explainAttach(err))
}

// dupMap makes a descriptor of our own of a map's: a Link may outlive the Raw.
func dupMap(m *maps.Raw) (*sys.FD, error) {
	f, err := m.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return dupFile(f)
}
