package asm

import "slices"

// randomStatement is a kind of calls of a random program.
type randomStatement struct {
	weight int
	make   func(g *generator) (ended bool)
}

// statement makes one of them and reports whether control never comes to what follows.
func (g *generator) statement() (ended bool) {
	statements := [...]randomStatement{
		{20, (*generator).arithmetic},
		{6, (*generator).newNumber},
		{8, (*generator).conversion},
		{10, (*generator).loading},
		{10, (*generator).storing},
		{5, (*generator).atomically},
		{4, (*generator).pointerTo},
		{4, (*generator).lookup},
		{2, (*generator).update},
		{4, (*generator).helper},
		{3, (*generator).packetBytes},
		{4, (*generator).callFunction},
		{2, (*generator).pressure},
		{3, (*generator).physical},
		{2, (*generator).zero},
		{1, (*generator).count},
		{8, (*generator).ifElse},
		{2, (*generator).forLoop},
		{2, (*generator).whileLoop},
		{1, (*generator).forever},
		{2, (*generator).switchCase},
		{2, (*generator).jumpOver},
		{2, (*generator).leaveLoop},
		{1, (*generator).earlyReturn},
	}
	g.left--
	sum := 0
	for _, s := range statements {
		sum += s.weight
	}
	at := g.choose(sum)
	for _, s := range statements {
		if at -= s.weight; at < 0 {
			return s.make(g)
		}
	}
	return false
}

// block makes a few statements whose values nobody sees outside.
func (g *generator) block() (ended bool) {
	f := g.f
	was := *f
	was.nums = slices.Clone(f.nums)
	f.depth++
	for range 1 + g.choose(5) {
		if g.left <= 0 {
			break
		}
		if ended = g.statement(); ended && !g.wild {
			break
		}
	}
	f.nums, f.fixed, f.ptrs, f.linear, f.depth = was.nums, was.fixed, was.ptrs, was.linear, was.depth
	return ended
}

// deep is whether there is too much around to open another block.
func (g *generator) deep() bool { return g.f.depth > 4 || !g.wild && len(g.f.loops) > 1 }

func (g *generator) arithmetic() bool {
	b := g.b
	plain := [...]func(Register, Operand){
		b.Add, b.Sub, b.Mul, b.Or, b.And, b.Xor, b.Mov,
		b.Add32, b.Sub32, b.Mul32, b.Or32, b.And32, b.Xor32, b.Mov32,
	}
	divisions := [...]func(Register, Operand){b.Div, b.SDiv, b.Mod, b.SMod, b.Div32, b.SDiv32, b.Mod32, b.SMod32}
	shifts := [...]func(Register, Operand){b.Lsh, b.Rsh, b.Arsh, b.Lsh32, b.Rsh32, b.Arsh32}
	dst := g.variable()
	switch g.choose(4) {
	case 0:
		x := g.operand()
		if x == int64(0) && !g.odd() {
			x = int64(3)
		}
		divisions[g.choose(len(divisions))](dst, x)
	case 1:
		var x Operand = g.num()
		k := g.choose(len(shifts))
		if g.chance(2) {
			x = g.choose(32)
			if k < 3 || g.odd() {
				x = g.choose(64)
			}
		}
		shifts[k](dst, x)
	default:
		plain[g.choose(len(plain))](dst, g.operand())
	}
	return false
}

func (g *generator) newNumber() bool {
	switch g.choose(3) {
	case 0:
		g.add(g.b.Copy(g.constant(64)))
	case 1:
		g.add(g.b.Copy(g.num()))
	default:
		v := g.b.Virtual()
		g.b.Mov32(v, g.operand())
		g.add(v)
	}
	return false
}

func (g *generator) conversion() bool {
	dst, src := g.variable(), g.num()
	if g.chance(2) {
		dst = g.b.Virtual()
		defer g.add(dst)
		if !g.odd() {
			src = g.num()
		}
		switch g.choose(2) {
		case 0:
			g.b.MovSX(dst, src, 8<<g.choose(3))
		default:
			g.b.MovSX32(dst, src, 8<<g.choose(2))
		}
		return false
	}
	switch g.choose(7) {
	case 0:
		g.b.MovSX(dst, src, 8<<g.choose(3))
	case 1:
		g.b.MovSX32(dst, src, 8<<g.choose(2))
	case 2:
		g.b.LE(dst, 16<<g.choose(3))
	case 3:
		g.b.BE(dst, 16<<g.choose(3))
	case 4:
		g.b.Bswap(dst, 16<<g.choose(3))
	case 5:
		g.b.Neg(dst)
	default:
		g.b.Neg32(dst)
	}
	return false
}

