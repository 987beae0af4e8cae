package vm_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// server opens a listening socket.
func server(t testing.TB, net *vm.Network, addr string, opts *vm.SocketOptions) *vm.Socket {
	t.Helper()
	s, err := net.ListenTCP(at(addr), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// connect returns both ends of a connection.
func connect(t testing.TB, net *vm.Network, to *vm.Socket, remote string, opts *vm.DialOptions) (client, accepted *vm.Socket) {
	t.Helper()
	client, err := net.Dial(at(remote), opts)
	if err != nil {
		t.Fatal(err)
	}
	return client, to.Accept()
}

// watch attaches a program that wants all calls, and returns what it is told.
func watch(t testing.TB, cgroup *vm.Cgroup) *[]string {
	t.Helper()
	m := machine(t, nil, asm.SockOps, func(b *asm.Builder) {
		b.Call(asm.FnSockOpsCBFlagsSet, b.Context(), asm.SockOpsStateCBFlag)
		b.Return(1)
	})
	if err := cgroup.Attach(m); err != nil {
		t.Fatal(err)
	}
	told := new([]string)
	names := map[uint32]string{
		asm.SockOpsTCPConnectCB: "connect", asm.SockOpsActiveEstablishedCB: "active", asm.SockOpsPassiveEstablishedCB: "passive",
		asm.SockOpsStateCB: "state", asm.SockOpsTCPListenCB: "listen",
	}
	cgroup.Ran = func(ctx *vm.SockOpsContext, result uint32) {
		s := fmt.Sprintf("%s %d", names[ctx.Op], ctx.Socket.Cookie)
		switch ctx.Op {
		case asm.SockOpsStateCB:
			s += fmt.Sprintf(": %d to %d", ctx.Args[0], ctx.Args[1])
		case asm.SockOpsActiveEstablishedCB, asm.SockOpsPassiveEstablishedCB:
			s += fmt.Sprintf(" in state %d, segments %d in, %d out", ctx.Socket.State, ctx.Socket.TCP.DataSegsIn, ctx.Socket.TCP.DataSegsOut)
		}
		*told = append(*told, s)
	}
	return told
}

// What sock_ops programs are told of a connection's life, in the order of the kernel: socket 1 listens, 2 dials, 3 is
// accepted. The numbers of states are those of the kernel.
func TestSockOpsCalls(t *testing.T) {
	established := []string{"listen 1", "connect 2",
		"active 2 in state 1, segments 0 in, 0 out", "passive 3 in state 3, segments 0 in, 0 out", "state 3: 3 to 1"}
	syn := []string{"listen 1", "connect 2"}
	tests := []struct {
		name string
		opts vm.SocketOptions
		dial vm.DialOptions
		then func(client, server *vm.Socket) error
		want []string
	}{
		{name: "plain", want: append(established[:2:2], "state 2: 2 to 1", established[2], established[3], established[4])},
		{name: "data in the SYN", dial: vm.DialOptions{FastOpen: []byte("x")}, want: append(syn[:2:2],
			"passive 3 in state 3, segments 0 in, 0 out", "state 3: 3 to 1", "state 2: 2 to 1", "active 2 in state 1, segments 0 in, 1 out")},
		{name: "data with the handshake's end", dial: vm.DialOptions{Early: []byte("x")}, want: append(syn[:2:2],
			"state 2: 2 to 1", "active 2 in state 1, segments 0 in, 0 out", "passive 3 in state 3, segments 1 in, 0 out", "state 3: 3 to 1")},
		{name: "deferred, nothing sent", opts: vm.SocketOptions{DeferAccept: true}, want: append(syn[:2:2],
			"state 2: 2 to 1", "active 2 in state 1, segments 0 in, 0 out")},
		{name: "deferred", opts: vm.SocketOptions{DeferAccept: true},
			then: func(client, _ *vm.Socket) error { _, err := client.Send([]byte("x")); return err },
			want: append(syn[:2:2], "state 2: 2 to 1", "active 2 in state 1, segments 0 in, 0 out",
				"passive 3 in state 3, segments 1 in, 0 out", "state 3: 3 to 1")},
		{name: "closed", then: func(client, server *vm.Socket) error { return errors.Join(client.Close(), server.Close()) },
			want: append(syn[:2:2], "state 2: 2 to 1", established[2], established[3], established[4], "state 2: 1 to 4", "state 3: 1 to 8",
				"state 2: 4 to 5", "state 2: 5 to 7", "state 3: 8 to 9", "state 3: 9 to 7")},
		{name: "reset", then: func(client, _ *vm.Socket) error { return client.Abort() },
			want: append(syn[:2:2], "state 2: 2 to 1", established[2], established[3], established[4], "state 2: 1 to 7", "state 3: 1 to 7")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			net, cgroup := vm.NewNetwork(), new(vm.Cgroup)
			told := watch(t, cgroup)
			tt.opts.Cgroup, tt.dial.Cgroup = cgroup, cgroup
			l := server(t, net, "127.0.0.1:80", &tt.opts)
			client, accepted := connect(t, net, l, "127.0.0.1:80", &tt.dial)
			if tt.then != nil {
				if err := tt.then(client, accepted); err != nil {
					t.Fatal(err)
				}
			}
			// The socket that dials asks for its states at its first call, which is the one before it is established.
			if diff := cmp.Diff(tt.want, *told); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The addresses of both ends.
func TestDialAddresses(t *testing.T) {
	tests := []struct {
		name, listen, remote, local string
		wantFamily                  int
		want                        [4]string // client's local and remote, server's local and remote
	}{
		{"IPv4", "127.0.0.1:80", "127.0.0.1:80", "", asm.AFInet, [4]string{"127.0.0.1:32768", "127.0.0.1:80", "127.0.0.1:80", "127.0.0.1:32768"}},
		{"own port", "0.0.0.0:80", "127.0.0.2:80", "127.0.0.3:7", asm.AFInet, [4]string{"127.0.0.3:7", "127.0.0.2:80", "127.0.0.2:80", "127.0.0.3:7"}},
		{"IPv6", "[::1]:80", "[::1]:80", "", asm.AFInet6, [4]string{"[::1]:32768", "[::1]:80", "[::1]:80", "[::1]:32768"}},
		{"IPv4 to dual stack", "[::]:80", "127.0.0.1:80", "", asm.AFInet6, [4]string{"127.0.0.1:32768", "127.0.0.1:80",
			"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:32768"}},
		{"mapped to IPv4", "127.0.0.1:80", "[::ffff:127.0.0.1]:80", "", asm.AFInet, [4]string{"[::ffff:127.0.0.1]:32768",
			"[::ffff:127.0.0.1]:80", "127.0.0.1:80", "127.0.0.1:32768"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			net := vm.NewNetwork()
			var opts vm.DialOptions
			if tt.local != "" {
				opts.Local = at(tt.local)
			}
			client, accepted := connect(t, net, server(t, net, tt.listen, nil), tt.remote, &opts)
			got := [4]string{client.Local.String(), client.Remote.String(), accepted.Local.String(), accepted.Remote.String()}
			if diff := cmp.Diff(tt.want, got); diff != "" || accepted.Family != tt.wantFamily {
				t.Errorf("family %d, want %d (-want +got):\n%s", accepted.Family, tt.wantFamily, diff)
			}
		})
	}
}

func TestDialRefuses(t *testing.T) {
	net := vm.NewNetwork()
	l := server(t, net, "127.0.0.1:80", nil)
	connect(t, net, l, "127.0.0.1:80", &vm.DialOptions{Local: at("127.0.0.1:7")})
	tests := []struct {
		name, remote string
		opts         vm.DialOptions
		want         string
		is           error
	}{
		{"nobody listens", "127.0.0.1:81", vm.DialOptions{}, "connect to 127.0.0.1:81: ECONNREFUSED", vm.ECONNREFUSED},
		{"other family", "[::1]:80", vm.DialOptions{}, "connect to [::1]:80: ECONNREFUSED", vm.ECONNREFUSED},
		{"families mixed", "127.0.0.1:80", vm.DialOptions{Local: at("[::1]:9")}, "connect to 127.0.0.1:80: EINVAL", vm.EINVAL},
		{"connected already", "127.0.0.1:80", vm.DialOptions{Local: at("127.0.0.1:7")}, "connect to 127.0.0.1:80: EADDRNOTAVAIL", vm.EADDRNOTAVAIL},
		{"too much in the SYN", "127.0.0.1:80", vm.DialOptions{FastOpen: make([]byte, 65536)}, "EMSGSIZE", vm.EMSGSIZE},
	}
	for _, tt := range tests {
		_, err := net.Dial(at(tt.remote), &tt.opts)
		if !errors.Is(err, tt.is) || !contains(err, tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	if l.Accept() != nil {
		t.Error("a connection that was refused is in the queue")
	}
	// A program that returns what none may, and one that faults.
	for want, f := range map[string]func(b *asm.Builder){
		"connect to 127.0.0.1:80: program test returned 2: sock_ops programs return 0 or 1": func(b *asm.Builder) { b.Return(2) },
		"outside the memory": func(b *asm.Builder) { b.Ldx(asm.R0, asm.FP.U64(0)); b.Exit() },
	} {
		cgroup := new(vm.Cgroup)
		if err := cgroup.Attach(machine(t, nil, asm.SockOps, f)); err != nil {
			t.Fatal(err)
		}
		if _, err := net.Dial(at("127.0.0.1:80"), &vm.DialOptions{Cgroup: cgroup}); !contains(err, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// The group of listeners chooses by the SYN.
func TestDialGroup(t *testing.T) {
	net := vm.NewNetwork()
	var listeners []*vm.Socket
	for range 3 {
		listeners = append(listeners, server(t, net, "[::]:80", nil))
	}
	byFirst := machine(t, nil, asm.SkReuseport, func(b *asm.Builder) {
		ctx, first := b.Context(), b.Stack("first", 1)
		spec := asm.MapSpec{Name: "array", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 3}
		array := b.DeclareMap(spec)
		b.If(b.Call(asm.FnSKBLoadBytes, ctx, 20, first, 1).NotEq(0), func() { b.Return(asm.SkDrop) })
		key := b.Stack("key", 4)
		b.Store(key.U32(0), b.Load(first.U8(0)))
		b.Call(asm.FnSkSelectReuseport, ctx, array, key, 0)
		b.Return(asm.SkPass)
	})
	for i, l := range listeners {
		if err := byFirst.Map("array").UpdateSocket([]byte{byte(i), 0, 0, 0}, l, asm.UpdateNoExist); err != nil {
			t.Fatal(err)
		}
	}
	if err := listeners[0].Group.Attach(byFirst); err != nil {
		t.Fatal(err)
	}
	for i, l := range listeners {
		_, accepted := connect(t, net, l, "127.0.0.1:80", &vm.DialOptions{FastOpen: []byte{byte(i), 42}})
		if accepted == nil {
			t.Fatalf("listener %d has no connection", i)
		}
		if got, ok := accepted.Receive(); !ok || got[1] != 42 {
			t.Errorf("listener %d: received %v, %v", i, got, ok)
		}
	}
	if _, err := net.Dial(at("127.0.0.1:80"), nil); !errors.Is(err, vm.ECONNREFUSED) {
		t.Errorf("without data, which the program drops: %v", err)
	}
}
