package asm

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// StackSize is the size of a function's stack frame in bytes.
const StackSize = 512

// StackObject is room in the stack frame of one function, the one that uses it. The builder finds it a place.
//
//	key := b.Stack("key", 16)
//	b.Zero(key)
//	b.Store(key.U32(4), port)
//	value := b.Call(asm.FnMapLookupElem, asm.Map("flows"), key)
//
// Its methods name parts of it for loads and stores; as an argument of a helper it stands for its address.
type StackObject struct {
	b      *Builder
	name   string
	size   int
	layout *Struct
	offset int  // from r10, set by the layout
	spill  bool // a register's, that nothing else reaches
}

// Stack makes a stack object of size bytes, aligned to 8 bytes or, when it is smaller, to the power of two below its
// size. Nothing is stored in it.
func (b *Builder) Stack(name string, size int) *StackObject {
	return b.stack(name, size, nil, b.here())
}

func (b *Builder) stack(name string, size int, layout *Struct, from origin) *StackObject {
	if size < 1 || size > StackSize {
		b.fail(from, "stack object "+name, fmt.Errorf("%w: %d bytes of a frame of %d; a map value has room for more", ErrStack, size, StackSize))
		size = max(1, min(size, StackSize))
	}
	b.needPasses()
	return &StackObject{b: b, name: name, size: size, layout: layout}
}

// StackStruct makes a stack object of the given layout, whose members Field and Elem name. Zero it before it is a map's
// key if the layout has padding: the padding is part of the key.
func (b *Builder) StackStruct(name string, t *Struct) *StackObject {
	from := b.here()
	if t == nil {
		t = NewStruct("")
	}
	if err := t.check(); err != nil {
		b.fail(from, "stack object "+name, err)
		return b.stack(name, 1, nil, from)
	}
	return b.stack(name, t.Size(), t, from)
}

// ErrStack is wrapped by errors about stack objects.
var ErrStack = errors.New("bad stack object")

// Name returns the name.
func (o *StackObject) Name() string { return o.name }

// Size returns the size in bytes.
func (o *StackObject) Size() int { return o.size }

// U8 is the byte at off in the object.
func (o *StackObject) U8(off int) Mem { return o.mem(off, B) }

// U16 is the two bytes at off in the object, in the target's byte order.
func (o *StackObject) U16(off int) Mem { return o.mem(off, H) }

// U32 is the four bytes at off in the object, in the target's byte order.
func (o *StackObject) U32(off int) Mem { return o.mem(off, W) }

// U64 is the eight bytes at off in the object, in the target's byte order.
func (o *StackObject) U64(off int) Mem { return o.mem(off, DW) }

func (o *StackObject) mem(off int, s Size) Mem {
	m := Mem{Base: FP, Off: off, Size: s, object: o}
	if o == nil {
		m.wrong = "a part of no stack object"
	}
	return m
}

// Field is the member of the given name of an object that StackStruct made. "inner.port" is the member port of the struct
// that inner is.
func (o *StackObject) Field(name string) Mem { return o.Elem(name, 0) }

// Elem is element i of the member of the given name.
func (o *StackObject) Elem(name string, i int) Mem {
	if o == nil {
		return o.mem(0, B)
	}
	if o.layout != nil {
		m, at, ok := o.layout.find(name)
		switch {
		case ok && m.Struct != nil:
			whole := o.mem(at, B)
			whole.wrong = fmt.Sprintf("%s of %s is a struct, no number; name one of its members; its layout is %v", name, o.name, m.Struct)
			return whole
		case ok && i >= 0 && i < max(1, m.Count):
			return o.mem(at+i*m.Size.Bytes(), m.Size)
		}
	}
	m := o.mem(0, B)
	m.wrong = fmt.Sprintf("%s has no member %s with an element %d; its layout is %v", o.name, name, i, o.layout)
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
		return fmt.Errorf("%w: %s at byte %d of %s, which has %s", ErrStack, bytes(n), m.Off, o.name, bytes(o.size))
	case m.Off%n != 0 || n > o.align():
		return fmt.Errorf("%w: %s at byte %d of %s are not aligned; load or store smaller parts", ErrStack, bytes(n), m.Off, o.name)
	case o.layout != nil && !o.layout.has(m.Off, n):
		return fmt.Errorf("%w: %s at byte %d of %s are no member of it; its layout is %v", ErrStack, bytes(n), m.Off, o.name, o.layout)
	}
	return nil
}

