package asm

import (
	"slices"
	"strconv"
)

// helper calls something that takes r0 to r5 away.
func (g *generator) helper() bool {
	b := g.b
	if g.odd() {
		g.add(b.Call(Helper(g.choose(220)), g.operand(), g.num()))
		return false
	}
	if g.f.index >= 0 || g.chance(3) {
		b.Call([...]Helper{FnKtimeGetNS, FnGetPrandomU32}[g.choose(2)]) // nobody looks at what it returns
		return false
	}
	sizes := [...]int{1, 2, 4, 8, 16, 5}
	o := g.object(sizes[g.choose(len(sizes))])
	h := FnSKBLoadBytes
	if g.kind == XDP {
		h = FnXDPLoadBytes
	}
	var off Operand = g.choose(80)
	if g.chance(3) {
		v := b.Copy(g.num())
		b.And(v, 127)
		off = v
	}
	g.add(b.Call(h, b.Context(), off, o, o.size))
	g.add(b.Load(o.U8(g.choose(o.size))))
	return false
}

// packetBytes reads or writes the packet directly or, on socket buffers, with the loads of old.
func (g *generator) packetBytes() bool {
	b, f := g.b, g.f
	p := f.packet
	if f.index >= 0 {
		return g.arithmetic()
	}
	if p == nil || g.kind == SchedCLS && g.chance(5) {
		if g.kind == XDP {
			return g.arithmetic()
		}
		b.Mov(R6, b.Context())
		size := [...]Size{B, H, W}[g.choose(3)]
		if g.chance(2) {
			b.LdAbs(size, int32(g.choose(60)))
		} else {
			v := b.Copy(g.num())
			b.And(v, 31)
			b.LdInd(size, v, int32(g.choose(20)))
		}
		g.add(b.Copy(R0))
		return false
	}
	if f.linear == 0 || g.chance(4) {
		f.linear = max(f.linear, 1+g.choose(40))
		p.Need(f.linear, func() { g.finish(false) })
		return false
	}
	if g.kind == SchedCLS && g.chance(4) {
		o := g.object([...]int{4, 8, 16, 5}[g.choose(4)])
		p.Read(o, g.choose(30), func() { g.leave() })
		g.add(b.Load(o.U8(0)))
		return false
	}
	if g.chance(5) {
		index := b.Copy(g.num())
		b.And(index, 15)
		q := p.Skip(index)
		n := 1 + g.choose(20)
		q.Need(n, func() { g.leave() })
		g.add(b.Load(q.U8(g.choose(n))))
		return false
	}
	size := 1 << g.choose(4)
	for size > f.linear {
		size /= 2
	}
	m := Mem{Base: p.at, Off: g.choose(f.linear - size + 1), Size: sizeOf(size)}
	if m.Off < 12 || g.chance(2) { // the kernel reads the link layer's type when the program is done
		g.add(b.LoadBE(m))
	} else {
		b.Store(m, g.num())
	}
	return false
}

// callFunction calls a subprogram, directly or through bpf_loop.
func (g *generator) callFunction() bool {
	b, f := g.b, g.f
	first := f.index + 1
	if first >= len(g.functions) || len(f.loops) > 0 {
		return g.helper()
	}
	fn := &g.functions[first+g.choose(len(g.functions)-first)]
	fn.called = true
	if fn.callback {
		o := g.object(pointedSize)
		g.add(b.Call(FnLoop, 1+g.choose(5), Func(fn.name), o, 0))
		g.add(b.Load(o.U64(8 * g.choose(2))))
		return false
	}
	var args []any
	for range fn.args {
		args = append(args, g.operand())
	}
	if fn.pointer && !g.odd() {
		args[0] = g.object(pointedSize)
	}
	if g.odd() {
		args = append(args, g.num())
	}
	g.add(b.CallFunc(fn.name, args...))
	return false
}

// pressure makes more values than there are registers, across a call.
func (g *generator) pressure() bool {
	b, f := g.b, g.f
	if f.index >= 0 || len(f.loops) > 0 && g.chance(2) {
		return g.arithmetic()
	}
	var many []Register
	for range 8 + g.choose(30) {
		v := b.Copy(g.num())
		b.Add(v, g.choose(1000))
		many = append(many, v)
	}
	if g.chance(2) {
		b.Call(FnKtimeGetNS)
	}
	if g.chance(2) && !g.deep() {
		was := slices.Clone(f.nums)
		f.nums = append(f.nums, many...)
		b.If(g.condition(1), func() { g.arithmetic(); g.arithmetic(); g.helper() })
		f.nums = was
	}
	sum := b.Copy(0)
	for len(many) > 0 {
		k := g.choose(len(many))
		b.Mul(sum, 3)
		b.Add(sum, many[k])
		many = append(many[:k], many[k+1:]...)
	}
	g.add(sum)
	return false
}

