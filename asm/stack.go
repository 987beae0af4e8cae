package asm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// StackSize is the size of a function's stack frame in bytes.
const StackSize = 512

// StackObject is room in the stack frame of the function that uses it. The builder finds it a place.
//
//	key := b.Stack("key", 16)
//	b.Zero(key)
//	b.Store(key.U32(4), port)
//	value := b.Call(asm.FnMapLookupElem, asm.Map("flows"), key)
//
// Its methods name parts of it for loads and stores; as an argument of a helper it stands for its address.
type StackObject struct {
	name   string
	size   int
	layout *Struct
	offset int  // from r10, set by the layout
	spill  bool // a register's, that nothing else reaches
}

// Stack makes a stack object of size bytes, aligned to 8 bytes or, when it is smaller, to the power of two below its
// size. Nothing is stored in it.
func (b *Builder) Stack(name string, size int) *StackObject {
	if size < 1 || size > StackSize {
		b.fail(b.here(), "stack object "+name, fmt.Errorf("%w: %d bytes of a frame of %d", ErrStack, size, StackSize))
		size = 1
	}
	b.needPasses()
	return &StackObject{name: name, size: size}
}

// StackStruct makes a stack object of the given layout, whose members Field and Elem name. Zero it before it is a map's
// key if the layout has padding: the padding is part of the key.
func (b *Builder) StackStruct(name string, t *Struct) *StackObject {
	b.needPasses()
	o := &StackObject{name: name, size: max(1, t.Size()), layout: t}
	if err := t.check(); err != nil {
		b.fail(b.here(), "stack object "+name, err)
	}
	if o.size > StackSize {
		b.fail(b.here(), "stack object "+name, fmt.Errorf("%w: %d bytes of a frame of %d", ErrStack, o.size, StackSize))
	}
	return o
}

// ErrStack is wrapped by errors about stack objects.
var ErrStack = errors.New("bad stack object")

// Name returns the name.
func (o *StackObject) Name() string { return o.name }

// Size returns the size in bytes.
func (o *StackObject) Size() int { return o.size }

// U8 is the byte at off in the object.
func (o *StackObject) U8(off int) Mem { return o.mem(off, B, false) }

// U16 is the two bytes at off in the object, in the target's byte order.
func (o *StackObject) U16(off int) Mem { return o.mem(off, H, false) }

// U32 is the four bytes at off in the object, in the target's byte order.
func (o *StackObject) U32(off int) Mem { return o.mem(off, W, false) }

// U64 is the eight bytes at off in the object, in the target's byte order.
func (o *StackObject) U64(off int) Mem { return o.mem(off, DW, false) }

func (o *StackObject) mem(off int, s Size, signed bool) Mem {
	return Mem{Base: FP, Off: off, Size: s, Signed: signed, object: o}
}

// Field is the member of the given name of an object that StackStruct made.
func (o *StackObject) Field(name string) Mem { return o.Elem(name, 0) }

// Elem is element i of the member of the given name.
func (o *StackObject) Elem(name string, i int) Mem {
	if o.layout != nil {
		if m, at, ok := o.layout.find(name); ok && i >= 0 && i < max(1, m.Count) {
			return o.mem(at+i*m.Size.Bytes(), m.Size, false)
		}
	}
	m := o.mem(0, B, false)
	m.wrong = fmt.Sprintf("%s has no member %s with an element %d", o.name, name, i)
	return m
}

// align is the alignment of the object in bytes.
func (o *StackObject) align() int {
	switch {
	case o.size >= 8:
		return 8
	case o.size >= 4:
		return 4
	case o.size >= 2:
		return 2
	}
	return 1
}

// check reports an access outside the object or across its alignment, both of which the verifier refuses.
func (o *StackObject) check(m Mem) error {
	n := m.Size.Bytes()
	switch {
	case m.Off < 0 || m.Off+n > o.size:
		return fmt.Errorf("%w: bytes %d to %d of %s, which has %d", ErrStack, m.Off, m.Off+n, o.name, o.size)
	case m.Off%n != 0 || n > o.align():
		return fmt.Errorf("%w: %d bytes at %d of %s are not aligned", ErrStack, n, m.Off, o.name)
	}
	return nil
}

