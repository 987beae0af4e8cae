package sockredir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

// TestStartUp lets both ends send as soon as they can, in three portions, while packets on lo are handled by whichever
// CPU comes to it: clients send before their server's socket is recorded.
func TestStartUp(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_SYS_ADMIN)
	r := attached(t, nil)
	spreadPackets(t)
	l := listen(t, "tcp4", "127.0.0.1:0", nil)
	servers := make(chan *net.TCPConn)
	go func() {
		defer close(servers)
		for {
			server, err := l.AcceptTCP()
			if err != nil {
				return
			}
			sendPortions(server, "123")
			servers <- server
		}
	}()
	streams := map[string]int{}
	const connections = 1500
	for range connections {
		client, err := net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
		if err != nil {
			t.Fatal(err)
		}
		sendPortions(client, "abc")
		server, ok := <-servers
		if !ok {
			client.Close()
			t.Fatal("the server does not accept any more")
		}
		for _, c := range []*net.TCPConn{client, server} {
			c.SetReadDeadline(time.Now().Add(patience))
			text, err := io.ReadAll(c)
			if err != nil {
				t.Error(err)
			}
			streams[string(text)]++
		}
		client.Close()
		server.Close()
	}
	l.Close()
	if len(streams) != 2 || streams["123"] != connections || streams["abc"] != connections {
		t.Errorf("got %v, want abc and 123 %d times each", streams, connections)
	}
	t.Logf("%+v", stats(t, r))
}

// sendPortions writes each byte on its own and ends the stream. What fails is missed by the reader.
func sendPortions(c *net.TCPConn, text string) {
	for i := range text {
		c.Write([]byte(text[i : i+1]))
	}
	c.CloseWrite()
}

// spreadPackets lets lo hand its packets to all CPUs until the end of the test: receive packet steering, see
// Documentation/networking/scaling.rst. A kernel without it leaves less to be tested.
func spreadPackets(t *testing.T) {
	t.Helper()
	sys := t.TempDir() // a sysfs shows the devices of the namespace that it is mounted in
	if err := unix.Mount("sysfs", sys, "sysfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(sys, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(sys, "class/net/lo/queues/rx-0/rps_cpus")
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("the kernel has no receive packet steering")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%x", uint32(1)<<min(runtime.NumCPU(), 31)-1)
	if err := os.WriteFile(path, []byte(all), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, old, 0); err != nil {
			t.Error(err)
		}
	})
}
