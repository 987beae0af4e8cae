package asm

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// Struct is the layout of a map's key or value, or of a stack object: members as C lays them out, each aligned to its
// size, the whole padded to the largest alignment.
//
// A key or value that is no struct but a number or an array is a Struct without a name and with one member, that has
// none either: NewStruct("", Member{Size: DW}).
//
// The kernel knows some structs by their names and sizes, and lets only its helpers touch them in a value: bpf_spin_lock
// and bpf_timer of include/uapi/linux/bpf.h, for example. SpinLock and Timer lay them out.
type Struct struct {
	name        string
	members     []Member
	size, align int // of the whole in bytes
	total       int // of members, those of the structs within counted each time they are there
	depth       int // of structs within structs
}

// Member is a member of a Struct. One without a name is padding.
type Member struct {
	Name   string
	Size   Size // of the number, or of one element
	Count  int  // elements of an array; 0 for a member that is none
	Signed bool // the number may be negative
	// Struct is set for a member that is a struct, or an array of structs. Size and Signed say nothing then.
	Struct *Struct
}

// Bytes returns the size of the member in bytes, all its elements together.
func (m Member) Bytes() int {
	return clamp(int64(m.unit()) * int64(max(1, m.Count)))
}

// unit is the size in bytes of one element.
func (m Member) unit() int {
	if m.Struct != nil {
		return m.Struct.size
	}
	return max(1, m.Size.Bytes())
}

// alignment is what the offset of the member is a multiple of.
func (m Member) alignment() int {
	if m.Struct != nil {
		return m.Struct.align
	}
	return max(1, m.Size.Bytes())
}

func (m Member) equal(o Member) bool {
	if m.Name != o.Name || m.Count != o.Count || !m.Struct.Equal(o.Struct) {
		return false
	}
	return m.Struct != nil || m.Size == o.Size && m.Signed == o.Signed
}

// What a Struct may have is bounded, so that nothing that reads one can be made to run for hours by structs of structs.
const (
	maxTotal = 1 << 16
	maxDepth = 16
)

// clamp keeps sizes within an int; check refuses what was larger.
func clamp(n int64) int { return int(min(n, math.MaxInt32)) }

// NewStruct lays out members. The name is for tools that print what is in a map.
func NewStruct(name string, members ...Member) *Struct {
	s := &Struct{name: name, members: slices.Clone(members), align: 1}
	end := 0
	for at, m := range s.Members() {
		end = clamp(int64(at) + int64(m.Bytes()))
		s.align = max(s.align, m.alignment())
		s.total++
		if m.Struct != nil {
			s.total, s.depth = clamp(int64(s.total)+int64(m.Struct.total)), max(s.depth, m.Struct.depth+1)
		}
	}
	s.size = roundUp(end, s.align)
	return s
}

// SpinLock lays out struct bpf_spin_lock, which bpf_spin_lock and bpf_spin_unlock take, and UpdateLock for the user. A
// value has one at most.
func SpinLock() *Struct { return NewStruct("bpf_spin_lock", Member{Name: "val", Size: W}) }

// Timer lays out struct bpf_timer, of which bpf_timer_init makes one. Linux 5.15.
func Timer() *Struct { return NewStruct("bpf_timer", Member{Size: DW, Count: 2}) }

func roundUp(n, align int) int {
	return clamp((int64(n) + int64(align) - 1) / int64(align) * int64(align))
}

// Name returns the struct's name.
func (s *Struct) Name() string { return s.name }

// Plain returns what s stands for when it is no struct: the number or array that a key or value is.
func (s *Struct) Plain() (m Member, ok bool) {
	if s == nil || s.name != "" || len(s.members) != 1 || s.members[0].Name != "" {
		return Member{}, false
	}
	return s.members[0], true
}

// Members iterates over the members and their offsets in bytes.
func (s *Struct) Members() iter.Seq2[int, Member] {
	return func(yield func(int, Member) bool) {
		at := 0
		for _, m := range s.members {
			at = roundUp(at, m.alignment())
			if !yield(at, m) {
				return
			}
			at = clamp(int64(at) + int64(m.Bytes()))
		}
	}
}

// Size returns the size in bytes, padding at the end included.
func (s *Struct) Size() int { return s.size }

// Align returns the alignment in bytes, which is that of the member with the largest.
func (s *Struct) Align() int { return max(1, s.align) }

// Offset returns the offset in bytes of a member, and whether there is one of that name. "lock.val" is the member val of
// the struct that lock is.
func (s *Struct) Offset(member string) (int, bool) {
	_, at, ok := s.find(member)
	return at, ok
}

