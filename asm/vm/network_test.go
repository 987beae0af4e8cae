package vm_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/purebpf/purebpf/asm/vm"
)

// binds are pairs of sockets, and whether the second one can be opened.
var binds = []struct {
	name          string
	first, second string
	a, b          vm.SocketOptions
	want          error
	together      bool // in one group
}{
	{name: "same address", first: "127.0.0.1:1", second: "127.0.0.1:1", together: true},
	{name: "other port", first: "127.0.0.1:1", second: "127.0.0.1:2"},
	{name: "other address", first: "127.0.0.1:1", second: "127.0.0.2:1"},
	{name: "any and one", first: "0.0.0.0:1", second: "127.0.0.1:1"},
	{name: "exclusive", first: "127.0.0.1:1", second: "127.0.0.1:1", a: vm.SocketOptions{Exclusive: true}, want: vm.EADDRINUSE},
	{name: "exclusive beside any", first: "0.0.0.0:1", second: "127.0.0.1:1", b: vm.SocketOptions{Exclusive: true}, want: vm.EADDRINUSE},
	{name: "exclusive beside dual stack", first: "[::]:1", second: "127.0.0.1:1", b: vm.SocketOptions{Exclusive: true}, want: vm.EADDRINUSE},
	{name: "exclusive beside IPv6 only", first: "[::]:1", second: "127.0.0.1:1", a: vm.SocketOptions{IPv6Only: true, Exclusive: true}},
	{name: "other user", first: "127.0.0.1:1", second: "127.0.0.1:1", b: vm.SocketOptions{UID: 1000}, want: vm.EADDRINUSE},
	{name: "IPv6", first: "[::]:1", second: "[::]:1", together: true},
	{name: "one of them IPv6 only", first: "[::]:1", second: "[::]:1", b: vm.SocketOptions{IPv6Only: true}},
}

// Which sockets share an address, and what is looked up first.
func TestBind(t *testing.T) {
	for _, tt := range binds {
		t.Run(tt.name, func(t *testing.T) {
			net := vm.NewNetwork()
			a, err := net.ListenUDP(at(tt.first), &tt.a)
			if err != nil {
				t.Fatal(err)
			}
			b, err := net.ListenUDP(at(tt.second), &tt.b)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("second socket: %v, want %v", err, tt.want)
			}
			if err == nil && (a.Group == b.Group) != tt.together {
				t.Errorf("in one group: %v, want %v", !tt.together, tt.together)
			}
			if _, err := net.Unshare().ListenUDP(at(tt.second), &tt.b); err != nil {
				t.Errorf("in another namespace: %v", err)
			}
		})
	}
	if _, err := vm.NewNetwork().ListenUDP(netip.AddrPort{}, nil); !errors.Is(err, vm.EINVAL) {
		t.Errorf("no address: %v", err)
	}
	net := vm.NewNetwork()
	var order []*vm.Socket
	for _, addr := range []string{"[::]:1", "0.0.0.0:1", "127.0.0.1:1"} {
		order = append(order, openGroup(t, net, 1, addr)...)
		if got := send(t, net, vm.Datagram{From: at("127.0.0.1:9"), To: at("127.0.0.1:1")}); got.Socket != order[len(order)-1] {
			t.Errorf("with %s: at %v", addr, got.Socket.Local)
		}
	}
	if got := send(t, net, vm.Datagram{From: at("[::1]:9"), To: at("[::1]:1")}); got.Socket != order[0] {
		t.Errorf("IPv6: %+v", got)
	}
}
