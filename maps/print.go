//go:build linux

package maps

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Notation is how a Printer writes.
type Notation uint8

const (
	// Text is for people: {port: 443, addr: 7f 00 00 01}.
	Text Notation = iota
	// JSON is for programs: {"port":443,"addr":[127,0,0,1]}. Bytes without a type are a string of hexadecimal digits.
	JSON
)

// Printer prints keys and values of one map by their types: those that the kernel keeps with the map (BTF), or those of the
// spec (asm.MapSpec.Key and Value). Indices of arrays are numbers, ids and cookies say of what they are, and everything else
// is bytes. A Printer is immutable.
type Printer struct {
	notation   Notation
	spec       asm.MapSpec
	cpus       int // 0 for a map that is not per CPU
	types      *btf.Spec
	key, value btf.TypeID // 0 for bytes
}

// Printer returns a printer for the map. A process that may not read the types of maps that others made (CAP_SYS_ADMIN)
// gets one that prints bytes.
func (r *Raw) Printer(n Notation) (*Printer, error) {
	p := &Printer{notation: n, spec: r.spec}
	if r.spec.Type.PerCPU() {
		p.cpus = r.valueLen / perCPUStride(int(r.spec.ValueSize))
	}
	if err := p.findTypes(r); err != nil {
		return nil, fmt.Errorf("read the types of map %q: %w", r.spec.Name, err)
	}
	p.key, p.value = p.check(p.key, r.spec.KeySize), p.check(p.value, r.spec.ValueSize)
	return p, nil
}

// findTypes finds the types of the key and the value, if there are any.
func (p *Printer) findTypes(r *Raw) error {
	if r.spec.Key != nil || r.spec.Value != nil {
		t, err := typesOf(&r.spec)
		if err != nil {
			return err
		}
		p.key, p.value = t.key, t.value
		p.types, err = btf.Parse(t.blob)
		return err
	}
	info, err := r.Info()
	if err != nil || info.BTF == 0 || info.BTFValueType == 0 {
		return err
	}
	blob, err := sys.BTFBlob(info.BTF)
	if err != nil {
		if missing, _ := capability.Missing(capability.CAP_SYS_ADMIN); len(missing) > 0 {
			return nil
		}
		return err
	}
	p.key, p.value = btf.TypeID(info.BTFKeyType), btf.TypeID(info.BTFValueType)
	p.types, err = btf.Parse(blob)
	return err
}

// check returns the type if it is of the size that it has to be, 0 otherwise.
func (p *Printer) check(t btf.TypeID, size uint32) btf.TypeID {
	if p.types == nil || t == 0 {
		return 0
	}
	if n, err := p.types.Sizeof(t); err != nil || n != uint64(size) {
		return 0
	}
	return t
}

// AppendKey appends a key.
func (p *Printer) AppendKey(b, key []byte) []byte {
	if p.key != 0 {
		return p.appendType(b, p.key, key)
	}
	if len(key) == 4 && isArray(p.spec.Type) {
		return strconv.AppendUint(b, uint64(binary.NativeEndian.Uint32(key)), 10)
	}
	return p.appendBytes(b, key)
}

// AppendValue appends a value of Raw.ValueLen bytes as Raw.Lookup gives it. Of a per-CPU map that is a list with a value for
// each possible CPU.
func (p *Printer) AppendValue(b, value []byte) []byte {
	if p.cpus == 0 {
		return p.appendValue(b, value)
	}
	stride := perCPUStride(int(p.spec.ValueSize))
	b = append(b, '[')
	for cpu := range p.cpus {
		b = p.separate(b, cpu)
		if p.notation == Text {
			b = append(strconv.AppendInt(append(b, "cpu"...), int64(cpu), 10), ": "...)
		}
		at := min(cpu*stride, len(value))
		b = p.appendValue(b, value[at:min(at+int(p.spec.ValueSize), len(value))])
	}
	return append(b, ']')
}

func (p *Printer) appendValue(b, value []byte) []byte {
	if what := p.refersTo(); what != "" && (len(value) == 4 || len(value) == 8) {
		if p.notation == JSON {
			return append(strconv.AppendUint(append(b, `{"`+what+`":`...), number(value), 10), '}')
		}
		return strconv.AppendUint(append(b, what+" "...), number(value), 10)
	}
	if p.value != 0 {
		return p.appendType(b, p.value, value)
	}
	return p.appendBytes(b, value)
}

// refersTo says what the numbers are that user space reads from maps of the kernel's objects.
func (p *Printer) refersTo() string {
	switch p.spec.Type {
	case asm.MapSockMap, asm.MapSockHash, asm.MapReuseportSockArray:
		return "cookie"
	case asm.MapArrayOfMaps, asm.MapHashOfMaps:
		return "map"
	case asm.MapProgArray:
		return "program"
	}
	return ""
}

// number reads an unsigned number of 1, 2, 4 or 8 bytes.
func number(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case 4:
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// separate separates the elements of a list.
func (p *Printer) separate(b []byte, i int) []byte {
	switch {
	case i == 0:
		return b
	case p.notation == JSON:
		return append(b, ',')
	}
	return append(b, ", "...)
}

func (p *Printer) appendBytes(b, raw []byte) []byte {
	if p.notation == JSON {
		return append(hex.AppendEncode(append(b, '"'), raw), '"')
	}
	for i, c := range raw {
		if i > 0 {
			b = append(b, ' ')
		}
		b = hex.AppendEncode(b, []byte{c})
	}
	return b
}
