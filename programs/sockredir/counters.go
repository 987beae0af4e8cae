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

// count emits code that adds 1 to this CPU's counter whose index is the outcome, and then what more does with the counter.
// That there might be none is a case that only the verifier thinks of. Additions are atomic because a program can be
// interrupted by another one on the same CPU.
func count(b *asm.Builder, outcome *asm.StackObject, more func(counter asm.Register)) {
	counter := b.Call(asm.FnMapLookupElem, asm.Map(countersMap), outcome)
	b.If(counter.NotEq(0), func() {
		b.AtomicAdd(counter.U64(counterEvents), b.Copy(1))
		more(counter)
	})
}
