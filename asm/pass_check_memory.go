package asm

import (
	"fmt"
	"strings"
)

// dereference reports an address that is none, and returns what is known of it.
func (c *checker) dereference(i *inst, base Register) value {
	v := c.at[dense(base)]
	switch {
	case v.null != notNull:
		c.fail(i, fmt.Errorf("%w: %v; use it inside an If that it is not, or Return where it is", ErrNull, v.nullReason()))
		c.tested(v)
	case v.kind == number:
		c.fail(i, fmt.Errorf("%w: %v holds a number; an address comes from the context, a map lookup, the packet or Addr", ErrPointer, base))
	case v.kind == mapAt:
		c.fail(i, fmt.Errorf("%w: %v holds a map; its values are read through bpf_map_lookup_elem", ErrPointer, base))
	case v.kind == funcAt:
		c.fail(i, fmt.Errorf("%w: %v holds a function; call it with CallFunc", ErrPointer, base))
	case v.kind == fieldTarget && v.pointer == PointerPacketEnd:
		c.fail(i, fmt.Errorf("%w: %v is the packet's end, good for comparison only; load relative to its beginning", ErrPointer, base))
	}
	return v
}

// tested makes all copies of a pointer count as tested, so that it is reported once.
func (c *checker) tested(v value) {
	if c.quiet {
		return
	}
	for r := range c.at {
		if c.at[r].null != notNull && c.at[r].origin == v.origin {
			c.at[r].null = notNull
		}
	}
}

func (c *checker) load(i *inst) value {
	v := c.dereference(i, i.ins.Src)
	size := int64(i.ins.Op.Size().Bytes())
	if o, off, ok := i.stackPlace(v); ok {
		c.readStack(i, o, off, size)
	}
	if of := c.structOf(v); of != 0 {
		return c.loadField(i, v, of)
	}
	if size < 8 && v.kind != contextAt {
		return value{kind: number}
	}
	return value{kind: someValue} // perhaps a pointer that was put there
}

// structOf returns the struct of named fields that an address leads to, 0 when there is none.
func (c *checker) structOf(v value) Context {
	switch v.kind {
	case contextAt:
		return c.a.b.spec.Type.Context()
	case fieldTarget:
		return v.pointer.target()
	}
	return 0
}

// field finds the field that a load or store is about.
func (c *checker) field(i *inst, v value, of Context) (f Field, off int, ok bool) {
	if n := i.field; n != 0 && n.Context() != of {
		where := fmt.Sprintf("the context of %v programs is %v", c.a.b.spec.Type, of)
		if v.kind != contextAt {
			where = fmt.Sprintf("the address is that of a %v", of)
		}
		c.fail(i, fmt.Errorf("%w: %v is not there, %s; use a field of %v", ErrField, n, where, of))
		return 0, 0, false
	}
	f, _, ok = FieldAt(of, int(i.ins.Off))
	if i.field != 0 {
		f, ok = i.field, true // one of several in a union
	}
	if !ok {
		c.fail(i, fmt.Errorf("%w: %v has no field at byte %d; name the field with Field", ErrField, of, i.ins.Off))
	}
	return f, int(i.ins.Off) - f.Offset(), ok
}

func (c *checker) loadField(i *inst, v value, of Context) value {
	f, off, ok := c.field(i, v, of)
	size := i.ins.Op.Size().Bytes()
	spec := &c.a.b.spec
	signed := i.ins.Op.Mode() == ModeMemSX
	switch {
	case !ok:
	case v.kind == contextAt && !f.ReadableBy(spec.Type):
		c.fail(i, fmt.Errorf("%w: %v programs cannot read %v; %s", ErrField, spec.Type, f, who(f.ReadableBy)))
	case v.kind == contextAt && !f.ReadableBy(spec.Type, spec.AttachType):
		c.fail(i, fmt.Errorf("%w: %v programs cannot read %v with attach type %v; see Builder.AttachType", ErrField, spec.Type, f, spec.AttachType))
	case v.kind == fieldTarget && !f.ReadableThrough(v.pointer):
		c.fail(i, fmt.Errorf("%w: %v cannot be read through a pointer to %v; bpf_sk_fullsock may give a better one", ErrField, f, v.pointer))
	case !f.CanLoad(off, size):
		c.fail(i, fmt.Errorf("%w: %v has %v and cannot be read with %s; use Field", ErrField, f, bytes(f.Size()), place(size, off)))
	case f.Pointer() != PointerNone && signed:
		c.fail(i, fmt.Errorf("%w: %v is an address and has no sign; use Field", ErrField, f))
	case f.Pointer() != PointerNone:
		v := value{kind: fieldTarget, pointer: f.Pointer().Kind()}
		if f.Pointer().OrNull() {
			v.null, v.origin = notTested, i
		}
		return v
	}
	return value{kind: number}
}