// physical uses the machine's registers beside virtual ones.
func (g *generator) physical() bool {
	b := g.b
	r := Register(g.choose(10))
	b.Mov(r, g.num())
	b.Add(r, g.operand())
	if r > R5 {
		switch g.choose(3) {
		case 0:
			b.Call(FnKtimeGetNS)
		case 1:
			g.arithmetic()
			g.arithmetic()
		}
	}
	v := g.variable()
	b.Xor(v, r)
	if g.chance(2) {
		g.add(b.Copy(r))
	}
	return false
}

func (g *generator) ifElse() bool {
	if g.deep() {
		return g.arithmetic()
	}
	c := g.condition(2)
	if g.chance(2) {
		g.b.If(c, func() { g.block() })
		return false
	}
	var x, y bool
	g.b.If(c, func() { x = g.block() }, func() { y = g.block() })
	return x && y
}

// loop makes the body of a loop whose counter is fixed.
func (g *generator) loop(counter Register) (ended bool, l *randomLoop) {
	f := g.f
	l = &randomLoop{}
	fixed := f.fixed
	f.fixed = append(fixed[:len(fixed):len(fixed)], counter)
	f.loops = append(f.loops, l)
	ended = g.block()
	f.loops = f.loops[:len(f.loops)-1]
	f.fixed = fixed
	return ended, l
}

func (g *generator) forLoop() bool {
	if g.deep() {
		return g.arithmetic()
	}
	var ended bool
	var l *randomLoop
	g.b.For(1+g.choose(6), func(i Register) { ended, l = g.loop(i) })
	return ended && !l.broke && !l.continued
}

func (g *generator) whileLoop() bool {
	if g.deep() {
		return g.arithmetic()
	}
	b := g.b
	i := b.Copy(0)
	n := 1 + g.choose(6)
	b.While(func() Cond {
		c := i.Lt(n)
		if g.chance(2) {
			if g.chance(2) {
				was := slices.Clone(g.f.nums)
				g.loading()
				defer func() { g.f.nums = was }()
			}
			return And(c, g.condition(1))
		}
		return c
	}, func() {
		b.Add(i, 1)
		g.loop(i)
	})
	return false
}

func (g *generator) forever() bool {
	if g.deep() {
		return g.arithmetic()
	}
	b := g.b
	i := b.Copy(0)
	n := 1 + g.choose(6)
	b.Forever(func() {
		b.If(i.Ge(n), func() { b.Break() })
		b.Add(i, 1)
		g.loop(i)
	})
	return false
}

func (g *generator) switchCase() bool {
	if g.deep() {
		return g.arithmetic()
	}
	v := g.b.Copy(g.num())
	g.b.And(v, 15)
	all := true
	var cases []Case
	value := int64(g.choose(3))
	for range 1 + g.choose(6) {
		var values []int64
		for range 1 + g.choose(2) {
			values = append(values, value)
			value += 1 + int64(g.choose(3))
		}
		if g.odd() {
			values = append(values, 1<<40)
		}
		cases = append(cases, When(func() { all = g.block() && all }, values...))
	}
	if g.chance(2) {
		g.b.Switch(v, cases, nil)
		return false
	}
	g.b.Switch(v, cases, func() { all = g.block() && all })
	return all
}

// jumpOver jumps to a label.
func (g *generator) jumpOver() bool {
	if g.deep() {
		return g.arithmetic()
	}
	g.b.uniques++
	name := "label" + strconv.Itoa(g.b.uniques)
	if g.odd() {
		name = [...]string{"random", "f0", "", "r1", "same", "nowhere"}[g.choose(6)]
	}
	c := g.condition(2)
	if v, ok := c.right.(int64); ok && v != int64(int32(v)) {
		c = And(c) // JumpIf alone is one instruction
	}
	g.b.JumpIf(c, name)
	g.block()
	if !g.odd() {
		g.b.Label(name)
	}
	return false
}

// leaveLoop breaks or continues, on a condition or not.
func (g *generator) leaveLoop() bool {
	b, f := g.b, g.f
	if len(f.loops) == 0 && !g.odd() {
		return g.arithmetic()
	}
	leave := func() {
		l := &randomLoop{}
		if n := len(f.loops); n > 0 {
			l = f.loops[n-1]
		}
		if g.chance(2) {
			l.broke = true
			b.Break()
		} else {
			l.continued = true
			b.Continue()
		}
	}
	if f.depth > 1 && g.chance(4) {
		leave()
		return true
	}
	b.If(g.condition(1), leave)
	return false
}

func (g *generator) earlyReturn() bool {
	if g.f.depth > 0 && g.chance(3) {
		g.finish(false)
		return true
	}
	g.b.If(g.condition(1), func() { g.finish(false) })
	return false
}
