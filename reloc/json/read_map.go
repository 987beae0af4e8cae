package json

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/purebpf/purebpf/asm"
)

func (r *reader) mapSpec(m *asm.MapSpec, depth int) (at int, err error) {
	return r.object(func(name string) error {
		switch name {
		case "name":
			return r.text(&m.Name)
		case "type":
			return kind(r.scanner, &m.Type, asm.MapTypeByName)
		case "key_size":
			return number(r.scanner, &m.KeySize)
		case "value_size":
			return number(r.scanner, &m.ValueSize)
		case "max_entries":
			return number(r.scanner, &m.MaxEntries)
		case "flags":
			return number(r.scanner, &m.Flags)
		case "extra":
			return wide(r.scanner, &m.Extra)
		case "numa_node":
			return number(r.scanner, &m.NUMANode)
		case "contents":
			var text string
			at := r.here()
			if err := r.text(&text); err != nil {
				return err
			}
			b, err := hex.DecodeString(text)
			if err != nil {
				return r.fail(at, err)
			}
			m.Contents = string(b)
			return nil
		case "pin_by_name":
			return r.truth(&m.PinByName)
		case "key":
			return r.layout(&m.Key, 0)
		case "value":
			return r.layout(&m.Value, 0)
		case "inner":
			if depth == maxInner {
				return r.fail(r.here(), errors.New("maps of maps too deep"))
			}
			m.Inner = new(asm.MapSpec)
			_, err := r.mapSpec(m.Inner, depth+1)
			return err
		}
		return errUnknown
	}, "name", "type")
}

// maxNested is how deep structs may be in structs.
const maxNested = 16

func (r *reader) layout(to **asm.Struct, depth int) error {
	var name string
	var members []asm.Member
	_, err := r.object(func(field string) error {
		switch field {
		case "name":
			return r.text(&name)
		case "members":
			return r.array(func() error {
				m, err := r.member(depth)
				members = append(members, m)
				return err
			})
		}
		return errUnknown
	}, "name", "members")
	*to = asm.NewStruct(name, members...)
	return err
}

func (r *reader) member(depth int) (m asm.Member, err error) {
	sized := false
	at, err := r.object(func(field string) error {
		switch field {
		case "name":
			return r.text(&m.Name)
		case "size":
			sized = true
			return r.size(&m.Size)
		case "signed":
			return r.truth(&m.Signed)
		case "struct":
			if depth == maxNested {
				return r.fail(r.here(), fmt.Errorf("structs in structs, more than %d deep", maxNested))
			}
			return r.layout(&m.Struct, depth+1)
		case "count":
			at := r.here()
			var n int32
			if err := number(r.scanner, &n); err != nil {
				return err
			}
			if n < 0 || n > math.MaxInt32/8 {
				return r.fail(at, fmt.Errorf("%d elements", n))
			}
			m.Count = int(n)
			return nil
		}
		return errUnknown
	})
	switch {
	case err != nil:
		return m, err
	case !sized && m.Struct == nil:
		return m, r.fail(at, errors.New("no size"))
	case m.Struct != nil && (sized || m.Signed):
		return m, r.fail(at, errors.New("a struct has the size of its members, and no sign"))
	}
	return m, nil
}

// size reads the number of bytes of a member.
func (r *reader) size(to *asm.Size) error {
	at := r.here()
	var n uint8
	if err := number(r.scanner, &n); err != nil {
		return err
	}
	for _, s := range [...]asm.Size{asm.B, asm.H, asm.W, asm.DW} {
		if s.Bytes() == int(n) {
			*to = s
			return nil
		}
	}
	return r.fail(at, fmt.Errorf("%d bytes, want 1, 2, 4 or 8", n))
}
