package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// loadedObject is what load prints.
type loadedObject struct {
	Programs []loadedProgram `json:"programs"`
	Maps     []loadedMap     `json:"maps,omitempty"`
}

type loadedProgram struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	ID       uint32   `json:"id"`
	Tag      string   `json:"tag"`
	Slots    int      `json:"slots"`                           // of the program as it was given
	Verified uint32   `json:"verified_instructions,omitempty"` // that the verifier went through
	Xlated   int      `json:"translated_bytes,omitempty"`      // as the kernel rewrote it
	JITed    int      `json:"compiled_bytes,omitempty"`        // of machine code
	Maps     []uint32 `json:"map_ids,omitempty"`
	Pinned   string   `json:"pinned,omitempty"`
	Log      string   `json:"log,omitempty"`
}

type loadedMap struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	ID         uint32 `json:"id"`
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	Pinned     string `json:"pinned,omitempty"`
}

// load is the command of that name.
func load(c *console, args []string, f *loadFlags) error {
	object, err := readObject(c, args, f.input)
	if err != nil {
		return err
	}
	opts := &loader.CollectionOptions{PinPath: f.byName}
	if f.log {
		opts.Programs.Log = loader.LogStates | loader.LogStats
	}
	var release func()
	opts.Maps, release, err = givenMaps(object, f)
	if err != nil {
		return err
	}
	defer release()
	collection, err := loader.LoadObject(object, opts)
	if err != nil {
		if f.log {
			return whole{err}
		}
		return err
	}
	defer collection.Close()
	if f.pin != "" {
		if err := collection.Pin(f.pin); err != nil {
			return err
		}
	}
	report, err := describeLoaded(object, collection, f)
	if err != nil {
		return err
	}
	if f.json {
		return c.printJSON(report)
	}
	return report.print(c, f)
}

// whole is an error whose text has all of the verifier's log.
type whole struct{ error }

func (w whole) Error() string {
	var rejected *loader.VerifierError
	if errors.As(w.error, &rejected) {
		// What is around it says which step failed, and is in front.
		before, _, _ := strings.Cut(w.error.Error(), rejected.Error())
		return before + fmt.Sprintf("%+v", rejected)
	}
	return w.error.Error()
}

func (w whole) Unwrap() error { return w.error }

// readObject reads all inputs as one object, which has something to load.
func readObject(c *console, args []string, in *inputFlags) (*reloc.Object, error) {
	var programs []*asm.Program
	for _, arg := range args {
		one, err := in.read(c, arg)
		if err != nil {
			return nil, err
		}
		object, err := one.extended()
		if err != nil {
			return nil, err
		}
		programs = append(programs, object.Programs()...)
	}
	if len(programs) > 0 && !slices.ContainsFunc(programs, func(p *asm.Program) bool { return !isFunction(p) }) {
		return nil, fmt.Errorf("%s: no program says of which type it is; -type says it", strings.Join(args, ", "))
	}
	return reloc.NewObject(programs...)
}

// givenMaps opens the maps of -map. Where nothing is to be pinned, maps that are pinned by name are made here, too.
func givenMaps(o *reloc.Object, f *loadFlags) (given map[string]*maps.Raw, release func(), err error) {
	given = make(map[string]*maps.Raw)
	release = func() {
		for _, m := range given {
			m.Close()
		}
	}
	for _, word := range f.maps {
		name, which, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			err = misuse("-map %q: want NAME=PATH, NAME=id:N or NAME=NAME", word)
		} else if given[name] != nil {
			err = misuse("-map gives %s twice", name)
		}
		if err == nil {
			var m *maps.Raw
			if m, err = openMap(which); err == nil {
				given[name] = m
			}
		}
		if err != nil {
			release()
			return nil, nil, err
		}
	}
	for _, spec := range o.Maps() {
		if !spec.PinByName || f.pin != "" || given[spec.Name] != nil {
			continue
		}
		m, err := maps.Create(spec, nil)
		if err != nil {
			release()
			return nil, nil, err
		}
		given[spec.Name] = m
	}
	return given, release, nil
}

func describeLoaded(o *reloc.Object, c *loader.Collection, f *loadFlags) (*loadedObject, error) {
	report := new(loadedObject)
	pinned := func(name string) string {
		if f.pin == "" {
			return ""
		}
		return filepath.Join(f.pin, strings.ReplaceAll(name, ".", "_"))
	}
	for _, name := range c.Programs() {
		p, _ := c.Program(name)
		info, err := p.Info()
		if err != nil {
			return nil, err
		}
		source, _ := o.Program(name)
		report.Programs = append(report.Programs, loadedProgram{
			Name: name, Type: info.Type.String(), ID: info.ID, Tag: info.Tag, Slots: source.Slots(),
			Verified: info.VerifiedInstructions, Xlated: info.XlatedSize, JITed: info.JITedSize, Maps: info.MapIDs,
			Pinned: pinned(name), Log: p.Log(),
		})
	}
	for _, name := range c.Maps() {
		m, _ := c.Map(name)
		info, err := m.Info()
		if err != nil {
			return nil, err
		}
		lm := loadedMap{
			Name: name, Type: info.Spec.Type.String(), ID: info.ID, KeySize: info.Spec.KeySize, ValueSize: info.Spec.ValueSize,
			MaxEntries: info.Spec.MaxEntries,
		}
		given := slices.ContainsFunc(f.maps, func(w string) bool { return strings.HasPrefix(w, name+"=") })
		byName := slices.ContainsFunc(o.Maps(), func(s asm.MapSpec) bool { return s.Name == name && s.PinByName })
		switch {
		case given:
		case f.pin != "" && byName:
			lm.Pinned = filepath.Join(f.byName, strings.ReplaceAll(name, ".", "_"))
		default:
			lm.Pinned = pinned(name)
		}
		report.Maps = append(report.Maps, lm)
	}
	return report, nil
}

func (r *loadedObject) print(c *console, f *loadFlags) error {
	var out strings.Builder
	for _, p := range r.Programs {
		if p.Log != "" {
			fmt.Fprintf(&out, "The verifier on %s:\n%s\n", p.Name, strings.TrimRight(p.Log, "\n")+"\n")
		}
	}
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "PROGRAM\tTYPE\tID\tINSNS\tVERIFIED\tCOMPILED\tPINNED\n")
	for _, p := range r.Programs {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d bytes\t%s\n", p.Name, p.Type, p.ID, p.Slots, p.Verified, p.JITed, orDash(p.Pinned))
	}
	w.Flush()
	if len(r.Maps) > 0 {
		fmt.Fprint(w, "\nMAP\tTYPE\tID\tKEY\tVALUE\tENTRIES\tPINNED\n")
		for _, m := range r.Maps {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", m.Name, m.Type, m.ID, m.KeySize, m.ValueSize, m.MaxEntries, orDash(m.Pinned))
		}
		w.Flush()
	}
	if f.pin == "" {
		out.WriteString("\nLoaded and verified; gone with this process: -pin DIR keeps it.\n")
	}
	_, err := fmt.Fprint(c.stdout, out.String())
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
