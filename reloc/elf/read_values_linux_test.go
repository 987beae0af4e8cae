package elf_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/elf"
	"github.com/purebpf/purebpf/reloc/json"
)

// TestReadValues loads testdata/clang/typed.c: the kernel takes its lock and its timer, and shows what is in its maps in the
// words of the C. What the maps must hold is worked out from the C by hand. It is the same when the object was written
// by this package, or has been JSON or text in between.
func TestReadValues(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON, kerneltest.CAP_SYS_ADMIN)
	if !native("el") {
		t.Skip("for machines of the other byte order")
	}
	if err := loader.HaveHelper(asm.SchedCLS, asm.FnTimerInit); err != nil {
		t.Skip("the kernel does not have timers: ", err)
	}
	for _, way := range []struct {
		name string
		send func(*testing.T, *reloc.Object) *reloc.Object
	}{
		{"as clang wrote it", func(t *testing.T, o *reloc.Object) *reloc.Object { return o }},
		{"written again", func(t *testing.T, o *reloc.Object) *reloc.Object {
			data, err := elf.Append(nil, o, &elf.Options{Order: binary.LittleEndian})
			if err != nil {
				t.Fatal(err)
			}
			return must(t)(elf.Read("again.o", data))
		}},
		{"through JSON", func(t *testing.T, o *reloc.Object) *reloc.Object {
			data, err := json.Append(nil, o)
			if err != nil {
				t.Fatal(err)
			}
			return must(t)(json.Read("typed.json", data))
		}},
		{"through text", func(t *testing.T, o *reloc.Object) *reloc.Object {
			programs, err := asm.ParseText("typed.s", asm.AppendSource(nil, o.Programs()...))
			if err != nil {
				t.Fatal(err)
			}
			return must(t)(reloc.NewObject(programs...))
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			original := open(t, "typed.el.o")
			o := way.send(t, original)
			if diff := cmp.Diff(byName(original.Maps()), byName(o.Maps())); diff != "" {
				t.Errorf("maps (-want +got):\n%s", diff)
			}
			c, err := loader.LoadObject(o, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, name := range []string{"count", "arm"} {
				p, _ := c.Program(name)
				got, err := p.Run(&loader.RunOptions{Data: make([]byte, 64)})
				if err != nil || got.Return != 0 {
					t.Fatalf("%s: %d, %v", name, got.Return, err)
				}
			}
			flow := `{"kind":200,"from":{"x":-1,"y":0},"to":[{"x":0,"y":0},{"x":0,"y":-300}],"balance":-5000000000}`
			want := map[string][]string{
				"states": {flow + `: {"lock":{"val":0},"delta":-40,"mode":4294967295,` +
					`"flow":{"kind":0,"from":{"x":0,"y":0},"to":[{"x":-2,"y":0},{"x":0,"y":0}],"balance":0},` +
					`"first":0,"second":9,"name":[97,0,0,0,0,0]}`},
				"numbers": {`-7: 64`},
				"texts":   {`-3: [{"x":-1,"y":2},{"x":3,"y":-4}]`},
				"modes":   {`0: 3`, `1: 0`},
				"alarms":  {`0: {"ticks":1,"timer":{},"last":-5}`},
			}
			for name, want := range want {
				m, ok := c.Map(name)
				if !ok {
					t.Fatalf("no map %s", name)
				}
				var got []string
				for range 100 { // until the timer has rung
					if got = shown(t, m); name != "alarms" || slices.Equal(got, want) {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func must(t *testing.T) func(*reloc.Object, error) *reloc.Object {
	return func(o *reloc.Object, err error) *reloc.Object {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
}

func byName(all []asm.MapSpec) map[string]asm.MapSpec {
	named := make(map[string]asm.MapSpec)
	for _, m := range all {
		named[m.Name] = m
	}
	return named
}

// shown returns the elements of a map as text, by the types that the kernel has of it.
func shown(t *testing.T, m *maps.Raw) []string {
	t.Helper()
	info, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	again, err := maps.OpenID(info.ID, maps.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	p, err := again.Printer(maps.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	elements := again.Iterate()
	for key, value := range elements.All() {
		all = append(all, fmt.Sprintf("%s: %s", p.AppendKey(nil, key), p.AppendValue(nil, value)))
	}
	if err := elements.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
