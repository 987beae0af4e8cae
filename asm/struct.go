package asm

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Struct is the layout of a map's key or value, or of a stack object: members as C lays them out, each aligned to its
// size, the whole padded to the largest alignment.
type Struct struct {
	name    string
	members []Member
}

// Member is a member of a Struct. One without a name is padding.
type Member struct {
	Name  string
	Size  Size // of the member, or of one element
	Count int  // elements of an array; 0 for a member that is none
}

// NewStruct lays out members. The name is for tools that print what is in a map.
func NewStruct(name string, members ...Member) *Struct {
	return &Struct{name: name, members: slices.Clone(members)}
}

// Name returns the struct's name.
func (s *Struct) Name() string { return s.name }

// Members iterates over the members and their offsets in bytes.
func (s *Struct) Members() iter.Seq2[int, Member] {
	return func(yield func(int, Member) bool) {
		at := 0
		for _, m := range s.members {
			n := max(1, m.Size.Bytes())
			at = (at + n - 1) / n * n
			if !yield(at, m) {
				return
			}
			at += n * max(1, m.Count)
		}
	}
}

// Size returns the size in bytes, padding at the end included.
func (s *Struct) Size() int {
	end, align := 0, 1
	for at, m := range s.Members() {
		n := max(1, m.Size.Bytes())
		end, align = at+n*max(1, m.Count), max(align, n)
	}
	return (end + align - 1) / align * align
}

// Offset returns the offset in bytes of a member, and whether there is one of that name.
func (s *Struct) Offset(member string) (int, bool) {
	_, at, ok := s.find(member)
	return at, ok
}

// Equal reports whether two structs have the same name and members. Nil equals nil only.
func (s *Struct) Equal(o *Struct) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.name == o.name && slices.Equal(s.members, o.members)
}

// String returns the layout as offsets and members: "0 u32 saddr, 4 u16 port[2]".
func (s *Struct) String() string {
	if s == nil {
		return "none"
	}
	var members []string
	for at, m := range s.Members() {
		text := fmt.Sprintf("%d u%d %s", at, 8*m.Size.Bytes(), m.Name)
		if m.Count > 0 {
			text += fmt.Sprintf("[%d]", m.Count)
		}
		members = append(members, text)
	}
	return strings.Join(members, ", ")
}

// has reports whether n bytes at off are a member, an element of one, or lie within an array of smaller ones.
func (s *Struct) has(off, n int) bool {
	for at, m := range s.Members() {
		size := m.Size.Bytes()
		end := at + size*max(1, m.Count)
		if off >= at && off+n <= end && (n == size && (off-at)%size == 0 || n > size) {
			return true
		}
	}
	return false
}

// with returns a struct with more members.
func (s *Struct) with(members ...Member) *Struct {
	return &Struct{name: s.name, members: slices.Concat(s.members, members)}
}

func (s *Struct) find(member string) (Member, int, bool) {
	for at, m := range s.Members() {
		if m.Name == member && member != "" {
			return m, at, true
		}
	}
	return Member{}, 0, false
}

func (s *Struct) check() error {
	if len(s.members) == 0 {
		return fmt.Errorf("%w: a struct without members", ErrStack)
	}
	for i, m := range s.members {
		switch {
		case m.Size.Bytes() == 0:
			return fmt.Errorf("%w: member %s of %s has no size; it is B, H, W or DW", ErrStack, m.Name, s.name)
		case m.Count < 0:
			return fmt.Errorf("%w: member %s of %s has %d elements", ErrStack, m.Name, s.name, m.Count)
		case m.Name != "" && slices.ContainsFunc(s.members[:i], func(o Member) bool { return o.Name == m.Name }):
			return fmt.Errorf("%w: %s has two members %s", ErrStack, s.name, m.Name)
		}
	}
	return nil
}