// own reports an object that another builder made, or none.
func (b *Builder) own(o *StackObject) error {
	switch {
	case o == nil:
		return fmt.Errorf("%w: nil; make one with Stack", ErrStack)
	case o.b != b:
		return fmt.Errorf("%w: %s is another builder's; make one with this builder's Stack", ErrStack, o.name)
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
		m = p.mem(0, B)
	case *Global:
		if p == nil || p.b != b {
			b.fail(from, "address", fmt.Errorf("%w: a Global of another builder; make one with this builder's Rodata, Data or BSS", ErrOperand))
			return
		}
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
		b.fail(from, "address", fmt.Errorf("%w: %T has no address on the stack; give a stack object, a part of one or a Global", ErrOperand, part))
		return
	}
	if err := b.own(m.object); err != nil {
		b.fail(from, "address", err)
		return
	}
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpMov, X), Dst: dst, Src: FP}, from: from})
	b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: dst, Imm: int64(m.Off)}, object: m.object, from: from})
}

// Zero stores zeros in all of the object, its padding too.
func (b *Builder) Zero(o *StackObject) {
	from := b.here()
	if err := b.own(o); err != nil {
		b.fail(from, "zero", err)
		return
	}
	for at, s := range o.parts() {
		b.add(node{ins: Instruction{Op: MemOpcode(ClassST, ModeMem, s), Dst: FP, Off: int16(at)}, object: o, from: from})
	}
}

// parts iterates over the object in the largest loads or stores that cover it: offsets and sizes.
func (o *StackObject) parts() iter.Seq2[int, Size] {
	return func(yield func(int, Size) bool) {
		for at := 0; at < o.size; {
			s := DW
			for n := s.Bytes(); at%n != 0 || at+n > o.size || n > o.align(); n = s.Bytes() {
				s = sizeOf(n / 2)
			}
			if !yield(at, s) {
				return
			}
			at += s.Bytes()
		}
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
		report(f.from, fmt.Errorf("%w: function %s needs %d bytes of a frame of %d; the largest are %s: make one smaller, or move it to a map value",
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

// checkFrames reports stack objects that two functions use: each has a frame of its own.
func (a *assembly) checkFrames() {
	user := make(map[*StackObject]*fn)
	for _, f := range a.fns {
		for _, b := range f.blocks {
			for k := range b.insts {
				o := b.insts[k].object
				if o == nil || user[o] == f {
					continue
				}
				if other := user[o]; other != nil {
					a.report(b.insts[k].from, fmt.Errorf("%w: %s is on the stack of function %s; hand its address to %s as an argument",
						ErrStack, o.name, other.name, f.name))
				}
				user[o] = f
			}
		}
	}
}

// lowest returns how many bytes of the frame the author addresses himself, through r10 or through what he has made of it
// in the same block.
func (f *fn) lowest() int {
	low := int64(0)
	for _, b := range f.blocks {
		at := map[Register]int64{FP: 0}
		for k := range b.insts {
			i := &b.insts[k]
			base := i.ins.Dst
			if kinds[i.ins.Op] == kindLdx || kinds[i.ins.Op] == kindAtomic && AtomicOp(i.ins.Imm) == AtomicLoadAcquire {
				base = i.ins.Src
			}
			off, own := at[base]
			own = own && i.object == nil
			switch kinds[i.ins.Op] {
			case kindLdx, kindSt, kindStx, kindAtomic:
				if own {
					low = max(low, -off-int64(i.ins.Off))
				}
			case kindALUK:
				if sum := i.ins.Imm; own && (i.ins.Op.ALUOp() == OpAdd || i.ins.Op.ALUOp() == OpSub) {
					if i.ins.Op.ALUOp() == OpSub {
						sum = -sum
					}
					at[base] = off + sum
					low = max(low, -off-sum)
					continue
				}
			case kindMovX:
				if from, ok := at[i.ins.Src]; ok && i.isMove() && i.ins.Dst != FP {
					at[i.ins.Dst] = from
					continue
				}
			}
			r := i.registers()
			for _, d := range r.defs[:r.ndefs] {
				delete(at, d)
			}
		}
	}
	return (int(min(low, StackSize)) + 7) / 8 * 8
}
