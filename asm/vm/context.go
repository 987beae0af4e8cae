package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// Context is what a program runs on, the thing that r1 points to: a ReuseportContext, MsgContext, SockOpsContext,
// LookupContext, SKBContext or XDPContext, which programs see as the struct of their type, field by field with the rules
// of the kernel; a FieldContext for the other types with such a struct; or a MemoryContext, which is just bytes.
//
// A context is a pointer to a value of the caller's. What a program does to its context is in it after the run.
type Context interface {
	// layout returns the struct that programs see, 0 if it is plain memory.
	layout() asm.Context
	// enter hands the packet, if there is one, to the machine.
	enter(m *Machine)
	// number returns a field, or element i of an array: a number in the sense of the host, whatever order the program
	// sees it in, or an address if the field is a pointer.
	number(m *Machine, f asm.Field, i int) uint64
	// setNumber is asked only for fields that programs may write.
	setNumber(f asm.Field, i int, v uint64)
}

// enterContext makes ctx the context of the run.
func (m *Machine) enterContext(ctx Context) error {
	p := m.main.source
	if want, have := p.Type().Context(), ctx.layout(); want != have && p.Type() != asm.UnspecProgram {
		if want == 0 {
			return fmt.Errorf("program %s: programs of type %v run on a MemoryContext here, not on %v", p.Name(), p.Type(), have)
		}
		if have == 0 {
			return fmt.Errorf("program %s: programs of type %v run on a %v, not on plain memory", p.Name(), p.Type(), want)
		}
		return fmt.Errorf("program %s: programs of type %v run on a %v, not on a %v", p.Name(), p.Type(), want, have)
	}
	m.ctx = ctx
	m.packet = packet{}
	m.set(idContext, region{kind: regionContext})
	ctx.enter(m)
	m.reg[1] = address(idContext, 0)
	return nil
}

// fieldAccess is an access of a context that was found to be allowed.
type fieldAccess struct {
	field   asm.Field // 0: not looked at yet
	element uint8
	offset  uint8 // in the element
}

// fieldCache has the loads of the context that were found to be allowed, by width (1, 2, 4, 8) and offset.
type fieldCache [4][256]fieldAccess

// loadField reads from a struct that exists on paper only.
func (m *Machine) loadField(r *region, addr uint64, width int) (uint64, error) {
	_, offset := split(addr)
	var cached *fieldAccess
	if r.kind == regionContext && m.prog == m.main && offset >= 0 && offset < 256 {
		if cached = &m.fields[widthIndex(width)][offset]; cached.field != 0 {
			return m.fieldValue(r, *cached, width), nil
		}
	}
	a, err := m.fieldAccess(r, offset, width, false)
	if err != nil {
		return 0, m.accessError(addr, width, false, err)
	}
	if cached != nil {
		*cached = a
	}
	return m.fieldValue(r, a, width), nil
}

func widthIndex(width int) int {
	switch width {
	case 1:
		return 0
	case 2:
		return 1
	case 4:
		return 2
	}
	return 3
}

// layoutOf returns the struct that a region is.
func (m *Machine) layoutOf(r *region) asm.Context {
	switch r.kind {
	case regionContext:
		return m.ctx.layout()
	case regionTCPSock:
		return asm.ContextTCPSock
	}
	return asm.ContextSock
}

// fieldAccess finds the field that an access is about, or why it is refused.
func (m *Machine) fieldAccess(r *region, offset int64, width int, write bool) (fieldAccess, error) {
	layout, verb := m.layoutOf(r), "read"
	if write {
		verb = "written"
	}
	var refused error
	for f := range layout.Fields() {
		o := offset - int64(f.Offset())
		if o < 0 || o >= int64(f.Size()*f.Count()) {
			continue
		}
		switch {
		case !m.mayAccess(r, f, write):
			if refused == nil {
				refused = fmt.Errorf("%w: %v cannot be %s %s", ErrField, f, verb, m.by(r))
			}
		case write && !f.CanStore(int(o), width), !write && !f.CanLoad(int(o), width):
			refused = fmt.Errorf("%w: %v cannot be %s with %d bytes at byte %d, %s", ErrField, f, verb, width, o, widths(f, write))
		default:
			return fieldAccess{f, uint8(int(o) / f.Size()), uint8(int(o) % f.Size())}, nil
		}
	}
	if refused == nil {
		refused = fmt.Errorf("%w: %v has no field there", ErrField, layout)
	}
	return fieldAccess{}, refused
}

// widths says how a field can be accessed.
func widths(f asm.Field, write bool) string {
	for _, width := range []int{f.Size(), 4, 8, 2, 1} {
		if write && f.CanStore(0, width) || !write && f.CanLoad(0, width) {
			return fmt.Sprintf("but with %d at byte 0", width)
		}
	}
	return "nor otherwise"
}

