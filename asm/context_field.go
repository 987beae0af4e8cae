package asm

import (
	"strconv"
	"strings"
)

// Field is a field of a struct that the kernel shows to programs, such as SkReuseportMdDataEnd, which C calls
// sk_reuseport_md.data_end. These structs exist on paper only (include/uapi/linux/bpf.h): the verifier replaces every
// access by what reads the kernel's own structures, and so it accepts only the accesses of its tables, which are here.
//
// A field's name is that of the struct without a leading "__" or "bpf_", and that of the field.
type Field uint16

// FieldByName returns the field of a name such as "sk_reuseport_md.data_end".
func FieldByName(name string) (Field, bool) {
	of, member, _ := strings.Cut(name, ".")
	for c := Context(1); c < contextEnd; c++ {
		if contexts[c].name != of {
			continue
		}
		for f := range c.Fields() {
			if fields[f].name == member {
				return f, true
			}
		}
	}
	return 0, false
}

// FieldAt returns the field that covers the byte at an offset in a struct, and which element of it when it is an array
// (0 when not). Where fields of a union cover it, the first one in the struct's declaration is returned:
// bpf_sock_ops.args at 4, bpf_flow_keys.ipv4_src at 16.
func FieldAt(c Context, offset int) (f Field, element int, ok bool) {
	for f := range c.Fields() {
		if o := offset - f.Offset(); o >= 0 && o < f.Size()*f.Count() {
			return f, o / f.Size(), true
		}
	}
	return 0, 0, false
}

// Valid reports whether f is one of the fields of this package.
func (f Field) Valid() bool { return f != 0 && f < fieldEnd }

// Name returns the field as C calls it, such as "sk_reuseport_md.data_end", or "" if f is not valid.
func (f Field) Name() string {
	if !f.Valid() {
		return ""
	}
	return f.Context().Name() + "." + fields[f].name
}

// String returns the name, or "field 9999" if f is not valid.
func (f Field) String() string {
	if f.Valid() {
		return f.Name()
	}
	return "field " + strconv.Itoa(int(f))
}

// Context returns the struct that has the field.
func (f Field) Context() Context { return f.entry().context }

// Offset returns the distance in bytes of the field from the start of its struct.
func (f Field) Offset() int { return int(f.entry().offset) }

// Size returns the width in bytes of the field, of one element when it is an array. It is the width of the load that
// reads the field, also for pointers: __sk_buff.data is read with a load of four bytes and then is a 64-bit pointer.
func (f Field) Size() int { return int(f.entry().size) }

// Count returns the number of elements: 4 for remote_ip6, 1 for a field that is not an array, 0 if f is not valid.
func (f Field) Count() int {
	if e := f.entry(); e.size != 0 {
		return max(1, int(e.count))
	}
	return 0
}

// Order returns the byte order of the value.
func (f Field) Order() ByteOrder { return f.entry().order }

// Pointer tells what the field points to, PointerNone if it is a number.
func (f Field) Pointer() PointerKind { return f.entry().pointer }

// ReadableBy reports whether programs of a type may read the field in their context. Some fields of bpf_sock,
// bpf_sock_addr, bpf_sockopt and xdp_md can only be read by programs that are loaded for certain attach types: with
// attach types given, ReadableBy reports whether all of them allow it, without any, whether at least one does.
func (f Field) ReadableBy(t ProgramType, at ...AttachType) bool {
	return f.entry().read.allow(t, at)
}

// WritableBy reports whether programs of a type may write the field in their context; see ReadableBy.
func (f Field) WritableBy(t ProgramType, at ...AttachType) bool {
	return f.entry().write.allow(t, at)
}

// ReadableThrough reports whether the field can be read through a pointer of a kind that is not the context: a field
// of bpf_sock through PointerSocket or PointerSockCommon, of bpf_flow_keys through PointerFlowKeys and of bpf_tcp_sock
// through PointerTCPSock. A pointer that may be null must be compared with 0 before.
func (f Field) ReadableThrough(p PointerKind) bool {
	return f.entry().through&(1<<p.Kind()) != 0 && !p.OrNull()
}

// WritableThrough reports whether the field can be written through a pointer of a kind that is not the context. Only
// the fields of bpf_flow_keys can.
func (f Field) WritableThrough(p PointerKind) bool {
	return p.Kind() == PointerFlowKeys && f.ReadableThrough(p)
}

// CanLoad reports whether a load of size bytes (1, 2, 4 or 8), at off bytes from the start of the field, has a width
// and a place the kernel accepts, for a program that may read the field. Most fields of __sk_buff can be read in part,
// those of sk_msg_md and bpf_sock_ops only as a whole.
func (f Field) CanLoad(off, size int) bool { return f.accepts(f.entry().load, off, size) }

// CanStore reports whether a store of size bytes, at off bytes from the start of the field, has a width and a place
// the kernel accepts, for a program that may write the field.
func (f Field) CanStore(off, size int) bool { return f.accepts(f.entry().store, off, size) }

