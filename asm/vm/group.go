package vm

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// Group is a reuseport group: the sockets at one address, and the program that selects among them, eBPF or classic or none
// (net/core/sock_reuseport.c). A Network makes one of the sockets that are bound to an address. Two sockets are in the same
// group if they have the same *Group.
type Group struct {
	// Trace, if not nil, is called before each instruction of a classic program. A Machine has Options.Trace.
	Trace func(ClassicStep)

	sockets []*Socket
	program *Machine
	classic *Classic
}

// Sockets returns the members in the order of their indices. The index of a socket is its place in the order in which they
// joined until one before the last leaves: then the last one takes that one's index.
func (g *Group) Sockets() []*Socket { return slices.Clone(g.sockets) }

// Attach makes m, a machine for a program of type sk_reuseport, the group's program in place of the one that it has.
func (g *Group) Attach(m *Machine) error {
	if t := m.Program().Type(); t != asm.SkReuseport {
		return fmt.Errorf("attach program %s of type %v to a reuseport group: %w", m.Program().Name(), t, EINVAL)
	}
	g.program, g.classic = m, nil
	return nil
}

// AttachClassic makes the classic program of c the group's program in place of the one that it has. It sees packets from
// behind the UDP or TCP header on, and returns the index of a socket.
func (g *Group) AttachClassic(c *Classic) { g.program, g.classic = nil, c }

// Detach takes the program away.
func (g *Group) Detach() { g.program, g.classic = nil, nil }

// leaveGroup takes the socket out of its group.
func (s *Socket) leaveGroup() {
	if s.Group == nil {
		return
	}
	members := s.Group.sockets
	if i := slices.Index(members, s); i >= 0 {
		last := len(members) - 1
		members[i] = members[last]
		s.Group.sockets = members[:last]
	}
	s.Group = nil
}

// Datagram is what a UDP sender hands to the kernel with one call.
type Datagram struct {
	From, To netip.AddrPort
	Payload  []byte
	// Segment is UDP_SEGMENT: the payload is that many bytes for each of several datagrams, the last one may be shorter.
	// Over loopback they travel as one packet, for which the program runs once. 0 sends one datagram.
	Segment int
	// Zerocopy is MSG_ZEROCOPY. Of what is sent so, or with UDP_SEGMENT, only the UDP header can be read between data and
	// data_end.
	Zerocopy bool
}

// Choice says who decided which socket gets a packet.
type Choice uint8

const (
	ByNobody  Choice = iota // no socket: none has the address, or the program returned asm.SkDrop. The sender is told
	ByAddress               // the only one that is in question: it is connected, or in no group
	ByProgram               // the group's program
	ByHash                  // a hash of addresses and ports over the whole group, for the program selected none
)

// String returns a word such as "hash".
func (c Choice) String() string {
	switch c {
	case ByAddress:
		return "address"
	case ByProgram:
		return "program"
	case ByHash:
		return "hash"
	}
	return "nobody"
}

// Arrival is where a packet came out.
type Arrival struct {
	Socket *Socket // nil for none
	By     Choice
	// Result is what the program returned, if there is one: 0 otherwise.
	Result uint32
}

// Send sends a datagram and returns which socket got it; Socket.Receive takes it out there. EINVAL: the addresses are of
// different families, or there are more than 128 segments (UDP_MAX_SEGMENTS); EMSGSIZE: the payload does not fit into an IP
// packet.
func (n *Network) Send(d Datagram) (Arrival, error) {
	d.From, d.To = unmap(d.From), unmap(d.To)
	p := wire{protocol: asm.IPProtoUDP, from: d.From, to: d.To, payload: d.Payload}
	switch {
	case d.From.Addr().Is4() != d.To.Addr().Is4() || !d.From.IsValid() || !d.To.IsValid():
		return Arrival{}, fmt.Errorf("send from %v to %v: %w", d.From, d.To, EINVAL)
	case d.Segment < 0 || len(d.Payload) > d.Segment*128 && d.Segment > 0:
		return Arrival{}, fmt.Errorf("send %d bytes in segments of %d: %w", len(d.Payload), d.Segment, EINVAL)
	case !p.fits():
		return Arrival{}, fmt.Errorf("send %d bytes: %w", len(d.Payload), EMSGSIZE)
	}
	if d.Segment > 0 || d.Zerocopy {
		p.paged = len(d.Payload)
	}
	a, err := n.choose(&p)
	if a.Socket != nil {
		for rest := d.Payload; d.Segment > 0 && len(rest) > d.Segment; d.Payload = rest {
			a.Socket.end.inbox = append(a.Socket.end.inbox, slices.Clone(rest[:d.Segment]))
			rest = rest[d.Segment:]
		}
		a.Socket.end.inbox = append(a.Socket.end.inbox, slices.Clone(d.Payload))
	}
	return a, err
}

// choose finds the socket for a packet.
func (n *Network) choose(p *wire) (Arrival, error) {
	own := n.lookup(p.protocol, p.from, p.to)
	switch {
	case own == nil:
		return Arrival{}, nil
	case own.Group == nil:
		return Arrival{Socket: own, By: ByAddress}, nil
	}
	return own.Group.choose(own, p)
}

// choose is reuseport_select_sock of net/core/sock_reuseport.c.
func (g *Group) choose(own *Socket, p *wire) (Arrival, error) {
	hash := p.hash()
	var a Arrival
	switch {
	case g.program != nil:
		ctx := ReuseportContext{
			Socket: own, Hash: hash, BindInany: own.Local.Addr().IsUnspecified(),
			Data: p.frame(), Start: p.transport(), Network: linkHeaderLen, Paged: p.paged,
			EthProtocol: p.etherType(), IPProtocol: uint8(p.protocol),
		}
		r0, err := g.program.Run(&ctx)
		if err != nil {
			return Arrival{}, err
		}
		a.Result = uint32(r0)
		if a.Result != asm.SkPass {
			return a, nil
		}
		a.Socket = ctx.Selected
	case g.classic != nil:
		const loopback = 1 // its index
		skb := SKBContext{
			Data: p.frame(), Start: p.transport() + p.headerLen(), Network: linkHeaderLen, Paged: p.paged,
			Protocol: p.etherType(), Ifindex: loopback,
		}
		if g.Trace != nil {
			a.Result = g.classic.Trace(&skb, g.Trace)
		} else {
			a.Result = g.classic.Run(&skb)
		}
		if uint64(a.Result) < uint64(len(g.sockets)) {
			a.Socket = g.sockets[a.Result]
		}
	}
	if a.By = ByProgram; a.Socket == nil {
		a.By = ByHash
		a.Socket = g.sockets[uint64(hash)*uint64(len(g.sockets))>>32] // reciprocal_scale
	}
	return a, nil
}