func (m *Machine) mayAccess(r *region, f asm.Field, write bool) bool {
	if r.kind == regionContext {
		p := m.main.source
		if p.Type() == asm.UnspecProgram {
			return true
		}
		if write {
			return f.WritableBy(p.Type(), p.AttachType())
		}
		return f.ReadableBy(p.Type(), p.AttachType())
	}
	through := asm.PointerSocket
	switch r.kind {
	case regionSockCommon:
		through = asm.PointerSockCommon
	case regionTCPSock:
		through = asm.PointerTCPSock
	}
	return !write && f.ReadableThrough(through)
}

// by says who tries an access.
func (m *Machine) by(r *region) string {
	switch r.kind {
	case regionContext:
		return fmt.Sprintf("by %v programs", m.main.source.Type())
	case regionSockCommon:
		return "through a pointer to a socket that may not be a full one: ask bpf_sk_fullsock"
	}
	return "through a pointer to a socket"
}

// fieldValue returns what a load that is allowed gives.
func (m *Machine) fieldValue(r *region, a fieldAccess, width int) uint64 {
	v := m.fieldNumber(r, a.field, int(a.element))
	if a.field.Pointer() != asm.PointerNone || int(a.offset) == 0 && width == a.field.Size() && a.field.Order() == asm.OrderHost {
		return v
	}
	var b [24]byte // as many elements as 8 bytes can touch
	m.fieldBytes(r, a, &b)
	return m.number(b[a.offset : int(a.offset)+width])
}

// fieldBytes lays out the element and what follows it in its array as the program sees them.
func (m *Machine) fieldBytes(r *region, a fieldAccess, b *[24]byte) {
	f, at := a.field, 0
	for i := int(a.element); i < f.Count() && at+f.Size() <= 16; i++ {
		m.putField(b[at:at+f.Size()], f, m.fieldNumber(r, f, i))
		at += f.Size()
	}
}

// fieldNumber returns a field as a number in the host's sense.
func (m *Machine) fieldNumber(r *region, f asm.Field, i int) uint64 {
	if r.kind == regionContext {
		return m.ctx.number(m, f, i)
	}
	return r.of.(*Socket).number(f, i)
}

// putField writes a number to b in the order of a field.
func (m *Machine) putField(b []byte, f asm.Field, v uint64) {
	switch f.Order() {
	case asm.OrderNetwork:
		for i := range b {
			b[len(b)-1-i] = byte(v >> (8 * i))
		}
	case asm.OrderNetwork16:
		if !m.big {
			v = v>>8&0xff | v&0xff<<8
		}
		m.putNumber(b, v)
	default:
		m.putNumber(b, v)
	}
}

// storeField writes to a struct that exists on paper only.
func (m *Machine) storeField(r *region, addr uint64, width int, v uint64) error {
	_, offset := split(addr)
	a, err := m.fieldAccess(r, offset, width, true)
	if err != nil {
		return m.accessError(addr, width, true, err)
	}
	var b [24]byte
	m.fieldBytes(r, a, &b)
	m.putNumber(b[a.offset:int(a.offset)+width], v)
	size := a.field.Size()
	for at := 0; at < int(a.offset)+width; at += size {
		m.ctx.setNumber(a.field, int(a.element)+at/size, m.takeField(b[at:at+size], a.field))
	}
	return nil
}

// takeField is the opposite of putField.
func (m *Machine) takeField(b []byte, f asm.Field) uint64 {
	v := uint64(0)
	switch f.Order() {
	case asm.OrderNetwork:
		for _, x := range b {
			v = v<<8 | uint64(x)
		}
		return v
	case asm.OrderNetwork16:
		v = m.number(b)
		if !m.big {
			v = v>>8&0xff | v&0xff<<8
		}
		return v
	}
	return m.number(b)
}

// MemoryContext is a context of plain memory that the program may read and write, for programs of type syscall and
// others without a struct.
type MemoryContext struct {
	Data []byte
}

func (c *MemoryContext) layout() asm.Context { return 0 }
func (c *MemoryContext) enter(m *Machine) {
	m.set(idContext, region{kind: regionMemory, read: true, write: true, data: c.Data})
}
func (c *MemoryContext) number(*Machine, asm.Field, int) uint64 { return 0 }
func (c *MemoryContext) setNumber(asm.Field, int, uint64)       {}

// FieldContext is a struct given by the numbers in its fields, for program types without a context of their own in this
// package. Numbers are in the host's sense, 8080 for a port, also where the program sees them in network order. A field
// that is not given is 0; pointers are null.
type FieldContext struct {
	Struct asm.Context
	Fields map[asm.Field][]uint64 // the elements of an array, or one number
}

func (c *FieldContext) layout() asm.Context { return c.Struct }
func (c *FieldContext) enter(*Machine)      {}

func (c *FieldContext) number(_ *Machine, f asm.Field, i int) uint64 {
	if v := c.Fields[f]; i < len(v) && f.Pointer() == asm.PointerNone {
		return v[i]
	}
	return 0
}

func (c *FieldContext) setNumber(f asm.Field, i int, v uint64) {
	if c.Fields == nil {
		c.Fields = make(map[asm.Field][]uint64)
	}
	for len(c.Fields[f]) <= i {
		c.Fields[f] = append(c.Fields[f], 0)
	}
	c.Fields[f][i] = v
}