func (f Field) accepts(w widths, off, size int) bool {
	e := f.entry()
	if off < 0 || size < 1 || size > 8 || size&(size-1) != 0 || w&widths(size) == 0 || (int(e.offset)+off)%size != 0 {
		return false
	}
	end := f.Size() * f.Count()
	switch {
	case w&overlap != 0:
		end = e.context.Size() - int(e.offset)
	case off == 0 && f.Count() == 1:
		return true // ports of 16 bits can also be read with the padding behind them
	}
	return off+size <= end && (off%f.Size() == 0 || w&inside != 0)
}

// entry returns the table's entry for f, the zero value if f is not valid.
func (f Field) entry() *field {
	if f >= fieldEnd {
		f = 0
	}
	return &fields[f]
}

// field is a row of the table.
type field struct {
	name        string
	context     Context
	order       ByteOrder
	pointer     PointerKind
	offset      uint16
	size        uint8
	count       uint8 // of an array, otherwise 0
	load, store widths
	through     uint16 // bit k for PointerKind k
	read, write access
}

// access is a set of program types, bit t for ProgramType t, and, if it is not all, of attach types, bit a for
// AttachType a.
type access struct{ types, at uint64 }

func (a access) allow(t ProgramType, at []AttachType) bool {
	if t >= 64 || a.types&(1<<t) == 0 {
		return false
	}
	for _, at := range at {
		if a.at != 0 && (at >= 64 || a.at&(1<<at) == 0) {
			return false
		}
	}
	return true
}

// widths is a set of widths of accesses in bytes, and where in the field they may begin.
type widths uint8

const (
	width1 widths = 1
	width2 widths = 2
	width4 widths = 4
	width8 widths = 8

	inside  widths = 1 << 4 // not only where the field or an element begins, but at all multiples of their width
	overlap widths = 1 << 5 // also across fields

	narrow2  = width1 | width2 | inside
	narrow4  = narrow2 | width4
	first4   = width1 | width2 | width4
	anywhere = first4 | width8 | inside | overlap
)

// ByteOrder says how the number in a field is to be read.
type ByteOrder uint8

const (
	// OrderHost is a number in the byte order of the machine.
	OrderHost ByteOrder = iota
	// OrderNetwork is a number of the field's width in network byte order: addresses, and also the remote_port of
	// sock_ops, sk_msg and __sk_buff, in which be32 conversion of all 32 bits gives the port.
	OrderNetwork
	// OrderNetwork16 is a 16-bit number in network byte order in the low half of a 32-bit number in the machine's:
	// ethertypes and bpf_sock_addr.user_port. be16 conversion gives the number.
	OrderNetwork16
)

// String returns "host", "network" or "network16".
func (o ByteOrder) String() string {
	return name([]string{"host", "network", "network16"}, uint32(o), "byte order ")
}

// PointerKind is what a pointer in a struct points to, as far as the verifier distinguishes it.
type PointerKind uint8

// The kinds of pointers. Memory between PointerPacket and PointerPacketEnd can be accessed as far as the program has
// compared with the end. The values of bpf_sockopt are packets in this sense.
const (
	PointerNone       PointerKind = iota // not a pointer
	PointerPacket                        // start of the packet, message or option value
	PointerPacketEnd                     // its end: only good for comparison
	PointerPacketMeta                    // start of the metadata, which ends where the packet starts
	PointerFlowKeys                      // struct bpf_flow_keys
	PointerSocket                        // struct bpf_sock of a full socket
	PointerSockCommon                    // struct bpf_sock, perhaps of a request or in TIME_WAIT: fewer fields
	PointerTCPSock                       // struct bpf_tcp_sock, from bpf_tcp_sock only

	pointerKinds // number of kinds
)

// PointerOrNull flags a pointer that must be compared with 0 before it is used.
const PointerOrNull PointerKind = 1 << 7

// Kind returns the kind without PointerOrNull.
func (p PointerKind) Kind() PointerKind { return p &^ PointerOrNull }

// OrNull reports whether the pointer must be compared with 0 before it is used.
func (p PointerKind) OrNull() bool { return p&PointerOrNull != 0 }

// String returns the verifier's name of the kind, such as "pkt_end" or "sock_or_null", or "number".
func (p PointerKind) String() string {
	s := name(pointerKindNames[:], uint32(p.Kind()), "pointer kind ")
	if p.OrNull() {
		s += "_or_null"
	}
	return s
}

var pointerKindNames = [pointerKinds]string{
	PointerNone:       "number",
	PointerPacket:     "pkt",
	PointerPacketEnd:  "pkt_end",
	PointerPacketMeta: "pkt_meta",
	PointerFlowKeys:   "flow_keys",
	PointerSocket:     "sock",
	PointerSockCommon: "sock_common",
	PointerTCPSock:    "tcp_sock",
}