// place is somewhere in memory.
func (g *generator) place(write, atomic bool) Mem {
	f := g.f
	var ptrs []randomPointer
	for _, p := range f.ptrs {
		if (p.write || !write) && (p.atomic || !atomic) {
			ptrs = append(ptrs, p)
		}
	}
	size := g.choose(4)
	if atomic {
		size = 2 + g.choose(2)
	}
	var m Mem
	switch {
	case len(ptrs) > 0 && (len(f.objects) == 0 || g.chance(2)):
		p := ptrs[g.choose(len(ptrs))]
		for 1<<size > p.size || 1<<size > p.aligns {
			size--
		}
		off := g.choose(p.size-1<<size+1) &^ (1<<size - 1)
		m = Mem{Base: p.reg, Off: off, Size: sizeOf(1 << size)}
	case len(f.objects) > 0:
		o := f.objects[g.choose(len(f.objects))]
		for 1<<size > o.size || 1<<size > o.align() {
			size--
		}
		m = o.mem(g.choose(o.size-1<<size+1)&^(1<<size-1), sizeOf(1<<size))
	default:
		m = g.b.Addr(g.bss).U64(8 * g.choose(globalSize/8))
	}
	if atomic && size < 2 {
		m = g.b.Addr(g.bss).U32(4 * g.choose(globalSize/4))
	}
	if g.odd() {
		m.Off = g.choose(1<<17) - 1<<16
	}
	if g.odd() {
		m.Size = Size(g.choose(256))
	}
	return m
}

func (g *generator) loading() bool {
	m := g.place(false, false)
	switch g.choose(4) {
	case 0:
		g.add(g.b.LoadBE(m))
	case 1:
		m.Signed = true
		g.add(g.b.Load(m))
	case 2:
		g.b.Ldx(g.variable(), m)
	default:
		g.add(g.b.Load(m))
	}
	return false
}

func (g *generator) storing() bool {
	m := g.place(true, false)
	if g.chance(3) {
		x := g.constant(64)
		if n := 8 * m.Size.Bytes(); n > 0 && n < 64 {
			x = x << (64 - n) >> (64 - n)
		}
		g.b.Store(m, x)
	} else {
		g.b.Store(m, g.num())
	}
	return false
}

func (g *generator) atomically() bool {
	b := g.b
	m := g.place(true, true)
	if g.odd() {
		m.Size = B
	}
	switch g.choose(6) {
	case 0:
		plain := [...]func(Mem, Register){b.AtomicAdd, b.AtomicOr, b.AtomicAnd, b.AtomicXor}
		plain[g.choose(4)](m, g.num())
	case 1, 2:
		fetch := [...]func(Mem, Register){b.FetchAdd, b.FetchOr, b.FetchAnd, b.FetchXor, b.Xchg}
		fetch[g.choose(5)](m, g.variable())
	case 3:
		b.Mov(R0, g.num())
		b.CmpXchg(m, g.num())
		g.add(b.Copy(R0))
	case 4:
		v := b.Virtual()
		b.LoadAcquire(v, m)
		g.add(v)
	default:
		b.StoreRelease(m, g.num())
	}
	return false
}