func (c *checker) store(i *inst) {
	v := c.dereference(i, i.ins.Dst)
	size := i.ins.Op.Size().Bytes()
	if kinds[i.ins.Op] == kindStx {
		c.lose(c.at[dense(i.ins.Src)])
	}
	if o, off, ok := i.stackPlace(v); ok {
		c.stack.store(o, off, int64(size))
	}
	of := c.structOf(v)
	if of == 0 {
		return
	}
	f, off, ok := c.field(i, v, of)
	spec := &c.a.b.spec
	switch {
	case !ok:
	case v.kind == contextAt && !f.WritableBy(spec.Type):
		c.fail(i, fmt.Errorf("%w: %v programs cannot write %v; %s", ErrField, spec.Type, f, who(f.WritableBy)))
	case v.kind == contextAt && !f.WritableBy(spec.Type, spec.AttachType):
		c.fail(i, fmt.Errorf("%w: %v programs cannot write %v with attach type %v; see Builder.AttachType", ErrField, spec.Type, f, spec.AttachType))
	case v.kind == fieldTarget && !f.WritableThrough(v.pointer):
		c.fail(i, fmt.Errorf("%w: %v cannot be written", ErrField, f))
	case !f.CanStore(off, size):
		c.fail(i, fmt.Errorf("%w: %v has %v and cannot be written with %s; use Field", ErrField, f, bytes(f.Size()), place(size, off)))
	}
}

func (c *checker) atomic(i *inst) {
	base, src := i.ins.Dst, i.ins.Src
	if AtomicOp(i.ins.Imm) == AtomicLoadAcquire {
		base, src = src, base
	} else {
		c.lose(c.at[dense(src)])
	}
	v := c.dereference(i, base)
	if v.kind == contextAt || v.kind == fieldTarget && v.pointer != PointerPacket && v.pointer != PointerPacketMeta {
		c.fail(i, fmt.Errorf("%w: no atomic operation on %v; load, compute and store", ErrPointer, v))
	}
	o, off, ok := i.stackPlace(v)
	if !ok {
		return
	}
	size := int64(i.ins.Op.Size().Bytes())
	if AtomicOp(i.ins.Imm) != AtomicStoreRelease {
		c.readStack(i, o, off, size)
	}
	c.stack.store(o, off, size)
}

// stackPlace returns where in a stack object a load or store is.
func (i *inst) stackPlace(base value) (o *StackObject, off int64, ok bool) {
	switch {
	case i.object != nil:
		return i.object, int64(i.ins.Off), true
	case base.kind == stackAt && base.object != nil && base.known:
		return base.object, base.n + int64(i.ins.Off), true
	}
	return nil, 0, false
}

// who says which types of programs can do something.
func who(can func(ProgramType, ...AttachType) bool) string {
	var types []string
	for t := range ProgramType(len(programTypeNames)) {
		if can(t) {
			types = append(types, t.String())
		}
	}
	if len(types) == 0 {
		return "no program can"
	}
	return "programs that can are " + strings.Join(types, ", ")
}

func bytes(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

func place(size, off int) string {
	if off == 0 {
		return bytes(size)
	}
	return fmt.Sprintf("%s at byte %d of it", bytes(size), off)
}
