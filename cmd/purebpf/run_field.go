package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
)

// contextValues are the fields of a context that the command line gives, or its bytes.
type contextValues struct {
	fields map[asm.Field][]uint64
	order  []asm.Field // as they were given
	bytes  []byte
}

// parseContext reads the value of -context for programs of a type.
func parseContext(s string, t asm.ProgramType) (*contextValues, error) {
	v := &contextValues{fields: make(map[asm.Field][]uint64)}
	layout := t.Context()
	if layout == 0 {
		var err error
		if v.bytes, err = parseHex(s); err != nil {
			return nil, misuse("-context: programs of type %v have no fields, so it is bytes: %v", t, err)
		}
		return v, nil
	}
	for _, given := range strings.Split(s, ",") {
		if s == "" {
			break
		}
		name, value, ok := strings.Cut(given, "=")
		if !ok {
			return nil, misuse("-context %s: want FIELD=VALUE, a field of struct %v", given, layout)
		}
		if err := v.parse(layout, strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return nil, misuse("-context %s: %v", given, err)
		}
	}
	return v, nil
}

func (v *contextValues) parse(layout asm.Context, name, value string) error {
	name, index, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	f, err := fieldOf(layout, name)
	if err != nil {
		return err
	}
	if f.Pointer() != asm.PointerNone {
		return fmt.Errorf("%v is a pointer", f)
	}
	values := v.fields[f]
	if values == nil {
		values = make([]uint64, f.Count())
		v.order = append(v.order, f)
	}
	v.fields[f] = values
	if address, err := netip.ParseAddr(value); err == nil && strings.ContainsAny(value, ".:") && !indexed {
		return putAddress(f, values, address)
	}
	i := 0
	if indexed {
		if i, err = strconv.Atoi(index); err != nil || i < 0 || i >= len(values) {
			return fmt.Errorf("%v has %d elements", f, len(values))
		}
	} else if len(values) > 1 {
		return fmt.Errorf("%v has %d elements: give %s[0] and so on", f, len(values), shortName(f))
	}
	n, err := parseNumber(value, f.Size())
	if err != nil {
		return err
	}
	values[i] = n
	return nil
}

// fieldOf returns the field of a name with or without its struct.
func fieldOf(layout asm.Context, name string) (asm.Field, error) {
	var names []string
	for f := range layout.Fields() {
		if name == shortName(f) || name == f.Name() {
			return f, nil
		}
		names = append(names, shortName(f))
	}
	return 0, fmt.Errorf("struct %v has no field %s%s", layout, name, didYouMean(name, names))
}

func shortName(f asm.Field) string {
	_, name, _ := strings.Cut(f.Name(), ".")
	return name
}

// parseNumber reads a number of a field or of a piece of an element, signed or not.
func parseNumber(s string, size int) (uint64, error) {
	if n, err := strconv.ParseUint(s, 0, 8*size); err == nil {
		return n, nil
	}
	n, err := strconv.ParseInt(s, 0, 8*size)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of %d bits", s, 8*size)
	}
	return uint64(n) & (1<<(8*size-1)<<1 - 1), nil
}

// putAddress stores an IP address in the elements of a field.
func putAddress(f asm.Field, values []uint64, a netip.Addr) error {
	b := a.AsSlice()
	if f.Order() != asm.OrderNetwork || f.Size() != 4 || len(b) != 4*len(values) {
		return fmt.Errorf("%v is no place for the address %v", f, a)
	}
	for i := range values {
		values[i] = uint64(b[4*i])<<24 | uint64(b[4*i+1])<<16 | uint64(b[4*i+2])<<8 | uint64(b[4*i+3])
	}
	return nil
}
