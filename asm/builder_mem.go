package asm

import (
	"errors"
	"fmt"
	"math"
)

// ErrOperand is wrapped by the error about an operand that the instruction cannot have.
var ErrOperand = errors.New("bad operand")

// Ldx loads: dst = *(u32 *)(base + off). The value is zero-extended, or sign-extended for the signed forms of Mem.
func (b *Builder) Ldx(dst Register, m Mem) { b.load(dst, m, b.here()) }

// Stx stores a register: *(u32 *)(base + off) = src.
func (b *Builder) Stx(m Mem, src Register) {
	b.access(node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeMem, W), Dst: m.Base, Src: src}, from: b.here()}, m)
}

// St stores a constant: *(u32 *)(base + off) = imm. A constant for 8 bytes is 32 bits that are sign-extended.
func (b *Builder) St(m Mem, imm Operand) {
	n := node{ins: Instruction{Op: MemOpcode(ClassST, ModeMem, W), Dst: m.Base}, from: b.here()}
	if _, ok := imm.(Register); ok {
		n.place(m)
		b.reject(&n, fmt.Errorf("%w: a register, which Stx stores", ErrOperand))
		b.checkPlace(&n, m)
		b.add(n)
		return
	}
	b.storeConstant(n, m, imm)
}

// access appends a load or store of m.
func (b *Builder) access(n node, m Mem) {
	n.place(m)
	b.checkPlace(&n, m)
	b.add(n)
}

func (b *Builder) storeConstant(n node, m Mem, imm Operand) {
	n.place(m)
	if m.Size.Bytes() != 0 {
		b.operand(&n, imm, 8*m.Size.Bytes())
	}
	b.checkPlace(&n, m)
	b.add(n)
}

// place fills in the size and the offset of a load or store.
func (n *node) place(m Mem) {
	if fitsInt16(m.Off) {
		n.ins.Off = int16(m.Off)
	}
	n.ins.Op |= Opcode(m.Size & DW)
	n.object, n.field = m.object, m.field
}

// checkPlace rejects a place that cannot be accessed.
func (b *Builder) checkPlace(n *node, m Mem) {
	switch {
	case m.wrong != "":
		b.reject(n, fmt.Errorf("%w: %s", ErrOperand, m.wrong))
	case m.Size.Bytes() == 0:
		b.reject(n, fmt.Errorf("%w: %#x is not a size", ErrOperand, uint8(m.Size)))
	case m.Signed:
		b.reject(n, fmt.Errorf("%w: only Ldx extends a sign", ErrOperand))
	case !fitsInt16(m.Off):
		b.reject(n, fmt.Errorf("%w: offset %d does not fit 16 bits", ErrImmediate, m.Off))
	case m.object != nil:
		err := b.own(m.object)
		if err == nil {
			err = m.object.check(m)
		}
		if err != nil {
			b.reject(n, err)
		}
	}
}

// AtomicAdd is lock *(u64 *)(base + off) += src, on 4 or 8 bytes as all of the read-modify-write operations.
func (b *Builder) AtomicAdd(m Mem, src Register) { b.atomic(AtomicAdd, m, src) }

// AtomicOr is lock *m |= src.
func (b *Builder) AtomicOr(m Mem, src Register) { b.atomic(AtomicOr, m, src) }

// AtomicAnd is lock *m &= src.
func (b *Builder) AtomicAnd(m Mem, src Register) { b.atomic(AtomicAnd, m, src) }

// AtomicXor is lock *m ^= src.
func (b *Builder) AtomicXor(m Mem, src Register) { b.atomic(AtomicXor, m, src) }

// FetchAdd is src = atomic_fetch_add(m, src): src gets the value before. Version 3, Linux 5.12.
func (b *Builder) FetchAdd(m Mem, src Register) { b.atomic(AtomicAdd|AtomicFetch, m, src) }

// FetchOr is src = atomic_fetch_or(m, src).
func (b *Builder) FetchOr(m Mem, src Register) { b.atomic(AtomicOr|AtomicFetch, m, src) }

// FetchAnd is src = atomic_fetch_and(m, src).
func (b *Builder) FetchAnd(m Mem, src Register) { b.atomic(AtomicAnd|AtomicFetch, m, src) }

// FetchXor is src = atomic_fetch_xor(m, src).
func (b *Builder) FetchXor(m Mem, src Register) { b.atomic(AtomicXor|AtomicFetch, m, src) }

// Xchg exchanges src and *m.
func (b *Builder) Xchg(m Mem, src Register) { b.atomic(AtomicXchg, m, src) }

// CmpXchg stores src at m if r0 equals *m. r0 gets the value before in any case.
func (b *Builder) CmpXchg(m Mem, src Register) { b.atomic(AtomicCmpXchg, m, src) }

func (b *Builder) atomic(op AtomicOp, m Mem, src Register) {
	n := node{ins: Instruction{Op: MemOpcode(ClassSTX, ModeAtomic, W), Dst: m.Base, Src: src, Imm: int64(op)}, from: b.here()}
	b.access(n, m)
}

