package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/reloc"
)

// elementGiven is a -map that puts something into a map.
type elementGiven struct{ flag, name, key, value string }

// parseSimulatedMaps reads the values of -map: descriptions, and elements for them and for other maps.
func parseSimulatedMaps(given []string) (described []asm.MapSpec, elements []elementGiven, err error) {
	for _, s := range given {
		left, right, ok := strings.Cut(s, "=")
		name, key, isElement := strings.Cut(left, ":")
		switch {
		case !ok || name == "":
			return nil, nil, misuse("-map %s: want NAME=TYPE:KEY:VALUE:ENTRIES or NAME:KEY=VALUE", s)
		case isElement:
			elements = append(elements, elementGiven{s, name, key, right})
			continue
		case slices.ContainsFunc(described, func(m asm.MapSpec) bool { return m.Name == name }):
			return nil, nil, misuse("-map %s: %s is described twice", s, name)
		}
		m, err := parseMap(name, right)
		if err != nil {
			return nil, nil, misuse("-map %s: %v", s, err)
		}
		described = append(described, m)
	}
	return described, elements, nil
}

// simulatedMaps are the maps that programs have in the simulator.
type simulatedMaps struct {
	order   binary.ByteOrder
	sockets *socketPool
	specs   []asm.MapSpec // in the order in which programs name them
	all     map[string]*vm.Map
	before  map[string]map[string]string // what was in them, by key
}

// newSimulatedMaps makes the maps that the programs refer to.
func newSimulatedMaps(o *reloc.Object, programs []*asm.Program, described []asm.MapSpec, order binary.ByteOrder) (*simulatedMaps, error) {
	s := &simulatedMaps{order: order, all: make(map[string]*vm.Map)}
	known := o.Maps()
	for _, m := range described {
		if i := slices.IndexFunc(known, func(k asm.MapSpec) bool { return k.Name == m.Name }); i >= 0 {
			return nil, fmt.Errorf("map %s: the input describes it itself: %s", m.Name, describe(known[i]))
		}
		if !mapReferences(o)[m.Name] {
			return nil, fmt.Errorf("map %s: no program refers to it", m.Name)
		}
	}
	known = append(known, described...)
	for _, p := range programs {
		for _, r := range p.References() {
			if callsFunction(r) || s.all[r.Symbol] != nil {
				continue
			}
			i := slices.IndexFunc(known, func(k asm.MapSpec) bool { return k.Name == r.Symbol })
			if i < 0 {
				return nil, fmt.Errorf("map %s: nothing describes it: give -map %s=TYPE:KEY:VALUE:ENTRIES", r.Symbol, r.Symbol)
			}
			spec := known[i]
			if holdsSockets(spec.Type) && spec.ValueSize == 4 {
				spec.ValueSize = 8 // so that user space can see which sockets they are; programs see no difference
			}
			m, err := vm.NewMap(spec, &vm.MapOptions{Order: order})
			if err != nil {
				return nil, err
			}
			s.all[r.Symbol] = m
			s.specs = append(s.specs, spec)
		}
	}
	return s, nil
}

func (s *simulatedMaps) names() []string {
	var names []string
	for _, m := range s.specs {
		names = append(names, m.Name)
	}
	return names
}

