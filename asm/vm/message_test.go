package vm_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// pair is a connection whose client has key 0 in a socket map with a program, and whose server has key 1.
type pair struct {
	client, server *vm.Socket
	sockets        *vm.Map
}

func key(i byte) []byte { return []byte{i, 0, 0, 0} }

// newPair puts both ends, or only the client's, into a map with the given program.
func newPair(t *testing.T, both bool, f func(b *asm.Builder, ctx asm.Register, sockets asm.MapRef)) pair {
	t.Helper()
	spec := asm.MapSpec{Name: "sockets", Type: asm.MapSockMap, KeySize: 4, ValueSize: 8, MaxEntries: 4}
	m := machine(t, nil, asm.SkMsg, func(b *asm.Builder) {
		ctx := b.Context()
		f(b, ctx, b.DeclareMap(spec))
	})
	p := pair{sockets: m.Map("sockets")}
	if p.sockets == nil {
		var err error
		if p.sockets, err = vm.NewMap(spec, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.sockets.AttachMsg(m); err != nil {
		t.Fatal(err)
	}
	net := vm.NewNetwork()
	p.client, p.server = connect(t, net, server(t, net, "127.0.0.1:80", nil), "127.0.0.1:80", nil)
	p.put(t, 0, p.client)
	if both {
		p.put(t, 1, p.server)
	}
	return p
}

func (p pair) put(t *testing.T, i byte, s *vm.Socket) {
	t.Helper()
	if err := p.sockets.UpdateSocket(key(i), s, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
}

// toServer redirects to the socket with key 1.
func toServer(flags int) func(b *asm.Builder, ctx asm.Register, sockets asm.MapRef) {
	return func(b *asm.Builder, ctx asm.Register, sockets asm.MapRef) {
		b.Return(b.Call(asm.FnMsgRedirectMap, ctx, sockets, 1, flags))
	}
}

// delivered is a Delivery without addresses.
type delivered struct {
	data       string
	to         string
	redirected bool
	ran        bool
	result     uint32
}

func (p pair) send(t *testing.T, message string) ([]delivered, error) {
	t.Helper()
	sent, err := p.client.Send([]byte(message))
	var got []delivered
	for _, d := range sent {
		to := map[*vm.Socket]string{nil: "nowhere", p.client: "client", p.server: "server"}[d.To]
		got = append(got, delivered{string(d.Data), to, d.Redirected, d.Ran, d.Result})
	}
	return got, err
}

func drain(s *vm.Socket) (all []string) {
	for {
		data, ok := s.Receive()
		if !ok {
			return all
		}
		all = append(all, string(data))
	}
}

func TestSendVerdicts(t *testing.T) {
	pass := func(b *asm.Builder, _ asm.Register, _ asm.MapRef) { b.Return(asm.SkPass) }
	tests := []struct {
		name     string
		both     bool
		program  func(b *asm.Builder, ctx asm.Register, sockets asm.MapRef)
		want     []delivered
		err      error
		received []string // by the server
	}{
		{"pass", true, pass, []delivered{{"hello", "server", false, true, 1}}, nil, []string{"hello"}},
		{"drop", true, func(b *asm.Builder, _ asm.Register, _ asm.MapRef) { b.Return(asm.SkDrop) },
			[]delivered{{"hello", "nowhere", false, true, 0}}, vm.EACCES, nil},
		{"redirect to the peer's queue", true, toServer(asm.FIngress), []delivered{{"hello", "server", true, true, 1}}, nil, []string{"hello"}},
		{"redirect to nobody", false, toServer(asm.FIngress), []delivered{{"hello", "nowhere", false, true, 0}}, vm.EACCES, nil},
		{"redirect to the peer's sending side", true, toServer(0), []delivered{{"hello", "client", false, true, 1}}, nil, nil},
		{"cut in pieces of 2", true, func(b *asm.Builder, ctx asm.Register, _ asm.MapRef) {
			b.Call(asm.FnMsgApplyBytes, ctx, 2)
			b.Return(asm.SkPass)
		}, []delivered{{"he", "server", false, true, 1}, {"ll", "server", false, true, 1}, {"o", "server", false, true, 1}}, nil, []string{"he", "ll", "o"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, tt.both, tt.program)
			got, err := p.send(t, "hello")
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(delivered{})); diff != "" || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Errorf("error %v, want %v; deliveries (-want +got):\n%s", err, tt.err, diff)
			}
			if diff := cmp.Diff(tt.received, drain(p.server)); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			if tt.name == "redirect to the peer's sending side" {
				if diff := cmp.Diff([]string{"hello"}, drain(p.client)); diff != "" {
					t.Errorf("received by the sender (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// A verdict for more bytes than the message holds for the next ones; messages are held back until there is enough.
func TestApplyAndCork(t *testing.T) {
	p := newPair(t, false, func(b *asm.Builder, ctx asm.Register, _ asm.MapRef) {
		b.Call(asm.FnMsgApplyBytes, ctx, 7)
		b.Return(asm.SkPass)
	})
	var ran []bool
	for _, m := range []string{"abc", "def", "ghi"} {
		sent, err := p.send(t, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sent {
			ran = append(ran, s.ran)
		}
	}
	if diff := cmp.Diff([]bool{true, false, false, true}, ran); diff != "" {
		t.Errorf("the program ran (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"abc", "def", "g", "hi"}, drain(p.server)); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}

	p = newPair(t, false, func(b *asm.Builder, ctx asm.Register, _ asm.MapRef) {
		b.Call(asm.FnMsgCorkBytes, ctx, 6)
		b.Return(asm.SkPass)
	})
	var received []string
	for _, m := range []string{"abc", "d", "efg"} {
		if _, err := p.send(t, m); err != nil {
			t.Fatal(err)
		}
		received = append(received, drain(p.server)...)
		if m != "efg" && len(received) > 0 {
			t.Errorf("after %q: received %q", m, received)
		}
	}
	if diff := cmp.Diff([]string{"abcdefg"}, received); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

// What is redirected overtakes what came by TCP and is not read yet.
func TestRedirectOvertakes(t *testing.T) {
	p := newPair(t, false, func(b *asm.Builder, ctx asm.Register, sockets asm.MapRef) {
		b.Call(asm.FnMsgRedirectMap, ctx, sockets, 1, asm.FIngress)
		b.Return(asm.SkPass) // by TCP when there is no such socket
	})
	p.send(t, "first")
	p.put(t, 1, p.server)
	p.send(t, "second")
	if diff := cmp.Diff([]string{"second", "first"}, drain(p.server)); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	// What was redirected and not read is lost when the socket leaves the map.
	p.send(t, "third")
	if err := p.sockets.Delete(key(1)); err != nil {
		t.Fatal(err)
	}
	p.send(t, "fourth")
	if diff := cmp.Diff([]string{"fourth"}, drain(p.server)); diff != "" {
		t.Errorf("received after the entry was deleted (-want +got):\n%s", diff)
	}
}

// The program goes with the membership in socket maps; a socket takes it from one map only.
func TestMsgProgramOfSocket(t *testing.T) {
	p := newPair(t, false, func(b *asm.Builder, _ asm.Register, _ asm.MapRef) { b.Return(asm.SkDrop) })
	other := newPair(t, false, func(b *asm.Builder, _ asm.Register, _ asm.MapRef) { b.Return(asm.SkPass) })
	if err := other.sockets.UpdateSocket(key(2), p.client, asm.UpdateAny); !errors.Is(err, vm.EBUSY) {
		t.Errorf("into a second map with a program: %v, want EBUSY", err)
	}
	if err := p.sockets.UpdateSocket(key(0), p.client, asm.UpdateAny); !errors.Is(err, vm.EBUSY) {
		t.Errorf("into the same map again: %v, want EBUSY", err)
	}
	if _, err := p.send(t, "x"); !errors.Is(err, vm.EACCES) {
		t.Errorf("with the program: %v, want EACCES", err)
	}
	if err := p.sockets.Delete(key(0)); err != nil {
		t.Fatal(err)
	}
	if got, err := p.send(t, "x"); err != nil || got[0].ran {
		t.Errorf("out of the map: %+v, %v", got, err)
	}
	if err := other.sockets.UpdateSocket(key(2), p.client, asm.UpdateAny); err != nil {
		t.Errorf("into the other map afterwards: %v", err)
	}
}

func TestSendErrors(t *testing.T) {
	p := newPair(t, true, toServer(asm.FIngress))
	p.server.Close()
	if _, err := p.send(t, "x"); !errors.Is(err, vm.EACCES) { // the map has forgotten it: SK_DROP
		t.Errorf("to a closed end: %v", err)
	}
	p = newPair(t, true, func(b *asm.Builder, _ asm.Register, _ asm.MapRef) { b.Return(asm.SkPass) })
	p.server.Close()
	if _, err := p.send(t, "x"); !errors.Is(err, vm.EPIPE) || !contains(err, "send from 127.0.0.1:32768 to 127.0.0.1:80: EPIPE") {
		t.Errorf("by TCP to a closed end: %v", err)
	}
	p.client.Close()
	if _, err := p.send(t, "x"); !errors.Is(err, vm.EPIPE) {
		t.Errorf("from a closed socket: %v", err)
	}
	p = newPair(t, true, func(b *asm.Builder, _ asm.Register, _ asm.MapRef) { b.Ldx(asm.R0, asm.FP.U64(0)); b.Exit() })
	var fault *vm.Fault
	if _, err := p.send(t, "x"); !errors.As(err, &fault) {
		t.Errorf("a program that faults: %v", err)
	}
}
