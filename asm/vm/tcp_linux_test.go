package vm_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// callLog is what the program of logCalls writes down.
type callLog struct {
	Op, State, Old, New, SegsIn, SegsOut, LocalPort, Family uint32
}

const logSize = 32

// serverPort is the listener's: below those that kernels choose.
const serverPort = 7080

// logCalls returns a program that wants to be told of states, and writes down what it is told of.
func logCalls(t *testing.T) *asm.Program {
	t.Helper()
	return build(t, asm.SockOps, func(b *asm.Builder) {
		count := b.DeclareMap(asm.MapSpec{Name: "count", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		calls := b.DeclareMap(asm.MapSpec{Name: "calls", Type: asm.MapArray, KeySize: 4, ValueSize: 32, MaxEntries: logSize})
		ctx, key := b.Context(), b.Stack("key", 4)
		b.Store(key.U32(0), 0)
		next := b.Call(asm.FnMapLookupElem, count, key)
		b.If(next.NotEq(0), func() {
			b.Store(key.U32(0), b.Load(next.U32(0)))
			b.AtomicAdd(next.U32(0), b.Copy(1))
		})
		entry := b.Call(asm.FnMapLookupElem, calls, key)
		b.If(entry.NotEq(0), func() {
			for i, f := range []asm.Field{asm.SockOpsOp, asm.SockOpsState, 0, 0, asm.SockOpsDataSegsIn, asm.SockOpsDataSegsOut,
				asm.SockOpsLocalPort, asm.SockOpsFamily} {
				if f != 0 {
					b.Store(entry.U32(4*i), b.Load(ctx.Field(f)))
				}
			}
			b.If(b.Load(ctx.Field(asm.SockOpsOp)).Eq(asm.SockOpsStateCB), func() {
				b.Store(entry.U32(8), b.Load(ctx.Elem(asm.SockOpsArgs, 0)))
				b.Store(entry.U32(12), b.Load(ctx.Elem(asm.SockOpsArgs, 1)))
			})
		})
		// The options of the handshake ask for a number; what else there is needs no answer.
		b.Call(asm.FnSockOpsCBFlagsSet, ctx, asm.SockOpsStateCBFlag)
		b.Return(1)
	})
}

// texts returns what was told of one end of the connections, or of the listener, without the calls that the simulator
// does not make: about windows, timeouts and congestion control.
func texts(log []callLog, server bool) (all []string) {
	for _, c := range log {
		if (c.LocalPort == serverPort) != server {
			continue
		}
		switch c.Op {
		case asm.SockOpsTCPConnectCB, asm.SockOpsActiveEstablishedCB, asm.SockOpsPassiveEstablishedCB, asm.SockOpsStateCB, asm.SockOpsTCPListenCB:
			all = append(all, fmt.Sprintf("op %d in state %d: %d to %d, data segments %d in, %d out, family %d", c.Op, c.State, c.Old, c.New,
				c.SegsIn, c.SegsOut, c.Family))
		}
	}
	return all
}

// What sock_ops programs are told of a connection is the same, in the same order, on the kernel and here.
func TestSockOpsCallsKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	for _, tt := range []struct {
		name  string
		real  func(client, server *net.TCPConn) error
		model func(client, server *vm.Socket) error
	}{
		{"closed by the client first", func(client, server *net.TCPConn) error {
			client.Close()
			server.Read(make([]byte, 1)) // the end of the stream
			return server.Close()
		}, func(client, server *vm.Socket) error {
			client.Close()
			return server.Close()
		}},
		{"reset after a message", func(client, server *net.TCPConn) error {
			client.Write([]byte("x"))
			server.Read(make([]byte, 1))
			client.SetLinger(0)
			return client.Close()
		}, func(client, server *vm.Socket) error {
			client.Send([]byte("x"))
			return client.Abort()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := kernelCalls(t, tt.real)
			got := modelCalls(t, tt.model)
			for _, server := range []bool{true, false} {
				if diff := cmp.Diff(texts(want, server), texts(got, server)); diff != "" {
					t.Errorf("server %v (-kernel +simulator):\n%s", server, diff)
				}
			}
		})
	}
}

// kernelCalls makes a connection on the kernel and returns what the program was told.
func kernelCalls(t *testing.T, then func(client, server *net.TCPConn) error) []callLog {
	t.Helper()
	object, err := reloc.NewObject(logCalls(t))
	if err != nil {
		t.Fatal(err)
	}
	collection, err := loader.LoadObject(object, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer collection.Close()
	program, _ := collection.Program("test")
	link, err := loader.AttachCgroup(kerneltest.CgroupJoin(t), program)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()

	var config net.ListenConfig
	config.SetMultipathTCP(false)
	l, err := config.Listen(context.Background(), "tcp4", fmt.Sprintf("127.0.0.1:%d", serverPort))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := then(client.(*net.TCPConn), server.(*net.TCPConn)); err != nil {
		t.Fatal(err)
	}
	raw, _ := collection.Map("calls")
	calls, err := maps.View[uint32, callLog](raw)
	if err != nil {
		t.Fatal(err)
	}
	// Both ends are closed in the end.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		var log []callLog
		for i := range uint32(logSize) {
			c, err := calls.Lookup(i)
			if err != nil {
				t.Fatal(err)
			}
			log = append(log, c)
		}
		ended := func(server bool) bool {
			return slices.ContainsFunc(log, func(c callLog) bool { return c.New == asm.TCPClose && (c.LocalPort == serverPort) == server })
		}
		if ended(true) && ended(false) {
			return log
		}
		if time.Now().After(deadline) {
			t.Fatalf("the connection does not end: %+v", log)
		}
	}
}

// modelCalls is kernelCalls in the simulator.
func modelCalls(t *testing.T, then func(client, server *vm.Socket) error) (log []callLog) {
	t.Helper()
	m, err := vm.New(logCalls(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	cgroup := new(vm.Cgroup)
	if err := cgroup.Attach(m); err != nil {
		t.Fatal(err)
	}
	net := vm.NewNetwork()
	l := server(t, net, fmt.Sprintf("127.0.0.1:%d", serverPort), &vm.SocketOptions{Cgroup: cgroup})
	client, accepted := connect(t, net, l, l.Local.String(), &vm.DialOptions{Cgroup: cgroup})
	if err := then(client, accepted); err != nil {
		t.Fatal(err)
	}
	for _, value := range m.Map("calls").All() {
		var n [8]uint32
		for i := range n {
			n[i] = orders[0].Uint32(value[4*i:])
		}
		log = append(log, callLog{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]})
	}
	return log
}