// fill puts elements into the maps, and sockets into those that have none.
func (s *simulatedMaps) fill(elements []elementGiven, machine func(program string) (*vm.Machine, error)) error {
	filled := make(map[string]bool)
	for _, e := range elements {
		if err := s.put(e, machine); err != nil {
			var misused usageError
			if errors.As(err, &misused) {
				return misuse("-map %s: %v", e.flag, err)
			}
			return fmt.Errorf("-map %s: %w", e.flag, err)
		}
		filled[e.name] = true
	}
	if s.sockets.listening() {
		for _, spec := range s.specs {
			if spec.Type != asm.MapSockMap && spec.Type != asm.MapReuseportSockArray || filled[spec.Name] {
				continue
			}
			for i := range min(uint32(s.sockets.size), spec.MaxEntries) {
				socket, err := s.sockets.get(int(i))
				if err == nil {
					err = s.all[spec.Name].UpdateSocket(s.uint32(i), socket, asm.UpdateAny)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	s.before = s.contents()
	return nil
}

func (s *simulatedMaps) uint32(n uint32) []byte {
	b := make([]byte, 4)
	s.order.PutUint32(b, n)
	return b
}

func (s *simulatedMaps) put(e elementGiven, machine func(program string) (*vm.Machine, error)) error {
	m := s.all[e.name]
	if m == nil {
		return misuse("the program names no map %s%s", e.name, didYouMean(e.name, s.names()))
	}
	spec := m.Spec()
	key, err := s.bytes(e.key)
	switch {
	case err != nil:
		return misuse("%v", err)
	case len(key) != int(spec.KeySize):
		return misuse("a key of %d bytes; the map's have %d", len(key), spec.KeySize)
	}
	if n, ok := strings.CutPrefix(e.value, "socket:"); ok {
		i, err := strconv.Atoi(n)
		if err != nil {
			return misuse("%q is no number of a socket", n)
		}
		socket, err := s.sockets.get(i)
		if err != nil {
			return err
		}
		return m.UpdateSocket(key, socket, asm.UpdateAny)
	}
	if name, ok := strings.CutPrefix(e.value, "program:"); ok {
		to, err := machine(name)
		if err != nil {
			return err
		}
		return m.UpdateProgram(s.order.Uint32(key), to)
	}
	value, err := s.bytes(e.value)
	size := int(spec.ValueSize)
	switch {
	case err != nil:
		return misuse("%v", err)
	case holdsSockets(spec.Type):
		return misuse("the map holds sockets: want socket:N")
	case spec.Type == asm.MapProgArray:
		return misuse("the map holds programs: want program:NAME")
	case len(value) > size:
		return misuse("a value of %d bytes; the map's have %d", len(value), size)
	}
	value = append(value, make([]byte, size-len(value))...)
	if spec.Type.PerCPU() { // it is the value of the CPU that the program runs on, the first one
		value = append(value, make([]byte, vm.CPUs*((size+7)&^7)-size)...)
	}
	if spec.KeySize == 0 {
		key = nil
	}
	return m.Update(key, value, asm.UpdateAny)
}

func holdsSockets(t asm.MapType) bool {
	return t == asm.MapSockMap || t == asm.MapSockHash || t == asm.MapReuseportSockArray
}

// bytes reads a key or a value: pieces with commas between them.
func (s *simulatedMaps) bytes(text string) ([]byte, error) {
	var b []byte
	for _, piece := range strings.Split(text, ",") {
		kind, value, ok := strings.Cut(piece, ":")
		var order binary.ByteOrder = binary.BigEndian
		bits, isNetwork := strings.CutPrefix(kind, "be")
		if !isNetwork {
			order = s.order
			bits = strings.TrimPrefix(kind, "u")
		}
		switch {
		case ok && kind == "str":
			b = append(b, value...)
			continue
		case ok && kind == "ip":
			a, err := netip.ParseAddr(value)
			if err != nil {
				return nil, fmt.Errorf("%q is no IP address", value)
			}
			b = append(b, a.AsSlice()...)
			continue
		case !ok || bits == kind || !slices.Contains([]string{"8", "16", "32", "64"}, bits):
			h, err := parseHex(piece)
			if err != nil {
				return nil, fmt.Errorf("%q is neither hexadecimal nor one of u8:N, be16:N, ip:ADDRESS, str:TEXT and so on", piece)
			}
			b = append(b, h...)
			continue
		}
		n, _ := strconv.Atoi(bits)
		number, err := parseNumber(value, n/8)
		if err != nil {
			return nil, err
		}
		var whole [8]byte
		order.PutUint64(whole[:], number)
		if order.Uint16([]byte{0, 1}) == 1 {
			b = append(b, whole[8-n/8:]...)
		} else {
			b = append(b, whole[:n/8]...)
		}
	}
	return b, nil
}

// contents returns what is in the maps.
func (s *simulatedMaps) contents() map[string]map[string]string {
	all := make(map[string]map[string]string)
	for name, m := range s.all {
		spec := m.Spec()
		if spec.Type == asm.MapQueue || spec.Type == asm.MapStack || spec.Type == asm.MapRingBuf || spec.Flags&asm.MapReadOnlyProg != 0 {
			continue // the program takes from the former and does not change the latter
		}
		elements := make(map[string]string)
		for key, value := range m.All() {
			if spec.Type.PerCPU() {
				value = value[:spec.ValueSize]
			}
			elements[string(key)] = string(value)
		}
		all[name] = elements
	}
	return all
}
