package asm

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// world is what a program that the interpreter runs finds around it: memory, a packet, maps. Addresses are the number of
// a region in the upper half and the offset in the lower, so that nothing beside a region is in another one.
type world struct {
	memory         []region
	fixed          int    // regions that outlive functions
	base           uint64 // of all addresses: results that depend on it depend on addresses
	kind           ProgramType
	frame          []byte // as it came
	packet         []byte // what the program sees of it
	packetAddress  uint64
	contextAddress uint64
	maps           []*worldMap
}

type region struct {
	name     string
	bytes    []byte
	known    []bool // nil when all are
	readOnly bool
}

// worldMap is an array or a hash with the keys that an array of the same size has.
type worldMap struct {
	spec    MapSpec
	values  [][]byte
	at      []uint64 // addresses
	present []bool
}

// linkLayer is what a socket filter does not see of a packet in BPF_PROG_TEST_RUN.
const linkLayer = 14

func newWorld(kind ProgramType, specs []MapSpec, frame []byte, contents func(m MapSpec, key uint32) []byte, base uint64) *world {
	w := &world{kind: kind, frame: slices.Clone(frame), base: base}
	w.packet = w.frame
	if kind == SocketFilter {
		w.packet = w.frame[linkLayer:]
	}
	w.contextAddress = w.allocate("context", make([]byte, 256), nil)
	w.packetAddress = w.allocate("packet", w.packet, nil)
	for _, s := range specs {
		m := &worldMap{spec: s}
		for key := range s.MaxEntries {
			v := contents(s, key)
			m.present = append(m.present, v != nil)
			if v == nil {
				v = make([]byte, s.ValueSize)
			}
			m.values = append(m.values, v)
			m.at = append(m.at, w.allocate(s.Name, v, nil))
			w.memory[len(w.memory)-1].readOnly = s.Flags&MapReadOnlyProg != 0
		}
		w.maps = append(w.maps, m)
	}
	w.fixed = len(w.memory)
	return w
}

func (w *world) allocate(name string, b []byte, known []bool) uint64 {
	w.memory = append(w.memory, region{name: name, bytes: b, known: known})
	return w.base + uint64(len(w.memory))<<32
}

// bytes returns n bytes at an address. Those that are about to be written count as known from then on.
func (w *world) bytes(at uint64, n int, write bool) ([]byte, error) {
	number, off := int64((at-w.base)>>32)-1, int((at-w.base)&(1<<32-1))
	if number < 0 || number >= int64(len(w.memory)) {
		return nil, fmt.Errorf("%w: nothing at address %#x", errInterpreted, at)
	}
	r := &w.memory[number]
	if off+n > len(r.bytes) {
		return nil, fmt.Errorf("%w: bytes %d to %d of %s, which has %d", errInterpreted, off, off+n, r.name, len(r.bytes))
	}
	if write && (r.readOnly || r.name == "context") {
		return nil, fmt.Errorf("%w: %s written", errInterpreted, r.name)
	}
	for i := range n {
		if r.known == nil {
			break
		}
		if write {
			r.known[off+i] = true
		} else if !r.known[off+i] {
			return nil, fmt.Errorf("%w: byte %d of %s has no value", errInterpreted, off+i, r.name)
		}
	}
	return r.bytes[off : off+n], nil
}

func (w *world) load(at uint64, n int) (uint64, error) {
	if c := at - w.contextAddress; c < 256 {
		return w.contextField(int(c), n)
	}
	b, err := w.bytes(at, n, false)
	if err != nil {
		return 0, err
	}
	switch n {
	case 1:
		return uint64(b[0]), nil
	case 2:
		return uint64(binary.NativeEndian.Uint16(b)), nil
	case 4:
		return uint64(binary.NativeEndian.Uint32(b)), nil
	}
	return binary.NativeEndian.Uint64(b), nil
}

func (w *world) store(at uint64, n int, v uint64) error {
	b, err := w.bytes(at, n, true)
	if err != nil {
		return err
	}
	switch n {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.NativeEndian.PutUint16(b, uint16(v))
	case 4:
		binary.NativeEndian.PutUint32(b, uint32(v))
	default:
		binary.NativeEndian.PutUint64(b, v)
	}
	return nil
}

func (w *world) contextField(off, n int) (uint64, error) {
	data, end, length := SkBuffData.Offset(), SkBuffDataEnd.Offset(), SkBuffLen.Offset()
	if w.kind == XDP {
		data, end, length = XDPMdData.Offset(), XDPMdDataEnd.Offset(), -1
	}
	if n == 4 {
		switch off {
		case data:
			return w.packetAddress, nil
		case end:
			return w.packetAddress + uint64(len(w.packet)), nil
		case length:
			return uint64(len(w.packet)), nil
		}
	}
	return 0, fmt.Errorf("%w: %d bytes at %d of the context", errInterpreted, n, off)
}