// pointerTo makes an address that later statements go through.
func (g *generator) pointerTo() bool {
	f, b := g.f, g.b
	p := randomPointer{aligns: 8, atomic: true, write: true}
	switch k := g.choose(4); {
	case k == 0 && len(f.objects) > 0:
		o := f.objects[g.choose(len(f.objects))]
		p.reg, p.size, p.aligns, p.stack = b.Addr(o), o.size, o.align(), true
	case k == 1 && len(f.ptrs) > 0: // at an offset that is not known
		old := f.ptrs[g.choose(len(f.ptrs))]
		span := 1
		for span*2 <= old.size {
			span *= 2
		}
		if span < 2 || old.aligns < 2 {
			return false
		}
		p = old
		p.atomic = p.atomic && !p.stack // the verifier wants to know which bytes of the stack they change
		p.aligns = 1 << g.choose(3)
		for p.aligns > old.aligns || p.aligns >= span {
			p.aligns /= 2
		}
		index := b.Copy(g.num())
		b.And(index, span-p.aligns)
		p.reg = b.Copy(old.reg)
		b.Add(p.reg, index)
		p.size = old.size - (span - p.aligns)
	case k == 2:
		p.reg, p.size = b.Addr(g.data), globalSize
	case k == 3 && g.chance(2):
		p.reg, p.size, p.write, p.atomic = b.Addr(g.rodata), globalSize, false, false
	default:
		p.reg, p.size = b.Addr(g.bss), globalSize
	}
	if p.size < 4 {
		p.atomic = false
	}
	f.ptrs = append(f.ptrs[:len(f.ptrs):len(f.ptrs)], p)
	return false
}

// object is a stack object of a size; it has a value.
func (g *generator) object(size int) *StackObject {
	var fit []*StackObject
	for _, o := range g.f.objects {
		if o.size == size {
			fit = append(fit, o)
		}
	}
	if len(fit) > 0 && !g.chance(8) {
		return fit[g.choose(len(fit))]
	}
	o := g.b.Stack("key", size)
	g.b.Zero(o)
	return o
}

// key is a stack object with a key of the array or of the hash.
func (g *generator) key(hash bool) *StackObject {
	n := g.b.Copy(g.num())
	if hash {
		o := g.object(8)
		g.b.And(n, flowsCount-1)
		g.b.Store(o.U64(0), n)
		return o
	}
	o := g.object(4)
	if g.chance(2) {
		g.b.Store(o.U32(0), g.choose(valuesCount+1))
	} else {
		g.b.And(n, valuesCount-1+4*g.choose(2))
		g.b.Store(o.U32(0), n)
	}
	return o
}

func (g *generator) lookup() bool {
	b, f := g.b, g.f
	hash := g.chance(3)
	name, size := "values", 64
	if hash {
		name, size = "flows", 16
	}
	v := b.Call(FnMapLookupElem, Map(name), g.key(hash))
	within := func() bool {
		ptrs := f.ptrs
		defer func() { f.ptrs = ptrs }()
		f.ptrs = append(f.ptrs[:len(f.ptrs):len(f.ptrs)], randomPointer{reg: v, size: size, aligns: 8, atomic: true, write: true})
		if !hash && !g.deep() {
			return g.block()
		}
		// An update makes a new value of a hash's key; nobody may look at the old one then.
		was := slices.Clone(f.nums)
		for range 1 + g.choose(3) {
			[...]func() bool{g.loading, g.storing, g.atomically, g.arithmetic}[g.choose(4)]()
		}
		f.nums = was
		return false
	}
	switch {
	case hash || g.chance(2):
		b.If(v.NotEq(0), func() { within() })
	case g.deep():
		b.If(v.Eq(0), func() {}, func() { within() })
	default:
		var x, y bool
		b.If(v.Eq(0), func() { x = g.block() }, func() { y = within() })
		return x && y
	}
	return false
}

func (g *generator) update() bool {
	b := g.b
	hash := g.chance(2)
	name, size := "values", 64
	if hash {
		name, size = "flows", 16
	}
	key := g.key(hash)
	value := g.object(size)
	b.Store(value.U64(0), g.num())
	var r Register
	if hash && g.chance(3) {
		r = b.Call(FnMapDeleteElem, Map(name), key)
	} else {
		r = b.Call(FnMapUpdateElem, Map(name), key, value, UpdateFlags(0))
	}
	if g.chance(2) {
		g.add(r)
	}
	return false
}

func (g *generator) zero() bool {
	if n := len(g.f.objects); n > 0 {
		g.b.Zero(g.f.objects[g.choose(n)])
	}
	return false
}

func (g *generator) count() bool {
	name := [...]string{"a", "b", "c"}[g.choose(3)]
	if g.odd() {
		name = "d"
	}
	g.b.Count(g.stats, name, g.operand())
	return false
}
