//go:build linux

package maps

import (
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

func TestSizeOf(t *testing.T) {
	type inner struct{ A, B uint16 }
	type inside struct {
		List [2]struct {
			A uint32
			B uint8
		}
	}
	for _, test := range []struct {
		name string
		size func(string) (uint32, error)
		want uint32
		err  string
	}{
		{"number", sizeOf[uint32], 4, ""},
		{"signed", sizeOf[int64], 8, ""},
		{"float", sizeOf[float64], 8, ""},
		{"array", sizeOf[[48]byte], 48, ""},
		{"empty", sizeOf[struct{}], 0, ""},
		{"structure", sizeOf[struct {
			A uint64
			B inner
			C [4]byte
		}], 16, ""},
		{"pointer", sizeOf[*uint32], 0, "key type *uint32: a ptr is no fixed number of bytes"},
		{"string", sizeOf[string], 0, "a string is no fixed number of bytes"},
		{"slice", sizeOf[struct{ S []byte }], 0, "struct { S []uint8 }.S: a slice is no fixed number of bytes"},
		{"interface", sizeOf[any], 0, "a interface is no fixed number of bytes"},
		{"func", sizeOf[func()], 0, "a func is no fixed number of bytes"},
		{"int", sizeOf[int], 0, "int: int has another size on other machines; name the size, as in int64"},
		{"uintptr", sizeOf[[2]uintptr], 0, "[2]uintptr[]: uintptr has another size on other machines; name the size, as in uint64"},
		{"bool", sizeOf[struct{ Up bool }], 0, "struct { Up bool }.Up: a bool holds 0 or 1 only"},
		{"hole", sizeOf[struct {
			Port uint16
			Addr uint32
		}], 0, "the bytes from 2 to 4, between fields Port and Addr, are padding, whose content Go does not define; declare them as a field, as in Pad [2]byte"},
		{"end", sizeOf[struct {
			Addr uint32
			Port uint16
		}], 0, "the bytes from 6 to 8, after field Port, are padding"},
		{"blank", sizeOf[struct {
			Port uint16
			_    uint16
		}], 0, "field 1 is blank, and Go need not copy its bytes; give it a name"},
		{"deep", sizeOf[inside], 0, "maps.inside.List[]: the bytes from 5 to 8, after field B, are padding"},
	} {
		got, err := test.size("key")
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %d, %v, want %d, %q", test.name, got, err, test.want, test.err)
		}
	}
}

// raw is a map without a descriptor: a view looks at the spec alone.
func raw(spec asm.MapSpec) *Raw {
	spec.Name = "m"
	return &Raw{spec: spec}
}

func TestViewErrors(t *testing.T) {
	hash := asm.MapSpec{Type: asm.MapHash, KeySize: 4, ValueSize: 8}
	_, errKey := View[uint64, uint64](raw(hash))
	_, errValue := View[uint32, uint32](raw(hash))
	_, errPad := View[struct {
		A uint16
		B uint8
	}, uint64](raw(hash))
	_, errNew := New[uint64, uint64](asm.MapSpec{Name: "m", Type: asm.MapHash, KeySize: 4}, nil)
	_, errPerCPU := View[uint32, uint64](raw(asm.MapSpec{Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: 8}))
	_, errQueue := View[uint32, uint64](raw(asm.MapSpec{Type: asm.MapStack, ValueSize: 8}))
	_, errSockets := View[uint32, uint64](raw(asm.MapSpec{Type: asm.MapSockHash, KeySize: 4, ValueSize: 8}))
	_, errObjects := View[uint32, uint32](raw(asm.MapSpec{Type: asm.MapProgArray, KeySize: 4, ValueSize: 4}))
	_, errRaw := View[uint32, uint32](raw(asm.MapSpec{Type: asm.MapRingBuf}))
	_, errMap := ViewPerCPU[uint32, uint64](raw(hash))
	_, errCookie := ViewSockets[uint32](raw(asm.MapSpec{Type: asm.MapSockMap, KeySize: 4, ValueSize: 2}))
	_, errIndex := ViewObjects[uint64](raw(asm.MapSpec{Type: asm.MapProgArray, KeySize: 4, ValueSize: 4}))
	_, errElement := ViewQueue[uint32](raw(asm.MapSpec{Type: asm.MapQueue, ValueSize: 8}))
	for _, test := range []struct {
		err  error
		want string
	}{
		{errKey, `view map "m" (hash): the Go type of the key has 8 bytes, the map's key has 4`},
		{errValue, `view map "m" (hash): the Go type of the value has 4 bytes, the map's value has 8`},
		{errPad, `view map "m" (hash): key type struct { A uint16; B uint8 }: the bytes from 3 to 4, after field B, are padding`},
		{errNew, `create map "m" (hash, key 4, value 0, 0 entries, flags 0x0): the Go type of the key has 8 bytes, the map's key has 4`},
		{errPerCPU, "a percpu_array is not for Map but for PerCPU"},
		{errQueue, "a stack is not for Map but for Queue"},
		{errSockets, "a sockhash is not for Map but for Sockets"},
		{errObjects, "a prog_array is not for Map but for Objects"},
		{errRaw, "a ringbuf is not for Map but for Raw"},
		{errMap, "a hash is not for PerCPU but for Map"},
		{errCookie, "the Go type of the value has 8 bytes, the map's value has 2"},
		{errIndex, "the Go type of the key has 8 bytes, the map's key has 4"},
		{errElement, "the Go type of the value has 4 bytes, the map's value has 8"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("got %v, want %q", test.err, test.want)
		}
	}
}
