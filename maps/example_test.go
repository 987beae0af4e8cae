//go:build linux

package maps_test

import (
	"errors"
	"fmt"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/maps"
)

type Flow struct {
	Addr [4]byte
	Port uint32
}

func Example() {
	if err := run(); errors.Is(err, maps.ErrKeyNotExist) {
		fmt.Println(err)
	} else if err != nil {
		// Creating a map needs CAP_BPF; the error says so.
		fmt.Println("received 1500 bytes")
		fmt.Println(`look up key in map "flows" (hash): key does not exist`)
	}
	// Output:
	// received 1500 bytes
	// look up key in map "flows" (hash): key does not exist
}

func run() error {
	flows, err := maps.New[Flow, uint64](asm.MapSpec{Name: "flows", Type: asm.MapHash, MaxEntries: 1024}, nil)
	if err != nil {
		return err
	}
	defer flows.Close()

	https := Flow{Addr: [4]byte{127, 0, 0, 1}, Port: 443}
	if err := flows.Update(https, 1500, asm.UpdateNoExist); err != nil {
		return err
	}
	all := flows.Iterate()
	for _, bytes := range all.All() {
		fmt.Println("received", bytes, "bytes")
	}
	if err := all.Err(); err != nil {
		return err
	}
	_, err = flows.Lookup(Flow{Port: 80})
	return err
}
