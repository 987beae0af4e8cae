package json

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
)

const version = 1

// maxInner bounds how deep maps of maps nest. The kernel takes one level.
const maxInner = 8

// Append appends an object as JSON. It refuses names and licences that are not UTF-8, which JSON has no place for.
// Comments and file names get U+FFFD for what is not.
func Append(b []byte, o *reloc.Object) ([]byte, error) {
	w := writer{b: b}
	w.text("{\n\t\"version\": ")
	w.number(version)
	if specs := o.Maps(); len(specs) > 0 {
		w.list(",\n\t\"maps\": [", "\n\t]", len(specs), func(i int) {
			w.text("\n\t\t")
			w.mapSpec(&specs[i], 0)
		})
	}
	programs := o.Programs()
	w.list(",\n\t\"programs\": [", "\n\t]", len(programs), func(i int) {
		w.text("\n\t\t")
		w.program(programs[i])
	})
	w.text("\n}\n")
	if w.err != nil {
		return b, fmt.Errorf("write JSON: %w", w.err)
	}
	return w.b, nil
}

// AppendClassic appends a classic program as JSON.
func AppendClassic(b []byte, p *classic.Program) ([]byte, error) {
	w := writer{b: b}
	w.text("{\n\t\"version\": ")
	w.number(version)
	w.text(",\n\t\"classic\": {")
	if p.Name() != "" {
		w.text("\n\t\t\"name\": ")
		w.name(p.Name())
		w.text(",")
	}
	lines := strings.Split(p.String(), "\n")
	w.list("\n\t\t\"instructions\": [", "\n\t\t]", p.Len(), func(i int) {
		ins := p.At(i)
		w.text(fmt.Sprintf("\n\t\t\t{\"op\": %d, \"jt\": %d, \"jf\": %d, \"k\": %d, \"text\": ", ins.Op, ins.Jt, ins.Jf, ins.K))
		w.loose(strings.ReplaceAll(lines[i], "\t", " "))
		w.source(p.Position(i))
		w.text("}")
	})
	w.text("\n\t}\n}\n")
	if w.err != nil {
		return b, fmt.Errorf("write JSON: %w", w.err)
	}
	return w.b, nil
}

type writer struct {
	b   []byte
	err error // the first
}

func (w *writer) text(s string) { w.b = append(w.b, s...) }

func (w *writer) number(n uint64) { w.b = strconv.AppendUint(w.b, n, 10) }

// exact is what a number of JavaScript, and of many a reader of JSON, keeps of an integer.
const exact = 1 << 53

func (w *writer) signed(n int64) {
	if n < -exact || n > exact {
		w.text(`"` + strconv.FormatInt(n, 10) + `"`)
		return
	}
	w.b = strconv.AppendInt(w.b, n, 10)
}

// list writes n elements between an opening and a closing text.
func (w *writer) list(open, end string, n int, element func(i int)) {
	w.text(open)
	for i := range n {
		if i > 0 {
			w.text(",")
		}
		element(i)
	}
	if n == 0 {
		end = "]"
	}
	w.text(end)
}

