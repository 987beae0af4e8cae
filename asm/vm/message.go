package vm

import (
	"fmt"
	"slices"

	"github.com/purebpf/purebpf/asm"
)

// Delivery is where a message, or a part of one, went.
type Delivery struct {
	Data []byte
	// To is the socket that Socket.Receive of returns the data, nil if it went nowhere.
	To         *Socket
	Redirected bool // past TCP, into the queue of To
	// Ran says that the sk_msg program ran for this part, and Result what it returned.
	Ran    bool
	Result uint32
}

// verdict is what a sk_msg program has decided, for as many bytes as it said.
type verdict struct {
	result   uint32
	redirect *Socket
	ingress  bool
}

// Send sends a message over a connection and returns where its parts went: one, unless the program of the socket map that
// the socket is in has it cut (bpf_msg_apply_bytes), or held back (bpf_msg_cork_bytes). EACCES: the program dropped it, or
// what was left of it. EPIPE: the connection has no other end any more, or the message is redirected to a socket that has
// left the map. It is tcp_bpf_sendmsg of net/ipv4/tcp_bpf.c.
func (s *Socket) Send(message []byte) ([]Delivery, error) {
	sent, err := s.send(message)
	if err != nil {
		err = fmt.Errorf("send from %v to %v: %w", s.Local, s.Remote, err)
	}
	return sent, err
}

func (s *Socket) send(message []byte) (sent []Delivery, err error) {
	if s.State != asm.TCPEstablished && s.State != asm.TCPCloseWait {
		return nil, EPIPE
	}
	e := &s.end
	if s.msg == nil {
		d := Delivery{Data: slices.Clone(message)}
		err := s.sendTCP(d.Data)
		d.To = e.peer
		return []Delivery{d}, err
	}
	data := append(e.corked, message...)
	if e.cork > len(data) {
		e.corked = data
		return nil, nil
	}
	e.corked, e.cork = nil, 0
	for len(data) > 0 {
		d := Delivery{Data: data}
		if e.apply == 0 {
			ctx := MsgContext{Data: data, Socket: s}
			r0, err := s.msg.Run(&ctx)
			if err != nil {
				return sent, err
			}
			data = ctx.Data // helpers that push and pop bytes leave another slice
			d = Delivery{Data: data, Ran: true, Result: uint32(r0)}
			e.verdict = verdict{uint32(r0), ctx.Redirect, ctx.RedirectFlags&asm.FIngress != 0}
			e.apply = int(ctx.ApplyBytes)
			if int(ctx.CorkBytes) > len(data) {
				e.corked, e.cork, e.apply = data, int(ctx.CorkBytes), 0
				return sent, nil
			}
		}
		if e.apply > 0 {
			d.Data = data[:min(len(data), e.apply)]
			e.apply -= len(d.Data)
		}
		data = data[len(d.Data):]
		d.Data = slices.Clone(d.Data)
		d.Result = e.verdict.result
		err := s.obey(e.verdict, &d)
		sent = append(sent, d)
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// obey does with a part of a message what the program said.
func (s *Socket) obey(v verdict, d *Delivery) error {
	switch {
	case v.result != asm.SkPass:
		return EACCES
	case v.redirect == nil:
		err := s.sendTCP(d.Data)
		if err == nil {
			d.To = s.end.peer
		}
		return err
	case !v.redirect.inSocketMap():
		return EPIPE
	case v.ingress:
		d.To, d.Redirected = v.redirect, true
		v.redirect.end.ingress = append(v.redirect.end.ingress, d.Data)
		return nil
	}
	err := v.redirect.sendTCP(d.Data) // out of that socket, to its other end
	if err == nil {
		d.To = v.redirect.end.peer
	}
	return err
}
