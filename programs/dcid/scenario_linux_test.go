package dcid

import (
	"testing"

	"github.com/purebpf/purebpf/loader"
)

// real is a server on the kernel.
type real struct {
	group    *Group
	clients  []*client
	arrivals <-chan arrival
}

func (s *real) newCID(worker int) []byte { return s.group.workers[worker].NewConnectionID() }

func (s *real) send(t *testing.T, client int, mode sendMode, packet []byte) int {
	t.Helper()
	var payload []byte
	for range mode.segments {
		payload = append(payload, packet...)
	}
	if err := mode.send(s.clients[client], payload, len(packet)); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s.arrivals, mode.segments)
	for _, a := range got {
		if a.worker != got[0].worker || string(a.payload) != string(packet) {
			t.Fatalf("sent % x, worker %d got % x, worker %d % x", packet, got[0].worker, got[0].payload, a.worker, a.payload)
		}
	}
	return got[0].worker
}

func (s *real) closeWorker(t *testing.T, worker int) {
	if err := s.group.workers[worker].conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func (s *real) detach(t *testing.T) {
	if err := loader.DetachReuseport(s.group.workers[0].conn); err != nil {
		t.Fatal(err)
	}
}

func TestScenario(t *testing.T) {
	for _, route := range routes {
		t.Run(route.name, func(t *testing.T) {
			g, arrivals := listenTest(t, route.network, route.listen, &Options{Workers: scenarioWorkers})
			play(t, &real{g, dial(t, scenarioClients, reach(g, route.dial)), arrivals})
		})
	}
}
