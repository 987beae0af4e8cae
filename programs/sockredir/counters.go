package sockredir

import "github.com/purebpf/purebpf/asm"

// Indices into the counters map.
const (
	counterRecorded = iota
	counterLate
	counterRefused
	counterRedirected
	counterPassed
	numCounters
)

// A counter is two 64-bit numbers for every CPU.
const (
	counterEvents = 0
	counterBytes  = 8
	counterSize   = 16
)

// Stats counts sockets and messages since Attach.
type Stats struct {
	Recorded uint64 // sockets put into the map
	Late     uint64 // sockets left to TCP because it had carried data before they were established
	Refused  uint64 // sockets left to TCP because the kernel took no more: map full, no memory, not a kind it redirects

	Redirected Traffic // what went straight to the peer
	Passed     Traffic // what recorded sockets sent by TCP
}

// Traffic counts messages, which are the parts that the kernel cuts what one call sends into, and their bytes.
type Traffic struct {
	Messages, Bytes uint64
}

// lookupCounter emits code that makes r0 point to this CPU's counter of the index at indexOffset. The verifier wants
// it compared with 0. It changes r0 to r5.
func lookupCounter(b *asm.Builder) {
	b.LdMap(asm.R1, countersMap)
	b.Mov(asm.R2, asm.FP)
	b.Add(asm.R2, indexOffset)
	b.CallHelper(asm.FnMapLookupElem)
}

// countEvent emits code that adds 1 to the counter that r0 points to. It changes r1. The addition is atomic because a
// program can be interrupted by another on the same CPU.
func countEvent(b *asm.Builder) {
	b.Mov(asm.R1, 1)
	b.AtomicAdd(asm.R0.U64(counterEvents), asm.R1)
}
