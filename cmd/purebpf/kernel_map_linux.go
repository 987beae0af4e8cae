package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// kernelMap is what map list and map show print.
type kernelMap struct {
	ID         uint32   `json:"id"`
	Type       string   `json:"type"`
	Name       string   `json:"name,omitempty"`
	KeySize    uint32   `json:"key_size"`
	ValueSize  uint32   `json:"value_size"`
	MaxEntries uint32   `json:"max_entries"`
	Flags      uint32   `json:"flags"`
	Extra      uint64   `json:"extra,omitempty"`
	Frozen     bool     `json:"frozen,omitempty"`
	Memory     uint64   `json:"memory_bytes"`
	BTF        uint32   `json:"btf_id,omitempty"`
	Pinned     []string `json:"pinned,omitempty"`
}

// withMaps calls f for the maps that args name, all if there are none.
func withMaps(args []string, f func(*maps.Raw, maps.Info) error) error {
	var all []*maps.Raw
	defer func() { closeObjects(all) }()
	if len(args) == 0 {
		found, err := maps.Find(func(maps.Info) bool { return true })
		if err != nil {
			return err
		}
		all = found
	}
	for _, arg := range args {
		found, err := openMaps(arg)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	for _, m := range all {
		info, err := m.Info()
		if err != nil {
			return err
		}
		if err := f(m, info); err != nil {
			return err
		}
	}
	return nil
}

func describeMaps(args []string) ([]kernelMap, error) {
	described := []kernelMap{}
	pins := allPins()
	err := withMaps(args, func(_ *maps.Raw, i maps.Info) error {
		described = append(described, kernelMap{
			ID: i.ID, Type: i.Spec.Type.String(), Name: i.Spec.Name, KeySize: i.Spec.KeySize, ValueSize: i.Spec.ValueSize,
			MaxEntries: i.Spec.MaxEntries, Flags: uint32(i.Spec.Flags), Extra: i.Spec.Extra, Frozen: i.Frozen, Memory: i.Memory,
			BTF: i.BTF, Pinned: pinsOf(pins, loader.MapObject, i.ID),
		})
		return nil
	})
	return described, err
}

// listMaps is map list.
func listMaps(c *console, args []string, json bool) error {
	all, err := describeMaps(args)
	if err != nil {
		return err
	}
	if json {
		return c.printJSON(all)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "ID\tTYPE\tNAME\tKEY\tVALUE\tENTRIES\tFLAGS\tMEMORY\tPINNED\n")
	for _, m := range all {
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%d\t%#x\t%d\t%s\n", m.ID, m.Type, orDash(m.Name), m.KeySize, m.ValueSize, m.MaxEntries, m.Flags,
			m.Memory, orDash(strings.Join(m.Pinned, ", ")))
	}
	return w.Flush()
}

// showMaps is map show.
func showMaps(c *console, args []string, json bool) error {
	all, err := describeMaps(args)
	if err != nil {
		return err
	}
	if json {
		return c.printJSON(all)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for i, m := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
		row("map", "%s", orDash(m.Name))
		row("id", "%d", m.ID)
		row("type", "%s", m.Type)
		row("key", "%d bytes", m.KeySize)
		row("value", "%d bytes", m.ValueSize)
		row("entries", "%d at most", m.MaxEntries)
		row("flags", "%#x", m.Flags)
		if m.Extra != 0 {
			row("extra", "%#x", m.Extra)
		}
		if m.Frozen {
			row("frozen", "user space may not change it")
		}
		row("memory", "%d bytes", m.Memory)
		if m.BTF != 0 {
			row("types (BTF)", "%d", m.BTF)
		}
		for _, path := range m.Pinned {
			row("pinned", "%s", path)
		}
	}
	return w.Flush()
}

// dumpedMap is what map dump -json prints of a map.
type dumpedMap struct {
	ID       uint32          `json:"id"`
	Type     string          `json:"type"`
	Name     string          `json:"name,omitempty"`
	Elements []dumpedElement `json:"elements"`
}

type dumpedElement struct {
	Key   json.RawMessage `json:"key,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"` // why there is no value
}

// dumpMaps is map dump.
func dumpMaps(c *console, args []string, asJSON bool) error {
	dumped := []dumpedMap{}
	err := withMaps(args, func(m *maps.Raw, info maps.Info) error {
		if asJSON {
			one := dumpedMap{ID: info.ID, Type: info.Spec.Type.String(), Name: info.Spec.Name, Elements: []dumpedElement{}}
			err := eachElement(m, maps.JSON, func(key, value []byte, err error) error {
				e := dumpedElement{Key: key, Value: value}
				if err != nil {
					e.Error = err.Error()
				}
				one.Elements = append(one.Elements, e)
				return nil
			})
			dumped = append(dumped, one)
			return err
		}
		return dumpText(c.stdout, m, info)
	})
	if err == nil && asJSON {
		err = c.printJSON(dumped)
	}
	return err
}

func dumpText(w io.Writer, m *maps.Raw, info maps.Info) error {
	if _, err := fmt.Fprintf(w, "map %s (id %d, %v):\n", orDash(info.Spec.Name), info.ID, info.Spec.Type); err != nil {
		return err
	}
	n := 0
	err := eachElement(m, maps.Text, func(key, value []byte, err error) error {
		n++
		if key == nil {
			key = []byte("next")
		}
		if err != nil {
			value = []byte("(" + err.Error() + ")")
		}
		_, err = fmt.Fprintf(w, "  %s: %s\n", key, value)
		return err
	})
	if err == nil && n == 0 {
		_, err = fmt.Fprintln(w, "  nothing in it")
	}
	return err
}

// eachElement calls f with every key and value in a notation, or with why there is no value.
func eachElement(m *maps.Raw, n maps.Notation, f func(key, value []byte, err error) error) error {
	p, err := m.Printer(n)
	if err != nil {
		return err
	}
	value := make([]byte, m.ValueLen())
	switch t := m.Spec().Type; t {
	case asm.MapQueue, asm.MapStack:
		err := m.Lookup(nil, value, 0)
		if errors.Is(err, maps.ErrEmpty) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(nil, p.AppendValue(nil, value), nil)
	case asm.MapRingBuf, asm.MapUserRingBuf, asm.MapArena, asm.MapBloomFilter, asm.MapStructOps, asm.MapSkStorage, asm.MapInodeStorage,
		asm.MapTaskStorage, asm.MapCgrpStorage:
		return fmt.Errorf("map %s: what is in a map of type %v cannot be listed", m.Spec().Name, t)
	}
	all := m.Iterate()
	for key := range all.Keys() {
		err := m.Lookup(key, value, 0)
		switch {
		case errors.Is(err, maps.ErrKeyNotExist): // gone meanwhile, or an index without anything
		case errors.Is(err, errors.ErrUnsupported):
			err = f(p.AppendKey(nil, key), nil, errors.New("the kernel does not tell"))
		case err == nil:
			err = f(p.AppendKey(nil, key), p.AppendValue(nil, value), nil)
		}
		if err != nil && !errors.Is(err, maps.ErrKeyNotExist) {
			return err
		}
	}
	return all.Err()
}