// Addr is the address of a stack object, of a part of one, or of a Global.
func (b *Builder) Addr(part any) Register {
	v := b.Virtual()
	b.address(v, part, b.here())
	return v
}

// address appends dst = address of part.
func (b *Builder) address(dst Register, part any, from origin) {
	var m Mem
	switch p := part.(type) {
	case *StackObject:
		m = p.mem(0, B, false)
	case *Global:
		b.add(p.node(dst, 0, from))
		return
	case Mem:
		if p.wrong != "" {
			b.fail(from, "address", fmt.Errorf("%w: %s", ErrOperand, p.wrong))
			return
		}
		m = p
	}
	if m.object == nil {
		b.fail(from, "address", fmt.Errorf("%w: %T has no address on the stack", ErrOperand, part))
		return
	}
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: dst, Src: FP}, from: from})
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: dst, Imm: int64(m.Off)}, object: m.object, from: from})
}

// Zero stores zeros in all of the object, its padding too.
func (b *Builder) Zero(o *StackObject) {
	from := b.here()
	for at := 0; at < o.size; {
		s := DW
		for n := s.Bytes(); at%n != 0 || at+n > o.size || n > o.align(); n = s.Bytes() {
			s = sizeOf(n / 2)
		}
		b.access(node{ins: Instruction{Op: MemOpcode(ClassST, ModeMem, W), Dst: FP}, from: from}, o.mem(at, s, false))
		at += s.Bytes()
	}
}

// frame is a function's stack frame.
type frame struct {
	spilled int
}

// slot makes room for a spilled register.
func (f *frame) slot() *StackObject {
	f.spilled++
	return &StackObject{name: fmt.Sprintf("spilled register %d", f.spilled), size: 8, spill: true}
}

// placeStack gives every object that the function uses its offset, the most aligned first, and writes the offsets into
// the instructions. A frame that overflows is an error that lists the largest objects.
func (f *fn) placeStack(report func(from origin, err error)) {
	var objects []*StackObject
	for _, b := range f.blocks {
		for _, i := range b.insts {
			if i.object != nil && !slices.Contains(objects, i.object) {
				objects = append(objects, i.object)
			}
		}
	}
	slices.SortStableFunc(objects, func(a, b *StackObject) int { return b.align() - a.align() })
	used := f.lowest()
	for _, o := range objects {
		used = (used + o.size + o.align() - 1) / o.align() * o.align()
		o.offset = -used
	}
	if used > StackSize {
		slices.SortStableFunc(objects, func(a, b *StackObject) int { return b.size - a.size })
		var largest []string
		for _, o := range objects[:min(5, len(objects))] {
			largest = append(largest, fmt.Sprintf("%s %d", o.name, o.size))
		}
		report(f.from, fmt.Errorf("%w: function %s needs %d bytes of a frame of %d; the largest: %s",
			ErrStack, f.name, used, StackSize, strings.Join(largest, ", ")))
	}
	for _, b := range f.blocks {
		for k := range b.insts {
			i := &b.insts[k]
			switch {
			case i.object == nil:
			case kinds[i.ins.Op] == kindALUK:
				i.ins.Imm += int64(i.object.offset)
			default:
				i.ins.Off += int16(i.object.offset)
			}
		}
	}
}

// lowest returns how many bytes of the frame the author addresses through r10 himself.
func (f *fn) lowest() int {
	low := 0
	for _, b := range f.blocks {
		for _, i := range b.insts {
			base := i.ins.Dst
			if kinds[i.ins.Op] == kindLdx {
				base = i.ins.Src
			}
			if i.object != nil || base != FP {
				continue
			}
			switch kinds[i.ins.Op] {
			case kindLdx, kindSt, kindStx, kindAtomic:
				low = max(low, -int(i.ins.Off))
			}
		}
	}
	return (low + 7) / 8 * 8
}
