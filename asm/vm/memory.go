package vm

import (
	"encoding/binary"
	"strconv"
)

// An address is the number of a region in its upper half and an offset in its lower half, so that arithmetic on pointers
// works and no address of the Go program shows.
const offsetBits = 32

// Regions with fixed numbers. Those of the program's maps and functions follow, then those that come up while it runs.
const (
	idNull    = 0 // numbers below 2^32
	idStack   = 1 // of frame 0, then the other frames
	idContext = idStack + maxFrames
	idFuncs   = idContext + 1 // addresses of subprograms for callbacks: the offset is the index into the code
	idStatic  = idFuncs + 1

	// idDynamic is the first one of a run: each of 64 maps (MAX_USED_MAPS of include/linux/bpf_verifier.h) takes at most
	// two before it, for itself and for its value.
	idDynamic = idStatic + 2*maxMaps
	maxMaps   = 64

	// fastRegions is how many of the regions exec knows.
	fastRegions = 256
)

// regionKind is what a region is.
type regionKind uint8

const (
	regionNone       regionKind = iota // not there, or not any more
	regionStack                        // of one frame
	regionContext                      // every access goes through the table of fields
	regionMemory                       // a context of plain memory
	regionSocket                       // struct bpf_sock of a full socket, field by field too
	regionSockCommon                   // of a socket that may be a request
	regionTCPSock                      // struct bpf_tcp_sock
	regionPacket                       // with what is before data as metadata
	regionValue                        // of a map
	regionKey                          // of a map, for a callback
	regionRecord                       // reserved in a ring buffer
	regionMap                          // a map itself: an argument for helpers
	regionFuncs
)

// region is a piece of memory or an object that programs have addresses of.
type region struct {
	kind        regionKind
	read, write bool
	data        []byte
	at          uint64 // position of a record in its ring buffer
	of          any    // *Map of regionValue, regionRecord and regionMap; *Socket of regionSocket and regionTCPSock
}

// name describes region id for messages.
func (m *Machine) name(id uint64) string {
	if id >= uint64(len(m.regions)) {
		return "memory that does not exist"
	}
	r := &m.regions[id]
	switch r.kind {
	case regionStack:
		return "stack frame " + strconv.FormatUint(id-idStack, 10)
	case regionContext, regionMemory:
		return "the context"
	case regionSocket, regionSockCommon:
		return "a socket"
	case regionTCPSock:
		return "a TCP socket"
	case regionPacket:
		return "the packet"
	case regionValue:
		return "a value of map " + r.of.(*Map).spec.Name
	case regionKey:
		return "a key of map " + r.of.(*Map).spec.Name
	case regionRecord:
		return "a record of ring buffer " + r.of.(*Map).spec.Name
	case regionMap:
		return "map " + r.of.(*Map).spec.Name
	case regionFuncs:
		return "the program's code"
	}
	if id >= idStack && id < idContext {
		return "stack frame " + strconv.FormatUint(id-idStack, 10) + ", which is gone"
	}
	return "memory that is gone"
}

// set makes r the region id, also for exec, which gets the memory that needs no further checks.
func (m *Machine) set(id int, r region) {
	m.regions[id] = r
	if id >= fastRegions {
		return
	}
	m.read[id], m.write[id] = nil, nil
	if m.big || m.strict && r.kind == regionStack {
		return
	}
	if r.read {
		m.read[id] = r.data
	}
	if r.write {
		m.write[id] = r.data
	}
}

// add makes r a new region for the rest of the run and returns its number. Numbers of regions that are gone come into use
// again only after many others, so that a program that kept an address is found out.
func (m *Machine) add(r region) int {
	id := len(m.regions)
	if len(m.gone) > maxGone {
		id, m.gone = m.gone[0], append(m.gone[:0], m.gone[1:]...)
		m.set(id, r)
		return id
	}
	m.regions = append(m.regions, region{})
	m.set(id, r)
	return id
}

// maxGone is how many numbers of regions that are gone are kept out of use.
const maxGone = 64

// drop makes region id one that is gone.
func (m *Machine) drop(id int) {
	m.set(id, region{})
	m.gone = append(m.gone, id)
}

