package elf

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/internal/btf"
)

// notDone is an error about what this package does not do.
type notDone struct{ what string }

func (e *notDone) Error() string { return "not supported: " + e.what }

func (e *notDone) Is(target error) bool { return target == errors.ErrUnsupported }

// missing collects what an object needs and this package does not do.
type missing struct {
	names []string
	more  int // not in names
}

// maxMissing keeps the message about an object that was made for something else readable.
const maxMissing = 20

func (m *missing) add(name string) {
	switch {
	case slices.Contains(m.names, name):
	case len(m.names) < maxMissing:
		m.names = append(m.names, name)
	default:
		m.more++
	}
}

func (m *missing) err() error {
	if len(m.names) == 0 {
		return nil
	}
	text := strings.Join(m.names, ", ")
	if m.more > 0 {
		text += fmt.Sprintf(" and %d more", m.more)
	}
	return &notDone{text}
}

// needExterns looks for what libbpf takes from the running kernel: the variables and functions in these two
// sections of types.
func (r *reader) needExterns() {
	for _, section := range [...]string{".ksyms", ".kconfig"} {
		for _, m := range r.types.section(section) {
			v, err := r.types.get(m.Type)
			switch {
			case err != nil:
			case section == ".kconfig":
				r.missing.add("kconfig " + v.Name)
			case v.Kind == btf.Func:
				r.missing.add("kfunc " + v.Name)
			default:
				r.missing.add("ksym " + v.Name)
			}
			if err == nil {
				r.types.externs[v.Name] = true
			}
		}
	}
}

// needStructOps looks for maps of functions that take the place of the kernel's.
func (r *reader) needStructOps() error {
	for i := range r.symbols {
		s := &r.symbols[i]
		if int(s.section) >= len(r.sections) || s.kind == kindSection {
			continue
		}
		if section := r.sections[s.section].name; !r.sections[s.section].executable() && isOrBelow(section, ".struct_ops") {
			name, err := r.nameOf(s)
			if err != nil {
				return err
			}
			r.missing.add("struct_ops map " + name)
		}
	}
	return nil
}

// Of struct bpf_core_relo of include/uapi/linux/bpf.h: its size in bytes, and what its kinds ask.
const coreBytes = 16

var coreKinds = [...]string{"offset of", "size of", "existence of", "signedness of", "shift of", "shift of", "local id of",
	"id of", "existence of", "size of", "existence of", "value of", "match of"}

// needCore names the types, members and constants whose place in the running kernel libbpf would look up.
func (r *reader) needCore(section string, records []byte, size int) error {
	if size < coreBytes {
		return fmt.Errorf("CO-RE relocations of %d bytes, want %d", size, coreBytes)
	}
	for ; len(records) >= size; records = records[size:] {
		id, access, kind := r.order.Uint32(records[4:]), r.order.Uint32(records[8:]), r.order.Uint32(records[12:])
		what := "kind " + strconv.FormatUint(uint64(kind), 10) + " of"
		if uint64(kind) < uint64(len(coreKinds)) {
			what = coreKinds[kind]
		}
		r.missing.add("CO-RE " + what + " " + r.types.access(btf.TypeID(id), r.types.Text(access)))
	}
	return nil
}

// access returns what a CO-RE relocation is about in C's words: "struct task_struct.pid", "enum state.RUNNING".
func (t *types) access(id btf.TypeID, path string) string {
	root, err := t.resolve(id)
	if err != nil {
		return "type " + strconv.FormatUint(uint64(id), 10)
	}
	text := root.Name
	if text == "" {
		text = "(anonymous)"
	}
	switch root.Kind {
	case btf.Struct, btf.Union, btf.Enum:
		text = root.Kind.String() + " " + text
	case btf.Enum64:
		text = "enum " + text
	}
	if named, err := t.get(id); err == nil && named.Kind == btf.Typedef {
		text = named.Name
	}
	steps := strings.SplitN(path, ":", 64)
	at := root
	for i, step := range steps {
		n, bad := strconv.ParseUint(step, 10, 32)
		if err != nil || bad != nil {
			break
		}
		switch {
		case at.Kind == btf.Enum || at.Kind == btf.Enum64:
			if n < uint64(len(at.Values)) {
				text += "." + at.Values[n].Name
			}
			return text
		case i == 0: // of an array that begins there
		case at.Kind == btf.Array:
			text += "[" + step + "]"
			at, err = t.resolve(at.Ref)
		case n < uint64(len(at.Members)):
			m := at.Members[n]
			if m.Name != "" {
				text += "." + m.Name
			}
			at, err = t.resolve(m.Type)
		default:
			return text
		}
	}
	return text
}