// loose writes a string, whatever it is.
func (w *writer) loose(s string) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil && w.err == nil {
		w.err = err
	}
	w.b = append(w.b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// name writes a string that has to come back the same.
func (w *writer) name(s string) {
	if !utf8.ValidString(s) && w.err == nil {
		w.err = fmt.Errorf("%q is not UTF-8", s)
	}
	w.loose(s)
}

// kind writes the name of a type, or its number when it has none.
func (w *writer) kind(name string, known bool, number uint32) {
	if known {
		w.loose(name)
	} else {
		w.number(uint64(number))
	}
}

func (w *writer) program(p *asm.Program) {
	const member = ",\n\t\t\t"
	w.text("{\n\t\t\t\"name\": ")
	w.name(p.Name())
	w.text(member + `"type": `)
	_, known := asm.ProgramTypeByName(p.Type().String())
	w.kind(p.Type().String(), known, uint32(p.Type()))
	if t := p.AttachType(); t != 0 {
		w.text(member + `"attach_type": `)
		_, known := asm.AttachTypeByName(t.String())
		w.kind(t.String(), known, uint32(t))
	}
	if p.AttachTo() != "" {
		w.text(member + `"attach_to": `)
		w.name(p.AttachTo())
	}
	if p.Flags() != 0 {
		w.text(member + `"flags": `)
		w.number(uint64(p.Flags()))
	}
	w.text(member + `"license": `)
	w.name(p.License())
	if maps := p.Maps(); len(maps) > 0 {
		w.list(member+`"maps": [`, "]", len(maps), func(i int) { w.name(maps[i].Name) })
	}
	in := newInstructionWriter(w, p)
	w.list(member+`"instructions": [`, "\n\t\t\t]", p.Len(), in.write)
	w.text("\n\t\t}")
}

// instructionWriter writes the instructions of a program, in order.
type instructionWriter struct {
	*writer
	p     *asm.Program
	spec  asm.ProgramSpec // what is left of the lists
	lines []string
}

func newInstructionWriter(w *writer, p *asm.Program) *instructionWriter {
	in := &instructionWriter{writer: w, p: p, spec: p.Spec()}
	plain := in.spec
	plain.Comments = nil
	if q, err := asm.NewProgram(plain); err == nil {
		in.lines = q.Lines()
	} else {
		in.lines = p.Lines()
	}
	return in
}

func (w *instructionWriter) write(i int) {
	ins := w.p.At(i)
	w.text(fmt.Sprintf("\n\t\t\t\t{\"op\": %d, \"dst\": %d, \"src\": %d, \"off\": %d, \"imm\": ", ins.Op, ins.Dst, ins.Src, ins.Off))
	w.signed(ins.Imm)
	w.text(`, "text": `)
	w.loose(w.lines[i])
	if f := w.spec.Functions; len(f) > 0 && f[0].Index == i {
		w.text(`, "function": `)
		w.name(f[0].Name)
		w.spec.Functions = f[1:]
	}
	n := 0
	for n < len(w.spec.Labels) && w.spec.Labels[n].Index == i {
		n++
	}
	if n > 0 {
		labels := w.spec.Labels[:n]
		w.list(`, "labels": [`, "]", n, func(k int) { w.name(labels[k].Name) })
		w.spec.Labels = w.spec.Labels[n:]
	}
	w.reference("reference", &w.spec.References, i)
	w.reference("resolved", &w.spec.Resolved, i)
	w.source(w.p.Position(i))
	if text := w.p.Comment(i); text != "" {
		w.text(`, "comment": `)
		w.loose(text)
	}
	w.text("}")
}

func (w *instructionWriter) reference(member string, refs *[]asm.Reference, i int) {
	if len(*refs) == 0 || (*refs)[0].Index != i {
		return
	}
	r := (*refs)[0]
	*refs = (*refs)[1:]
	w.text(`, "` + member + `": {"kind": `)
	w.loose(r.Kind.String())
	w.text(`, "symbol": `)
	w.name(r.Symbol)
	w.text("}")
}

func (w *writer) source(at asm.Position) {
	if at != (asm.Position{}) {
		w.text(`, "source": `)
		w.loose(at.File + ":" + strconv.Itoa(at.Line))
	}
}

func (w *writer) mapSpec(m *asm.MapSpec, depth int) {
	if depth > maxInner {
		w.err = fmt.Errorf("map %s: maps of maps %d deep", m.Name, depth)
		return
	}
	w.text(`{"name": `)
	w.name(m.Name)
	w.text(`, "type": `)
	_, known := asm.MapTypeByName(m.Type.String())
	w.kind(m.Type.String(), known, uint32(m.Type))
	for _, f := range []struct {
		name  string
		value uint32
	}{{"key_size", m.KeySize}, {"value_size", m.ValueSize}, {"max_entries", m.MaxEntries}, {"flags", uint32(m.Flags)}, {"numa_node", m.NUMANode}} {
		if f.value != 0 {
			w.text(`, "` + f.name + `": `)
			w.number(uint64(f.value))
		}
	}
	switch {
	case m.Extra > exact:
		w.text(`, "extra": "` + strconv.FormatUint(m.Extra, 10) + `"`)
	case m.Extra != 0:
		w.text(`, "extra": `)
		w.number(m.Extra)
	}
	if m.Contents != "" {
		w.text(`, "contents": "`)
		w.b = hex.AppendEncode(w.b, []byte(m.Contents))
		w.text(`"`)
	}
	if m.PinByName {
		w.text(`, "pin_by_name": true`)
	}
	w.layout("key", m.Key)
	w.layout("value", m.Value)
	if m.Inner != nil {
		w.text(`, "inner": `)
		w.mapSpec(m.Inner, depth+1)
	}
	w.text("}")
}

func (w *writer) layout(member string, s *asm.Struct) {
	if s == nil {
		return
	}
	w.text(`, "` + member + `": `)
	w.structure(s, 0)
}

func (w *writer) structure(s *asm.Struct, depth int) {
	if depth > maxNested {
		w.err = fmt.Errorf("struct %s: structs in structs, more than %d deep", s.Name(), maxNested)
		return
	}
	var members []asm.Member
	for _, m := range s.Members() {
		members = append(members, m)
	}
	w.text(`{"name": `)
	w.name(s.Name())
	w.list(`, "members": [`, "]}", len(members), func(i int) {
		m := members[i]
		if i > 0 {
			w.text(" ")
		}
		w.text("{")
		if m.Name != "" {
			w.text(`"name": `)
			w.name(m.Name)
			w.text(", ")
		}
		if m.Struct != nil {
			w.text(`"struct": `)
			w.structure(m.Struct, depth+1)
		} else {
			w.text(`"size": `)
			w.number(uint64(m.Size.Bytes()))
		}
		if m.Signed && m.Struct == nil {
			w.text(`, "signed": true`)
		}
		if m.Count != 0 {
			w.text(`, "count": ` + strconv.Itoa(m.Count))
		}
		w.text("}")
	})
}
