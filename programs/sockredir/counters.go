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
	Refused  uint64 // sockets left to TCP because the kernel refused: map full, no memory, held by another sk_msg program

	Redirected Traffic // what went straight to the peer
	Passed     Traffic // what recorded sockets sent by TCP
}

// Traffic counts messages, which are the parts that the kernel cuts what one call sends into, and their bytes.
type Traffic struct {
	Messages, Bytes uint64
}

// countAs emits code that chooses the counter for what the program ends with, unless it chooses another one later.
func countAs(b *asm.Builder, index int) { b.St(asm.FP.U32(indexOffset), index) }

// countEvent emits code that adds 1 to this CPU's chosen counter and makes r0 point to it, or jumps to the label none
// should there be none, a case that only the verifier thinks of. It changes r0 to r5. Additions are atomic because a
// program can be interrupted by another one on the same CPU.
func countEvent(b *asm.Builder, none string) {
	b.LdMap(asm.R1, countersMap)
	b.Mov(asm.R2, asm.FP)
	b.Add(asm.R2, indexOffset)
	b.CallHelper(asm.FnMapLookupElem)
	b.JumpIf(asm.R0.Eq(0), none)
	b.Mov(asm.R1, 1)
	b.AtomicAdd(asm.R0.U64(counterEvents), asm.R1)
}
