package dcid_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"testing"

	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/programs/dcid"
)

// A server with two workers, and a packet of a connection of the second one.
func Example() {
	group, err := dcid.Listen("udp", "127.0.0.1:0", &dcid.Options{Workers: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer group.Close()
	worker := group.Workers()[1]

	client, err := net.DialUDP("udp", nil, group.Addr())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	packet := append([]byte{0x40}, worker.NewConnectionID()...) // short header
	packet = append(packet, "protected payload"...)
	if _, err := client.Write(packet); err != nil {
		log.Fatal(err)
	}

	buf := make([]byte, 1500)
	n, err := worker.Conn().Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, %s\n", n, buf[1+dcid.DefaultCIDLength:n])
}

// Without privileges the example cannot run, so it is a test that can be skipped which looks at what it prints.
func TestExample(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stdout := os.Stdout
	os.Stdout = w
	Example()
	os.Stdout = stdout
	w.Close()
	got, err := io.ReadAll(r)
	if want := "38 bytes, protected payload\n"; err != nil || string(got) != want {
		t.Errorf("printed %q, %v; want %q", got, err, want)
	}
}
