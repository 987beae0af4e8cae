package bytemod

import (
	"fmt"

	"github.com/purebpf/purebpf/asm/classic"
)

// Limits of Program and Listen.
const (
	// MaxOffset is the last byte of the longest UDP payload: that of an IPv6 packet with 65535 bytes, of which the UDP
	// header takes 8.
	MaxOffset = 65535 - 8 - 1
	// MaxWorkers is how many sockets a byte can tell apart.
	MaxWorkers = 256
)

// noSocket is an index beyond every group, whatever its size: the kernel falls back to its hash (run_bpf_filter and
// reuseport_select_sock in net/core/sock_reuseport.c). The number of workers would do as well until a socket joins
// the group, and would then send it all.
const noSocket = 0xffffffff

// Program returns the filter: the payload's byte at offset, 0 to MaxOffset, modulo workers, 1 to MaxWorkers.
//
// ListenPacket and Listen attach it. Whoever has a group of sockets already does so with loader.AttachReuseportClassic, on
// any one of them, once all are bound.
func Program(offset, workers int) (*classic.Program, error) {
	switch {
	case offset < 0 || offset > MaxOffset:
		return nil, fmt.Errorf("bytemod: payload offset %d, want 0 to %d", offset, MaxOffset)
	case workers < 1 || workers > MaxWorkers:
		return nil, fmt.Errorf("bytemod: %d workers, want 1 to %d", workers, MaxWorkers)
	}
	b := classic.NewBuilder("byte_modulo")
	// The kernel has pulled the UDP or TCP header off: offset 0 and the length are the payload's.
	b.LoadLen()
	b.JumpIf(classic.Le(uint32(offset)), "too_short") // a load beyond the end would return 0, a socket
	b.LoadByte(classic.Offset(offset))
	b.Mod(uint32(workers))
	b.ReturnA()

	b.Label("too_short")
	b.Return(noSocket)
	return b.Program()
}