// Equal reports whether two structs have the same name, the same size and the same members at the same offsets. Whether
// padding is a member without a name or comes of an alignment makes no difference. Nil equals nil only.
func (s *Struct) Equal(o *Struct) bool {
	if s == nil || o == nil || s == o {
		return s == o
	}
	a, plain := s.Plain()
	if b, ok := o.Plain(); ok || plain {
		return ok && plain && a.equal(b)
	}
	return s.name == o.name && s.size == o.size && slices.EqualFunc(s.named(), o.named(), func(a, b placed) bool {
		return a.at == b.at && a.member.equal(b.member)
	})
}

type placed struct {
	at     int
	member Member
}

// named lists the members with names.
func (s *Struct) named() []placed {
	var all []placed
	for at, m := range s.Members() {
		if m.Name != "" {
			all = append(all, placed{at, m})
		}
	}
	return all
}

// String returns the layout as offsets and members: "0 u32 saddr, 4 u16 port[2], 8 struct bpf_spin_lock lock".
// Of a number or array alone it is the type: "s32", "u8[16]".
func (s *Struct) String() string {
	if s == nil {
		return "none"
	}
	if m, ok := s.Plain(); ok {
		return m.kind() + m.count()
	}
	var members []string
	for at, m := range s.Members() {
		members = append(members, fmt.Sprintf("%d %s %s%s", at, m.kind(), m.Name, m.count()))
	}
	return strings.Join(members, ", ")
}

func (m Member) count() string {
	if m.Count > 0 {
		return fmt.Sprintf("[%d]", m.Count)
	}
	return ""
}

// kind returns the type of the member, or of an element, as text: u32, s64, struct flow.
func (m Member) kind() string {
	switch {
	case m.Struct != nil:
		return "struct " + m.Struct.name
	case m.Signed:
		return fmt.Sprintf("s%d", 8*m.Size.Bytes())
	}
	return fmt.Sprintf("u%d", 8*m.Size.Bytes())
}

// has reports whether n bytes at off are a member, an element of one, or lie within an array of smaller ones.
func (s *Struct) has(off, n int) bool {
	for at, m := range s.Members() {
		unit := m.unit()
		if off < at || off+n > at+m.Bytes() {
			continue
		}
		if m.Struct != nil {
			if unit > 0 && m.Struct.has((off-at)%unit, n) {
				return true
			}
			continue
		}
		if n == unit && (off-at)%unit == 0 || n > unit {
			return true
		}
	}
	return false
}

// with returns a struct with more members.
func (s *Struct) with(members ...Member) *Struct {
	return NewStruct(s.name, slices.Concat(s.members, members)...)
}

// find returns a member by its name, or by its path: inner.port.
func (s *Struct) find(member string) (Member, int, bool) {
	if member == "" {
		return Member{}, 0, false
	}
	for at, m := range s.Members() {
		if m.Name == member {
			return m, at, true
		}
		rest, within := strings.CutPrefix(member, m.Name+".")
		if !within || m.Name == "" || m.Struct == nil || m.Count > 0 {
			continue
		}
		if found, inner, ok := m.Struct.find(rest); ok {
			return found, at + inner, true
		}
	}
	return Member{}, 0, false
}

func (s *Struct) check() error {
	switch {
	case len(s.members) == 0:
		return fmt.Errorf("%w: a struct without members", ErrStack)
	case s.total > maxTotal:
		return fmt.Errorf("%w: %s has more than %d members", ErrStack, s.name, maxTotal)
	case s.depth > maxDepth:
		return fmt.Errorf("%w: %s has structs in structs, %d deep; it may be %d", ErrStack, s.name, s.depth, maxDepth)
	}
	names := make(map[string]bool)
	for _, m := range s.members {
		switch {
		case m.Struct == nil && m.Size.Bytes() == 0:
			return fmt.Errorf("%w: member %s of %s has no size; it is B, H, W or DW", ErrStack, m.Name, s.name)
		case m.Count < 0:
			return fmt.Errorf("%w: member %s of %s has %d elements", ErrStack, m.Name, s.name, m.Count)
		case m.Name != "" && names[m.Name]:
			return fmt.Errorf("%w: %s has two members %s", ErrStack, s.name, m.Name)
		case m.Struct != nil:
			if _, plain := m.Struct.Plain(); plain {
				return fmt.Errorf("%w: member %s of %s is a struct that stands for a number; give it the Size", ErrStack, m.Name, s.name)
			}
			if err := m.Struct.check(); err != nil {
				return err
			}
		}
		names[m.Name] = true
	}
	if s.size == math.MaxInt32 {
		return fmt.Errorf("%w: %s has 2 GiB and more", ErrStack, s.name)
	}
	return nil
}