func (in *interpreter) objectAddress(o *StackObject, a *activation) uint64 {
	at, ok := a.objects[o]
	if !ok {
		at = in.allocate(o.name, make([]byte, o.size), make([]bool, o.size))
		a.objects[o] = at
	}
	return at
}

// What a map and a function are as values: numbers that are no addresses.
const (
	mapHandle  = 0x6d61 << 48
	funcHandle = 0x6675 << 48
)

func (in *interpreter) mapNamed(symbol string) int {
	return slices.IndexFunc(in.maps, func(m *worldMap) bool { return m.spec.Name == symbol })
}

func (in *interpreter) immediate(s *interpretedStep) (uint64, error) {
	switch s.ins.Src {
	case Imm64Value:
		return uint64(s.ins.Imm), nil
	case Imm64Func:
		return funcHandle + uint64(s.to), nil
	}
	m := in.mapNamed(s.symbol)
	switch {
	case m < 0:
		return 0, fmt.Errorf("%w: no map %q", errInterpreted, s.symbol)
	case s.ins.Src == Imm64MapFD:
		return mapHandle + uint64(m), nil
	case s.ins.Src == Imm64MapValue && len(in.maps[m].at) > 0:
		return in.maps[m].at[0] + uint64(s.ins.Imm>>32), nil
	}
	return 0, fmt.Errorf("%w: a constant of kind %d", errInterpreted, s.ins.Src)
}

func (in *interpreter) callStep(s *interpretedStep, a *activation) error {
	var args [5]uint64
	known := 0
	for i := range args {
		v, err := a.get(R1 + Register(i))
		if err != nil {
			break
		}
		args[i] = v
		known++
	}
	var r0 uint64
	var err error
	switch {
	case s.ins.Src == CallSubprogram && s.to >= 0:
		r0, err = in.call(s.to, args[:known]...)
	case s.ins.Src == CallHelper && known >= Helper(s.ins.Imm).NumArgs():
		r0, err = in.helper(Helper(s.ins.Imm), args)
	default:
		err = fmt.Errorf("%w: call with %d arguments", errInterpreted, known)
	}
	a.clobber()
	a.set(R0, r0)
	return err
}

const efault, einval, enoent, e2big = ^uint64(13), ^uint64(21), ^uint64(1), ^uint64(6)

func (in *interpreter) helper(h Helper, args [5]uint64) (uint64, error) {
	switch h {
	case FnKtimeGetNS, FnGetPrandomU32:
		return 0x5eed, nil // nobody may look at it
	case FnMapLookupElem, FnMapUpdateElem, FnMapDeleteElem:
		return in.mapHelper(h, args)
	case FnSKBLoadBytes, FnXDPLoadBytes:
		if args[0] != in.contextAddress {
			return 0, fmt.Errorf("%w: not the context", errInterpreted)
		}
		off, n := int(uint32(args[1])), int(uint32(args[3]))
		to, err := in.bytes(args[2], n, true)
		switch {
		case err != nil:
			return 0, err
		case off+n <= len(in.packet):
			copy(to, in.packet[off:off+n])
			return 0, nil
		case h == FnSKBLoadBytes:
			clear(to)
			return efault, nil
		case off > 0xffff:
			return efault, nil
		}
		return einval, nil
	case FnLoop:
		for i := range args[0] {
			stop, err := in.call(int(args[1]-funcHandle), i, args[2])
			if err != nil || stop == 1 {
				return i + 1, err
			}
		}
		return args[0], nil
	}
	return 0, fmt.Errorf("%w: helper %v", errInterpreted, h)
}

func (in *interpreter) mapHelper(h Helper, args [5]uint64) (uint64, error) {
	if args[0] < mapHandle || args[0] >= mapHandle+uint64(len(in.maps)) {
		return 0, fmt.Errorf("%w: not a map", errInterpreted)
	}
	m := in.maps[args[0]-mapHandle]
	key, err := in.bytes(args[1], int(m.spec.KeySize), false)
	if err != nil {
		return 0, err
	}
	k := uint64(binary.NativeEndian.Uint32(key))
	hash := m.spec.Type == MapHash
	if hash {
		k = binary.NativeEndian.Uint64(key)
	}
	inside := k < uint64(m.spec.MaxEntries)
	if hash && !inside {
		return 0, fmt.Errorf("%w: key %d of %s, which the interpreter does not have", errInterpreted, k, m.spec.Name)
	}
	switch h {
	case FnMapLookupElem:
		if !inside || !m.present[k] {
			return 0, nil
		}
		return m.at[k], nil
	case FnMapDeleteElem:
		switch {
		case !hash:
			return einval, nil
		case !m.present[k]:
			return enoent, nil
		}
		m.present[k] = false
		return 0, nil
	}
	value, err := in.bytes(args[2], int(m.spec.ValueSize), false)
	switch {
	case err != nil:
		return 0, err
	case !inside:
		return e2big, nil
	}
	copy(m.values[k], value)
	m.present[k] = true
	return 0, nil
}
