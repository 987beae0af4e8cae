package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// Cgroup is what sock_ops programs are attached to: they are told of what happens to TCP sockets of the cgroup. The zero
// value has none. A nil *Cgroup is one that nobody can attach to.
type Cgroup struct {
	// Ran, if not nil, is called after each run of a program with its context and what it returned.
	Ran      func(ctx *SockOpsContext, result uint32)
	programs []*Machine
}

// Attach adds m, a machine for a program of type sock_ops, behind those that are there.
func (c *Cgroup) Attach(m *Machine) error {
	if t := m.Program().Type(); t != asm.SockOps {
		return fmt.Errorf("attach program %s of type %v to a cgroup: %w", m.Program().Name(), t, EINVAL)
	}
	c.programs = append(c.programs, m)
	return nil
}

// call tells the programs of something that happens to a socket.
func (c *Cgroup) call(s *Socket, op uint32, args ...uint32) error {
	if c == nil {
		return nil
	}
	for _, m := range c.programs {
		ctx := SockOpsContext{Op: op, Socket: s, CBFlags: s.end.cbFlags}
		copy(ctx.Args[:], args)
		r0, err := m.Run(&ctx)
		if err != nil {
			return err
		}
		if uint32(r0) > 1 {
			return fmt.Errorf("program %s returned %d: sock_ops programs return 0 or 1", m.Program().Name(), uint32(r0))
		}
		s.end.cbFlags = ctx.CBFlags
		if c.Ran != nil {
			c.Ran(&ctx, uint32(r0))
		}
	}
	return nil
}

// setState brings a TCP socket into a state, of which programs are told that asked for it with asm.SockOpsStateCBFlag.
func (s *Socket) setState(state int) error {
	var err error
	if s.end.cbFlags&asm.SockOpsStateCBFlag != 0 && s.State != state {
		err = s.end.opts.Cgroup.call(s, asm.SockOpsStateCB, uint32(s.State), uint32(state))
	}
	s.State = state
	return err
}

// AttachMsg attaches a program of type sk_msg to a SOCKMAP or SOCKHASH: it runs for what sockets send that are put into the
// map from then on. EBUSY: the map has one.
func (m *Map) AttachMsg(program *Machine) error {
	t := program.Program().Type()
	sockets := m.spec.Type == asm.MapSockMap || m.spec.Type == asm.MapSockHash
	switch {
	case t != asm.SkMsg || !sockets:
		return fmt.Errorf("attach program %s of type %v to map %s of type %v: %w", program.Program().Name(), t,
			m.spec.Name, m.spec.Type, EINVAL)
	case m.msg != nil:
		return fmt.Errorf("attach program %s to map %s: %w", program.Program().Name(), m.spec.Name, EBUSY)
	}
	m.msg = program
	return nil
}
