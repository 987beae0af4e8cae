package asm

import "fmt"

// valueKind is what a register holds, as far as it is known.
type valueKind uint8

const (
	noValue     valueKind = iota
	someValue             // a value, nothing is known of it
	number                // not a pointer
	contextAt             // the program's context
	stackAt               // an address in the frame
	mapAt                 // a map, for helpers
	mapValue              // an address in a map's value
	memoryAt              // other memory, such as a ring buffer's record
	kernelAt              // an object of the kernel
	funcAt                // a subprogram
	fieldTarget           // what a context field points to or a helper returns, see value.pointer
)

var valueNames = [...]string{
	noValue: "nothing", someValue: "a value", number: "a number", contextAt: "the context", stackAt: "a stack address",
	mapAt: "a map", mapValue: "an address in a map value", memoryAt: "an address in memory", kernelAt: "a kernel object",
	funcAt: "a function", fieldTarget: "a pointer",
}

// value is what a register holds at one point of the program.
type value struct {
	kind    valueKind
	null    nullness
	pointer PointerKind  // of fieldTarget
	known   bool         // n is known
	n       int64        // the number, or how far a stack address is in its object
	object  *StackObject // of stackAt
	symbol  string       // of mapAt
	origin  *inst        // of a pointer that may be 0: the copies of one pointer are tested together
	gone    *inst        // of noValue: the call that took it
}

// nullness is whether a pointer is 0.
type nullness uint8

const (
	notNull    nullness = iota
	isNull              // a test says so
	nullOnAWay          // the two sides of a test have met again
	notTested
)

func constantValue(n int64) value { return value{kind: number, known: true, n: n} }

func (v value) String() string {
	if v.kind != fieldTarget {
		return valueNames[v.kind]
	}
	switch v.pointer {
	case PointerPacket:
		return "an address in the packet"
	case PointerPacketEnd:
		return "the packet's end"
	case PointerPacketMeta:
		return "an address in the packet's metadata"
	}
	return "a pointer to " + v.pointer.target().String()
}

// isPointer reports whether v is an address, which it is not where it is known to be 0.
func (v value) isPointer() bool { return v.kind >= contextAt && v.null != isNull }

// fixed reports whether v is an address that the verifier allows nobody to move.
func (v value) fixed() bool {
	switch v.kind {
	case contextAt, mapAt, funcAt, kernelAt:
		return true
	case fieldTarget:
		return v.pointer != PointerPacket && v.pointer != PointerPacketMeta
	}
	return false
}

// nullReason says why v may be 0, or where it is.
func (v value) nullReason() string {
	from := fmt.Sprintf("what %s gives at %v", v.origin.source(), v.origin.from.position())
	switch v.null {
	case isNull:
		return from + " is 0 on this side of the test"
	case nullOnAWay:
		return from + " is 0 on one of the ways that lead here"
	}
	return from + " may be 0 and has not been tested"
}

// source says where a pointer comes from.
func (i *inst) source() string {
	switch {
	case i.field != 0:
		return i.field.String()
	case kinds[i.ins.Op] == kindCall && i.ins.Src == CallHelper:
		return Helper(i.ins.Imm).String()
	case i.kind == RefCall:
		return i.symbol
	}
	return i.text()
}

// target is the struct that a pointer of the kind leads to, 0 when it is none.
func (p PointerKind) target() Context {
	switch p.Kind() {
	case PointerSocket, PointerSockCommon:
		return ContextSock
	case PointerTCPSock:
		return ContextTCPSock
	case PointerFlowKeys:
		return ContextFlowKeys
	}
	return 0
}

// join is what is known where two ways meet.
func join(a, b value) value {
	switch {
	case a == b:
		return a
	case a.kind == noValue || b.kind == noValue:
		if a.kind != noValue {
			a = b
		}
		return value{gone: a.gone}
	case a.kind != b.kind || a.pointer != b.pointer:
		return value{kind: someValue}
	case a.origin != b.origin && (a.null != notNull || b.null != notNull):
		return value{kind: someValue}
	}
	v := value{kind: a.kind, pointer: a.pointer}
	if a.origin == b.origin {
		v.origin = a.origin
		if v.null = max(a.null, b.null); a.null != b.null {
			v.null = max(v.null, nullOnAWay)
		}
	}
	if a.symbol == b.symbol {
		v.symbol = a.symbol
	}
	if a.object == b.object && a.known && b.known && a.n == b.n {
		v.object, v.known, v.n = a.object, true, a.n
	}
	return v
}