// LoadAcquire is dst = load_acquire(m), of any size. Linux 6.15.
func (b *Builder) LoadAcquire(dst Register, m Mem) {
	op := MemOpcode(ClassSTX, ModeAtomic, W)
	b.access(node{ins: Instruction{Op: op, Dst: dst, Src: m.Base, Imm: int64(AtomicLoadAcquire)}, from: b.here()}, m)
}

// StoreRelease is store_release(m, src), of any size. Linux 6.15.
func (b *Builder) StoreRelease(m Mem, src Register) {
	op := MemOpcode(ClassSTX, ModeAtomic, W)
	b.access(node{ins: Instruction{Op: op, Dst: m.Base, Src: src, Imm: int64(AtomicStoreRelease)}, from: b.here()}, m)
}

// LdAbs is r0 = *(u32 *)skb[off] in network order, for programs on socket buffers whose r6 holds the context. It ends
// the program with 0 when the packet is too short. Legacy: bpf_skb_load_bytes says so instead.
func (b *Builder) LdAbs(s Size, off int32) {
	b.packet(node{ins: Instruction{Op: MemOpcode(ClassLD, ModeAbs, W), Imm: int64(off)}, from: b.here()}, s)
}

// LdInd is r0 = *(u32 *)skb[src + off], otherwise as LdAbs.
func (b *Builder) LdInd(s Size, src Register, off int32) {
	b.packet(node{ins: Instruction{Op: MemOpcode(ClassLD, ModeInd, W), Src: src, Imm: int64(off)}, from: b.here()}, s)
}

func (b *Builder) packet(n node, s Size) {
	if s == B || s == H || s == W {
		n.ins.Op |= Opcode(s)
	} else {
		b.reject(&n, fmt.Errorf("%w: a packet load takes 1, 2 or 4 bytes", ErrOperand))
	}
	b.add(n)
}

// LdImm64 is dst = imm ll: any 64-bit constant, in two slots.
func (b *Builder) LdImm64(dst Register, imm Operand) {
	n := node{ins: Instruction{Op: OpLdImm64, Dst: dst}, from: b.here()}
	v, _, ok := constant(imm)
	if !ok {
		b.reject(&n, fmt.Errorf("%w: %T, want an integer", ErrOperand, imm))
	}
	n.ins.Imm = v
	b.add(n)
}

// LdMap loads the address of the map that symbol names, for helpers that take a map.
func (b *Builder) LdMap(dst Register, symbol string) {
	b.symbol(node{ins: Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64MapFD}, kind: RefMap, symbol: symbol, from: b.here()})
}

// LdMapValue loads the address of byte off of the only value of the array map that symbol names. Linux 5.2.
func (b *Builder) LdMapValue(dst Register, symbol string, off uint32) {
	n := node{ins: Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64MapValue, Imm: int64(off) << 32}, kind: RefMapValue, symbol: symbol, from: b.here()}
	if off > math.MaxInt32 {
		b.reject(&n, fmt.Errorf("%w: offset %d does not fit 31 bits", ErrImmediate, off))
	}
	b.symbol(n)
}

// LdFunc loads the address of a subprogram, for helpers that call back such as bpf_loop. Linux 5.13.
func (b *Builder) LdFunc(dst Register, name string) {
	b.symbol(node{ins: Instruction{Op: OpLdImm64, Dst: dst, Src: Imm64Func, Imm: 1<<32 - 1}, kind: RefFunc, symbol: name, from: b.here()})
}

// LdBTFID loads the address of the kernel variable with the given BTF id, of the module whose BTF descriptor is fd or of
// the kernel itself when fd is 0. Linux 5.10.
func (b *Builder) LdBTFID(dst Register, id, fd int32) {
	b.imm64(dst, Imm64BTFID, int64(fd)<<32|int64(uint32(id)), b.here())
}

// LdMapIndex is LdMap for entry index of the fd_array that the program is loaded with. Linux 5.14.
func (b *Builder) LdMapIndex(dst Register, index int32) {
	b.imm64(dst, Imm64MapIndex, int64(uint32(index)), b.here())
}

// LdMapIndexValue is LdMapValue for entry index of the fd_array that the program is loaded with. Linux 5.14.
func (b *Builder) LdMapIndexValue(dst Register, index, off int32) {
	b.imm64(dst, Imm64MapIndexValue, int64(off)<<32|int64(uint32(index)), b.here())
}

func (b *Builder) imm64(dst, src Register, imm int64, from origin) {
	b.add(node{ins: Instruction{Op: OpLdImm64, Dst: dst, Src: src, Imm: imm}, from: from})
}

// symbol appends an instruction that names a symbol.
func (b *Builder) symbol(n node) {
	if err := checkName(n.symbol); err != nil {
		b.reject(&n, fmt.Errorf("%v: %w", n.kind, err))
	}
	b.add(n)
}
