package json

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
)

// What a document is when it is not what was asked for.
var (
	ErrClassic    = errors.New("a classic program")
	ErrNotClassic = errors.New("not a classic program")
)

// Read reads the object of a document. file is its name for errors, which begin with the file, line and column of what is
// wrong and its path in the document, such as
//
//	select.json:12:31: programs[0].instructions[3].off: 70000 is not an integer from -32768 to 32767
//
// What asm.NewProgram and reloc.NewObject refuse is refused. ErrClassic is for a document with a classic program.
func Read(file string, data []byte) (*reloc.Object, error) {
	r, err := read(file, data)
	if err != nil {
		return nil, err
	}
	if r.classic != nil {
		return nil, fmt.Errorf("%s: %w", file, ErrClassic)
	}
	for i, m := range r.maps {
		if !r.used[i] {
			return nil, r.fail(r.mapsAt[i], fmt.Errorf("no program describes the map %q", m.Name))
		}
	}
	o, err := reloc.NewObject(r.programs...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return o, nil
}

// ReadClassic reads the classic program of a document, and the name that it has there.
func ReadClassic(file string, data []byte) (p *classic.Program, name string, err error) {
	r, err := read(file, data)
	if err != nil {
		return nil, "", err
	}
	if r.classic == nil {
		return nil, "", fmt.Errorf("%s: %w", file, ErrNotClassic)
	}
	return r.classic, r.name, nil
}

// reader reads a document.
type reader struct {
	*scanner
	maps     []asm.MapSpec
	mapsAt   []int
	used     []bool
	programs []*asm.Program

	classic *classic.Program
	name    string
}

func read(file string, data []byte) (*reader, error) {
	s, err := newScanner(file, data)
	if err != nil {
		return nil, err
	}
	r := &reader{scanner: s}
	var members []string
	describes := make([][]described, 0)
	specs := make([]asm.ProgramSpec, 0)
	var begins []int
	at, err := r.object(func(name string) error {
		members = append(members, name)
		switch name {
		case "version":
			var n int
			t, at, err := r.next()
			if err != nil {
				return err
			}
			if v, ok := t.(json.Number); !ok || parse(r.scanner, at, v.String(), &n) != nil || n != version {
				return r.fail(at, fmt.Errorf("%.40v, want %d", t, version))
			}
			return nil
		case "maps":
			return r.array(func() error {
				m := asm.MapSpec{}
				at, err := r.mapSpec(&m, 0)
				if err != nil {
					return err
				}
				r.maps, r.mapsAt, r.used = append(r.maps, m), append(r.mapsAt, at), append(r.used, false)
				return nil
			})
		case "programs":
			return r.array(func() error {
				var spec asm.ProgramSpec
				var maps []described
				at, err := r.program(&spec, &maps)
				specs, describes, begins = append(specs, spec), append(describes, maps), append(begins, at)
				return err
			})
		case "classic":
			return r.classicProgram()
		}
		return errUnknown
	}, "version")
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	has := func(name string) bool { return slices.Contains(members, name) }
	switch {
	case has("classic") && (has("programs") || has("maps")):
		return nil, r.fail(at, errors.New("a classic program and others"))
	case !has("classic") && !has("programs"):
		return nil, r.fail(at, errors.New(`no member "programs" or "classic"`))
	}
	return r, r.finish(specs, describes, begins)
}

// described is the name of a map that a program describes.
type described struct {
	name string
	at   int
}

// finish makes the programs when all maps are known.
func (r *reader) finish(specs []asm.ProgramSpec, describes [][]described, begins []int) error {
	index := make(map[string]int, len(r.maps))
	for i := range r.maps {
		name := r.maps[i].Name
		if _, ok := index[name]; ok {
			return r.fail(r.mapsAt[i], fmt.Errorf("a second map %q", name))
		}
		index[name] = i
	}
	for i := range specs {
		spec := &specs[i]
		spec.Maps = make([]asm.MapSpec, 0, len(describes[i]))
		described := make(map[string]bool, len(describes[i]))
		for _, d := range describes[i] {
			n, ok := index[d.name]
			if !ok {
				return r.fail(d.at, fmt.Errorf("no map %q among the maps", d.name))
			}
			if described[d.name] {
				return r.fail(d.at, fmt.Errorf("the map %q for a second time", d.name))
			}
			r.used[n], described[d.name] = true, true
			spec.Maps = append(spec.Maps, r.maps[n])
		}
		p, err := asm.NewProgram(*spec)
		if err != nil {
			return r.fail(begins[i], err)
		}
		r.programs = append(r.programs, p)
	}
	return nil
}

func (r *reader) program(spec *asm.ProgramSpec, maps *[]described) (at int, err error) {
	return r.object(func(name string) error {
		switch name {
		case "name":
			return r.text(&spec.Name)
		case "type":
			return kind(r.scanner, &spec.Type, asm.ProgramTypeByName)
		case "attach_type":
			return kind(r.scanner, &spec.AttachType, asm.AttachTypeByName)
		case "attach_to":
			return r.text(&spec.AttachTo)
		case "flags":
			return number(r.scanner, &spec.Flags)
		case "license":
			return r.text(&spec.License)
		case "maps":
			return r.array(func() error {
				d := described{at: r.here()}
				err := r.text(&d.name)
				*maps = append(*maps, d)
				return err
			})
		case "instructions":
			return r.array(func() error { return r.instruction(spec) })
		}
		return errUnknown
	}, "name", "type", "instructions")
}

func (r *reader) instruction(spec *asm.ProgramSpec) error {
	var ins asm.Instruction
	i := len(spec.Instructions)
	_, err := r.object(func(name string) error {
		switch name {
		case "op":
			return number(r.scanner, &ins.Op)
		case "dst":
			return number(r.scanner, &ins.Dst)
		case "src":
			return number(r.scanner, &ins.Src)
		case "off":
			return number(r.scanner, &ins.Off)
		case "imm":
			return wide(r.scanner, &ins.Imm)
		case "text":
			return r.text(new(string))
		case "function":
			f := asm.Label{Index: i}
			err := r.text(&f.Name)
			spec.Functions = append(spec.Functions, f)
			return err
		case "labels":
			return r.array(func() error {
				l := asm.Label{Index: i}
				err := r.text(&l.Name)
				spec.Labels = append(spec.Labels, l)
				return err
			})
		case "reference":
			return r.reference(&spec.References, i)
		case "resolved":
			return r.reference(&spec.Resolved, i)
		case "source":
			var p asm.Position
			err := r.position(&p)
			if n := i + 1 - len(spec.Positions); err == nil && n > 0 {
				spec.Positions = append(spec.Positions, make([]asm.Position, n)...)
				spec.Positions[i] = p
			}
			return err
		case "comment":
			c := asm.Comment{Index: i}
			err := r.text(&c.Text)
			spec.Comments = append(spec.Comments, c)
			return err
		}
		return errUnknown
	}, "op", "dst", "src", "off", "imm")
	spec.Instructions = append(spec.Instructions, ins)
	if n := i + 1 - len(spec.Positions); n > 0 && len(spec.Positions) > 0 {
		spec.Positions = append(spec.Positions, make([]asm.Position, n)...)
	}
	return err
}

func (r *reader) reference(refs *[]asm.Reference, i int) error {
	ref := asm.Reference{Index: i}
	_, err := r.object(func(name string) error {
		switch name {
		case "kind":
			t, at, err := r.next()
			if err != nil {
				return err
			}
			for k := asm.RefMap; k <= asm.RefFunc; k++ {
				if t == k.String() {
					ref.Kind = k
					return nil
				}
			}
			return r.fail(at, fmt.Errorf("%.40v, want %v, %v, %v or %v", t, asm.RefMap, asm.RefMapValue, asm.RefCall, asm.RefFunc))
		case "symbol":
			return r.text(&ref.Symbol)
		}
		return errUnknown
	}, "kind", "symbol")
	*refs = append(*refs, ref)
	return err
}

// position reads file:line.
func (r *reader) position(p *asm.Position) error {
	t, at, err := r.next()
	if err != nil {
		return err
	}
	text, ok := t.(string)
	if !ok {
		return r.wrong(at, "a string", t)
	}
	colon := strings.LastIndexByte(text, ':')
	line, err := strconv.ParseUint(text[colon+1:], 10, 31)
	if colon < 0 || err != nil {
		return r.fail(at, fmt.Errorf("%.40q is not file:line", text))
	}
	*p = asm.Position{File: text[:colon], Line: int(line)}
	return nil
}

// kind reads a type by its name or number.
func kind[T ~uint32](s *scanner, to *T, byName func(string) (T, bool)) error {
	t, at, err := s.next()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case string:
		k, ok := byName(v)
		if !ok {
			return s.fail(at, fmt.Errorf("no type is called %.40q", v))
		}
		*to = k
		return nil
	case json.Number:
		return parse(s, at, v.String(), to)
	}
	return s.wrong(at, "a name or a number", t)
}
