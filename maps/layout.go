//go:build linux

package maps

import (
	"fmt"
	"math"
	"reflect"

	"github.com/purebpf/purebpf/asm"
)

// sizeOf returns the size of T if its memory may be handed to the kernel: the same bytes for equal values, on every
// machine of the same byte order, and nothing in it that only means something to Go.
func sizeOf[T any](role string) (uint32, error) {
	t := reflect.TypeFor[T]()
	if err := checkType(t, t.String()); err != nil {
		return 0, fmt.Errorf("%s type %w", role, err)
	}
	if uint64(t.Size()) > math.MaxUint32 {
		return 0, fmt.Errorf("%s type %v has %d bytes", role, t, t.Size())
	}
	return uint32(t.Size()), nil
}

// checkType walks t; path names the part of the caller's type that t is.
func checkType(t reflect.Type, path string) error {
	switch t.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32,
		reflect.Uint64, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return fmt.Errorf("%s: %v has another size on other machines; name the size, as in %s64", path, t, plain(t))
	case reflect.Bool:
		return fmt.Errorf("%s: a bool holds 0 or 1 only, and the kernel may store anything; use uint8", path)
	case reflect.Array:
		return checkType(t.Elem(), path+"[]")
	case reflect.Struct:
		return checkStruct(t, path)
	}
	return fmt.Errorf("%s: a %v is no fixed number of bytes in memory that the kernel could copy", path, t.Kind())
}

func plain(t reflect.Type) string {
	if t.Kind() == reflect.Int {
		return "int"
	}
	return "uint"
}

func checkStruct(t reflect.Type, path string) error {
	end, before := uintptr(0), ""
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			return fmt.Errorf("%s: field %d is blank, and Go need not copy its bytes; give it a name", path, i)
		}
		if f.Offset != end {
			return padding(path, before, f.Name, end, f.Offset)
		}
		if err := checkType(f.Type, path+"."+f.Name); err != nil {
			return err
		}
		end, before = f.Offset+f.Type.Size(), f.Name
	}
	if end != t.Size() {
		return padding(path, before, "", end, t.Size())
	}
	return nil
}

func padding(path, before, after string, from, to uintptr) error {
	where := "after field " + before
	if after != "" {
		where = "between fields " + before + " and " + after
	}
	return fmt.Errorf("%s: the bytes from %d to %d, %s, are padding, whose content Go does not define; "+
		"declare them as a field, as in Pad [%d]byte, or order the fields by size", path, from, to, where, to-from)
}

// fit compares the size of a Go type with the one in a spec, which is filled in when it is 0.
func fit(spec *uint32, size uint32, role string) error {
	if *spec == 0 {
		*spec = size
	}
	if *spec != size {
		return fmt.Errorf("the Go type of the %s has %d bytes, the map's %s has %d", role, size, role, *spec)
	}
	return nil
}

// fitTypes checks the Go types of a view against a spec and fills in the sizes that are 0.
func fitTypes[K, V any](spec *asm.MapSpec) error {
	size, err := sizeOf[K]("key")
	if err == nil {
		err = fit(&spec.KeySize, size, "key")
	}
	if err != nil {
		return err
	}
	if size, err = sizeOf[V]("value"); err == nil {
		err = fit(&spec.ValueSize, size, "value")
	}
	return err
}

// checkView reports that a view of another kind belongs to maps of type t.
func checkView(t asm.MapType, view string) error {
	if want := viewOf(t); want != view {
		return fmt.Errorf("a %v is not for %s but for %s", t, view, want)
	}
	return nil
}

func viewOf(t asm.MapType) string {
	switch t {
	case asm.MapQueue, asm.MapStack, asm.MapBloomFilter:
		return "Queue"
	case asm.MapSockMap, asm.MapSockHash, asm.MapReuseportSockArray, asm.MapXSKMap:
		return "Sockets"
	case asm.MapProgArray, asm.MapArrayOfMaps, asm.MapHashOfMaps, asm.MapPerfEventArray, asm.MapCgroupArray:
		return "Objects"
	case asm.MapRingBuf, asm.MapUserRingBuf, asm.MapArena, asm.MapUnspec:
		return "Raw"
	}
	if t.PerCPU() {
		return "PerCPU"
	}
	return "Map"
}
