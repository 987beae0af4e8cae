package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// record is one of a ring buffer.
type record struct {
	Map  string `json:"map"`
	Data string `json:"data"` // hexadecimal
}

// records takes out of the ring buffers what is in them.
func (s *simulatedMaps) records() []record {
	var all []record
	for _, spec := range s.specs {
		if spec.Type != asm.MapRingBuf {
			continue
		}
		for {
			b, ok := s.all[spec.Name].ReadRecord()
			if !ok {
				break
			}
			all = append(all, record{spec.Name, hex.EncodeToString(b)})
		}
	}
	return all
}

// mapChange is what programs have changed in a map.
type mapChange struct {
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Elements []elementChange `json:"elements"`

	changes []string // as text
}

// elementChange is an element that was not so before, in hexadecimal. Of per-CPU maps it is the first CPU's.
type elementChange struct {
	Key   string  `json:"key"`
	Value *string `json:"value"` // null: it is gone
	Was   *string `json:"was"`   // null: it is new
}

// changes compares the maps with what they were. Queues and stacks, which are emptied, show all that they hold.
func (s *simulatedMaps) changes() []mapChange {
	var all []mapChange
	is := s.contents()
	for _, spec := range s.specs {
		c := mapChange{Name: spec.Name, Type: spec.Type.String()}
		before, now := s.before[spec.Name], is[spec.Name]
		var keys []string
		for key := range now {
			keys = append(keys, key)
		}
		for key := range before {
			if _, ok := now[key]; !ok {
				keys = append(keys, key)
			}
		}
		slices.SortFunc(keys, func(a, b string) int { return s.compareKeys(&spec, a, b) })
		for _, key := range keys {
			value, have := now[key]
			was, had := before[key]
			if have && had && value == was {
				continue
			}
			c.Elements = append(c.Elements, elementChange{hex.EncodeToString([]byte(key)), hexOf(value, have), hexOf(was, had)})
			c.changes = append(c.changes, s.change(&spec, key, value, have, was, had))
		}
		if spec.Type == asm.MapQueue || spec.Type == asm.MapStack {
			for {
				value, err := s.all[spec.Name].LookupAndDelete(nil)
				if err != nil {
					if !errors.Is(err, vm.ENOENT) {
						c.changes = append(c.changes, err.Error())
					}
					break
				}
				c.Elements = append(c.Elements, elementChange{"", hexOf(string(value), true), nil})
				c.changes = append(c.changes, "holds "+s.text(spec.Value, value, false))
			}
		}
		if len(c.changes) > 0 {
			all = append(all, c)
		}
	}
	return all
}

func hexOf(s string, ok bool) *string {
	if !ok {
		return nil
	}
	h := hex.EncodeToString([]byte(s))
	return &h
}

// compareKeys sorts indices as numbers and other keys as bytes.
func (s *simulatedMaps) compareKeys(spec *asm.MapSpec, a, b string) int {
	if hasIndex(spec.Type) {
		return int(int64(s.order.Uint32([]byte(a))) - int64(s.order.Uint32([]byte(b))))
	}
	return strings.Compare(a, b)
}

func hasIndex(t asm.MapType) bool {
	switch t {
	case asm.MapArray, asm.MapPerCPUArray, asm.MapSockMap, asm.MapReuseportSockArray:
		return true
	}
	return false
}

// change describes one element.
func (s *simulatedMaps) change(spec *asm.MapSpec, key, value string, have bool, was string, had bool) string {
	name := s.text(spec.Key, []byte(key), !hasIndex(spec.Type)) + ": "
	if isSection(*spec) { // whose only element are the variables
		name = ""
	}
	text := func(v string) string {
		if holdsSockets(spec.Type) {
			cookie := s.order.Uint64([]byte(v))
			if i := s.sockets.number(func(o *vm.Socket) bool { return o.Cookie == cookie }); i != nil {
				return fmt.Sprint("socket ", *i)
			}
			return "another socket"
		}
		return s.text(spec.Value, []byte(v), false)
	}
	switch {
	case !have:
		return name + "deleted, was " + text(was)
	case !had:
		return name + text(value)
	case !hasMembers(spec.Value) || holdsSockets(spec.Type):
		return name + text(value) + ", was " + text(was)
	}
	var parts []string
	old, now := s.members(spec.Value, []byte(was)), s.members(spec.Value, []byte(value))
	for i := range now {
		if now[i] != old[i] {
			_, before, _ := strings.Cut(old[i], " ")
			parts = append(parts, now[i]+" (was "+before+")")
		}
	}
	if len(parts) == 0 { // in the padding
		return name + hex.EncodeToString([]byte(value)) + ", was " + hex.EncodeToString([]byte(was))
	}
	return name + strings.Join(parts, ", ")
}

// hasMembers reports whether a layout is of a struct, and not of a number or an array.
func hasMembers(layout *asm.Struct) bool {
	_, plain := layout.Plain()
	return layout != nil && !plain
}

// text returns a key or a value by its layout. Without one, a value or an index of 1, 2, 4 or 8 bytes is a number and
// anything else is bytes.
func (s *simulatedMaps) text(layout *asm.Struct, b []byte, raw bool) string {
	if layout != nil && layout.Size() == len(b) {
		if m, ok := layout.Plain(); ok {
			return s.member(m, b)
		}
		return strings.Join(s.members(layout, b), ", ")
	}
	switch len(b) {
	case 1, 2, 4, 8:
		if !raw {
			return fmt.Sprint(s.number(b))
		}
	}
	return fmt.Sprintf("% x", b)
}

// number returns the number of 1, 2, 4 or 8 bytes.
func (s *simulatedMaps) number(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(s.order.Uint16(b))
	case 4:
		return uint64(s.order.Uint32(b))
	}
	return s.order.Uint64(b)
}

// members returns the members of a struct, such as "packets 7" or "address 0a 00 00 01".
func (s *simulatedMaps) members(layout *asm.Struct, b []byte) []string {
	var all []string
	for at, m := range layout.Members() {
		if m.Name != "" {
			all = append(all, m.Name+" "+s.member(m, b[at:at+m.Bytes()]))
		}
	}
	return all
}

// member returns the value of a member: a number, bytes, {a struct} or [an array].
func (s *simulatedMaps) member(m asm.Member, b []byte) string {
	if m.Count > 0 && m.Struct == nil && m.Size == asm.B {
		return fmt.Sprintf("% x", b)
	}
	one := func(b []byte) string {
		switch {
		case m.Struct != nil:
			return "{" + strings.Join(s.members(m.Struct, b), ", ") + "}"
		case m.Signed:
			unused := 64 - 8*len(b)
			return fmt.Sprint(int64(s.number(b)<<unused) >> unused)
		}
		return fmt.Sprint(s.number(b))
	}
	if m.Count == 0 {
		return one(b)
	}
	var elements []string
	for size := len(b) / m.Count; len(b) > 0; b = b[size:] {
		elements = append(elements, one(b[:size]))
	}
	return "[" + strings.Join(elements, " ") + "]"
}

func (c *mapChange) print(out *reporter) {
	out.printf("map %s, %s:\n", c.Name, c.Type)
	for _, line := range c.changes {
		out.printf("  %s\n", line)
	}
}
