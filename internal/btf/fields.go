package btf

import "fmt"

// Field is a member of a structure seen from outside: the members of anonymous structures and unions inside it are
// fields of the structure itself, as in C.
type Field struct {
	// Name is empty for padding bit fields only.
	Name string
	Type TypeID
	// Offset and Size are in bytes. The Offset of a bit field is that of the byte in which it begins.
	Offset, Size uint64
	// Bits is the width of a bit field and 0 for everything else.
	Bits uint32
}

// Fields lists the fields of a structure or union in the order of their declaration. Anonymous members are flattened.
func (s *Spec) Fields(t Type) ([]Field, error) {
	w := walk{spec: s, root: t.ID}
	if err := w.members(t, 0, maxDepth); err != nil {
		return nil, err
	}
	return w.fields, nil
}

// maxMembers is beyond what any structure has: anonymous structures of malformed input nest exponentially.
const maxMembers = 1 << 16

type walk struct {
	spec    *Spec
	root    TypeID
	visited int
	fields  []Field
}

func (w *walk) members(t Type, base uint64, depth int) error {
	if t.Kind != Struct && t.Kind != Union {
		return fmt.Errorf("btf: type %d, a %v, has no fields", t.ID, t.Kind)
	}
	if depth == 0 {
		return fmt.Errorf("btf: type %d contains itself", w.root)
	}
	for _, m := range t.Members {
		if w.visited++; w.visited > maxMembers {
			return fmt.Errorf("btf: type %d has more than %d members", w.root, maxMembers)
		}
		inner, err := w.spec.Resolve(m.Type)
		if err != nil {
			return err
		}
		offset := base + uint64(m.Offset/8)
		if m.Name == "" && (inner.Kind == Struct || inner.Kind == Union) {
			if err := w.members(inner, offset, depth-1); err != nil {
				return err
			}
			continue
		}
		size, err := w.spec.Sizeof(m.Type)
		if err != nil {
			return fmt.Errorf("btf: field %s.%s: %w", t.Name, m.Name, err)
		}
		w.fields = append(w.fields, Field{m.Name, m.Type, offset, size, m.Bits})
	}
	return nil
}

// Member returns the type of a member of a structure or union, searching anonymous members too: Member(t, "batch") is
// the type of the structure that union bpf_attr calls batch.
func (s *Spec) Member(t Type, name string) (Type, error) {
	fields, err := s.Fields(t)
	if err != nil {
		return Type{}, err
	}
	for _, f := range fields {
		if f.Name == name {
			return s.Resolve(f.Type)
		}
	}
	return Type{}, fmt.Errorf("%w: member %s of %v %s", ErrNotFound, name, t.Kind, t.Name)
}