// address returns the address of offset bytes into region id.
func address(id, offset int) uint64 { return uint64(id)<<offsetBits + uint64(int64(offset)) }

// split returns the region and the offset of an address. What is less than 1/16 of the way back from a region's start
// is before that region.
func split(addr uint64) (id uint64, offset int64) {
	id, offset = addr>>offsetBits, int64(uint32(addr))
	if offset >= 0xf0000000 {
		return id + 1, offset - 1<<offsetBits
	}
	return id, offset
}

// accessError describes an access that is refused.
func (m *Machine) accessError(addr uint64, width int, write bool, reason error) error {
	id, offset := split(addr)
	e := &AccessError{Region: m.name(id), Offset: offset, Width: width, Write: write, Err: reason}
	if id < uint64(len(m.regions)) {
		e.Size = len(m.regions[id].data)
		if id == idNull {
			e.Region = "the null pointer"
			if offset != 0 {
				e.Region = "a number"
			}
			e.Err = ErrPointer
		}
	}
	return e
}

// memory returns the width bytes at an address, which the program reads or writes.
func (m *Machine) memory(addr uint64, width int, write bool) ([]byte, error) {
	id, offset := split(addr)
	if id >= uint64(len(m.regions)) {
		return nil, m.accessError(addr, width, write, ErrPointer)
	}
	r := &m.regions[id]
	switch {
	case !r.read && !r.write:
		return nil, m.accessError(addr, width, write, ErrPointer)
	case offset < 0 || offset+int64(width) > int64(len(r.data)):
		return nil, m.accessError(addr, width, write, ErrAccess)
	case write && !r.write, !write && !r.read:
		return nil, m.accessError(addr, width, write, ErrPermission)
	}
	if m.strict && r.kind == regionStack && !m.written[id-idStack].cover(int(offset), width, write) {
		return nil, m.accessError(addr, width, write, ErrUninitialized)
	}
	return r.data[offset : offset+int64(width) : offset+int64(width)], nil
}

// load reads a number of 1, 2, 4 or 8 bytes.
func (m *Machine) load(addr uint64, width int) (uint64, error) {
	if id, _ := split(addr); id < uint64(len(m.regions)) {
		switch r := &m.regions[id]; r.kind {
		case regionContext, regionSocket, regionSockCommon, regionTCPSock:
			return m.loadField(r, addr, width)
		}
	}
	b, err := m.memory(addr, width, false)
	if err != nil {
		return 0, err
	}
	return m.number(b), nil
}

// store writes a number of 1, 2, 4 or 8 bytes.
func (m *Machine) store(addr uint64, width int, v uint64) error {
	if id, _ := split(addr); id < uint64(len(m.regions)) {
		switch r := &m.regions[id]; r.kind {
		case regionContext, regionSocket, regionSockCommon, regionTCPSock:
			return m.storeField(r, addr, width, v)
		}
	}
	b, err := m.memory(addr, width, true)
	if err != nil {
		return err
	}
	m.putNumber(b, v)
	return nil
}

// number reads b as a number in the target's byte order.
func (m *Machine) number(b []byte) uint64 {
	if m.big {
		switch len(b) {
		case 1:
			return uint64(b[0])
		case 2:
			return uint64(binary.BigEndian.Uint16(b))
		case 4:
			return uint64(binary.BigEndian.Uint32(b))
		}
		return binary.BigEndian.Uint64(b)
	}
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// putNumber writes the low bytes of v to b in the target's byte order.
func (m *Machine) putNumber(b []byte, v uint64) {
	for i := range b {
		shift := 8 * i
		if m.big {
			shift = 8 * (len(b) - 1 - i)
		}
		b[i] = byte(v >> shift)
	}
}

// bytesWritten has a bit for every byte of a stack frame.
type bytesWritten [stackSize / 64]uint64

// cover notes that width bytes at offset are written, or reports whether all of them have been.
func (w *bytesWritten) cover(offset, width int, write bool) bool {
	for i := offset; i < offset+width; i++ {
		bit := uint64(1) << (i % 64)
		if write {
			w[i/64] |= bit
		} else if w[i/64]&bit == 0 {
			return false
		}
	}
	return true
}
