package asm

import (
	"math"
	"strconv"
)

// generator makes random calls of a Builder. Tame, the calls are those of an author who knows what the verifier wants:
// values are given before they are used, offsets are masked, loops are bounded. Wild, now and then one is nonsense.
type generator struct {
	b      *Builder
	choose func(n int) int // a number below n
	left   int             // statements that may still be made
	live   int             // numbers that statements choose from
	wild   bool
	odds   int // of nonsense, 1 in so many choices
	kind   ProgramType

	out, data, bss, rodata *Global
	stats                  *Counters
	functions              []randomFunction
	f                      *randomFrame
}

// randomFunction is a subprogram of the random program. A function calls those behind it in the list.
type randomFunction struct {
	name     string
	args     int
	pointer  bool // the first argument is the address of pointedSize bytes
	callback bool // for bpf_loop
	called   bool
}

const pointedSize = 16

// randomFrame is the function that is being made.
type randomFrame struct {
	index   int        // in functions, -1 for main
	nums    []Register // that have a value here and may change
	fixed   []Register // that have a value here and must not change
	ptrs    []randomPointer
	objects []*StackObject
	loops   []*randomLoop
	packet  *Packet
	linear  int // bytes of the packet that were compared with its end
	depth   int
}

type randomPointer struct {
	reg    Register
	size   int
	aligns int  // the alignment of its address, and so of the accesses
	atomic bool // atomic operations are allowed
	write  bool
	stack  bool // in a frame
}

type randomLoop struct{ broke, continued bool }

// What random programs share.
const (
	outSize     = 1536
	globalSize  = 64
	valuesCount = 4
	flowsCount  = 8
)

func randomMaps() []MapSpec {
	return []MapSpec{
		{Name: "values", Type: MapArray, KeySize: 4, ValueSize: 64, MaxEntries: valuesCount},
		{Name: "flows", Type: MapHash, KeySize: 8, ValueSize: 16, MaxEntries: flowsCount},
		randomCounters().Map(),
		{Name: SectionRodata, Type: MapArray, KeySize: 4, ValueSize: globalSize, MaxEntries: 1, Flags: MapReadOnlyProg},
		{Name: SectionData, Type: MapArray, KeySize: 4, ValueSize: globalSize, MaxEntries: 1},
		{Name: SectionBSS, Type: MapArray, KeySize: 4, ValueSize: outSize + globalSize, MaxEntries: 1},
	}
}

func randomCounters() *Counters { return NewCounters("stats", "a", "b", "c") }

// randomConstants are the contents of .rodata.
func randomConstants() []byte {
	b := make([]byte, globalSize)
	for i := range b {
		b[i] = byte(i * 41)
	}
	return b
}

// randomProgram makes the calls of one program.
func randomProgram(choose func(int) int, size int, wild bool) *Builder {
	kinds := [...]ProgramType{SchedCLS, SchedCLS, SchedCLS, XDP, SocketFilter}
	g := &generator{choose: choose, left: size, live: 4 << choose(4), wild: wild, kind: kinds[choose(len(kinds))]}
	if wild {
		g.odds = [...]int{24, 200, 2000}[choose(3)]
	}
	g.b = NewBuilder("random", g.kind)
	if choose(3) == 0 {
		g.b.Target(V4)
	}
	for _, m := range randomMaps()[:2] {
		g.b.DeclareMap(m)
	}
	g.rodata = g.b.Rodata("constants", randomConstants())
	g.data = g.b.Data("variables", randomConstants())
	g.out = g.b.BSS("out", outSize)
	g.bss = g.b.BSS("zeros", globalSize)
	g.stats = randomCounters()
	for i := range choose(4) {
		f := randomFunction{name: "f" + strconv.Itoa(i), args: choose(6)}
		if f.callback = choose(4) == 0; f.callback {
			f.args, f.pointer = 2, true
		} else {
			f.pointer = f.args > 0 && choose(3) == 0
		}
		g.functions = append(g.functions, f)
	}
	g.main()
	for i := range g.functions {
		if g.functions[i].called || g.wild {
			g.function(i)
		}
	}
	return g.b
}

func (g *generator) chance(n int) bool { return g.choose(n) == 0 }

// odd is whether to do nonsense.
func (g *generator) odd() bool { return g.wild && g.chance(g.odds) }

func (g *generator) main() {
	g.f = &randomFrame{index: -1}
	if g.kind != SocketFilter && g.chance(2) {
		g.f.packet = g.b.Packet()
	}
	g.objects(1 + g.choose(4))
	for range 1 + g.choose(5) {
		g.f.nums = append(g.f.nums, g.b.Copy(g.constant(64)))
	}
	for g.left > 0 {
		if g.statement() && !g.wild {
			return
		}
	}
	g.finish(true)
}

func (g *generator) function(i int) {
	f := g.functions[i]
	g.b.Function(f.name, f.args, func(args []Register) {
		g.f = &randomFrame{index: i}
		if f.pointer && len(args) > 0 {
			// A callback's context is an address on the caller's stack.
			g.f.ptrs = append(g.f.ptrs, randomPointer{reg: args[0], size: pointedSize, aligns: 8, atomic: true, write: true, stack: true})
			if f.callback {
				g.f.ptrs[0].reg = args[1]
				args = args[:1]
			} else {
				args = args[1:]
			}
		}
		g.f.nums = append(g.f.nums, args...)
		g.objects(g.choose(3))
		g.f.nums = append(g.f.nums, g.b.Copy(g.constant(64)))
		for range 2 + g.choose(8) {
			if g.statement() && !g.wild {
				return
			}
		}
		g.leave()
	})
}

// objects makes stack objects, all of whose bytes have a value.
func (g *generator) objects(n int) {
	for range n {
		sizes := [...]int{1, 2, 4, 8, 8, 16, 16, 24, 5, 33, 64}
		o := g.b.Stack("o"+strconv.Itoa(len(g.f.objects)), sizes[g.choose(len(sizes))])
		if g.odd() {
			o = g.b.Stack("odd", g.choose(600)-5)
		} else {
			g.b.Zero(o)
		}
		g.f.objects = append(g.f.objects, o)
	}
}

// finish writes what lives to the output and returns.
func (g *generator) finish(all bool) {
	f := g.f
	if f.index >= 0 {
		g.leave()
		return
	}
	out := g.b.Addr(g.out)
	at := 0
	hash := g.b.Copy(1)
	for _, v := range f.nums {
		if !all && g.chance(2) {
			continue
		}
		if g.chance(3) || at+8 > outSize {
			g.b.Mul(hash, 31)
			g.b.Add(hash, v)
			continue
		}
		g.b.Store(out.U64(at), v)
		at += 8
	}
	for _, o := range f.objects {
		for off := 0; off < o.size; {
			n := o.align()
			for off%n != 0 || off+n > o.size {
				n /= 2
			}
			if (n == 8 || g.chance(2)) && at+8 <= outSize {
				g.b.Store(out.U64(at), g.b.Load(o.mem(off, sizeOf(n))))
				at += 8
			}
			off += n
		}
	}
	g.b.Return(hash)
}

// leave returns from a function.
func (g *generator) leave() {
	switch {
	case g.f.index >= 0 && g.functions[g.f.index].callback:
		if g.chance(2) {
			v := g.b.Copy(g.num())
			g.b.And(v, 1)
			g.b.Return(v)
		} else {
			g.b.Return(g.choose(2))
		}
	case g.chance(3):
		g.b.Return(g.constant(64))
	default:
		g.b.Return(g.num())
	}
}

// num is a register that holds a number.
func (g *generator) num() Register {
	if g.odd() {
		return Register(g.choose(12)) + Register(g.choose(2))*firstVirtual
	}
	if n := len(g.f.fixed); n > 0 && g.chance(6) {
		return g.f.fixed[g.choose(n)]
	}
	return g.variable()
}

// variable is a number that may be changed.
func (g *generator) variable() Register {
	if g.odd() {
		return Register(g.choose(12)) + Register(g.choose(2))*firstVirtual
	}
	n := len(g.f.nums)
	if n == 0 {
		g.f.nums = append(g.f.nums, g.b.Copy(7))
		n = 1
	}
	if n > 8 && g.chance(2) {
		return g.f.nums[n-1-g.choose(8)]
	}
	return g.f.nums[g.choose(n)]
}

// add makes a register with a value one that statements choose from, instead of another one if they are many.
func (g *generator) add(r Register) {
	if n := len(g.f.nums); n >= g.live {
		g.f.nums[g.choose(n)] = r
		return
	}
	g.f.nums = append(g.f.nums, r)
}

// constant is one of so many bits, with those that lie at edges more often.
func (g *generator) constant(bits int) int64 {
	var v int64
	switch g.choose(6) {
	case 0, 1:
		v = int64(g.choose(33)) - 16
	case 2:
		v = 1<<g.choose(64) - 1 + int64(g.choose(3))
	case 3:
		v = -1 << g.choose(63)
	case 4:
		v = int64(g.choose(math.MaxInt32)) * int64(g.choose(3)-1)
	default:
		v = int64(g.choose(1<<30)) * int64(g.choose(1<<30)) * int64(g.choose(64)-32)
	}
	if bits == 32 {
		v = int64(int32(v))
	}
	return v
}

// operand is a number or a constant that fits an instruction.
func (g *generator) operand() Operand {
	switch {
	case g.odd():
		return [...]Operand{nil, "text", uint64(math.MaxUint64), int64(math.MinInt64), 1.5, FP, Map("values")}[g.choose(7)]
	case g.chance(2):
		return g.num()
	}
	return g.constant(32)
}

// condition is one that is not certain.
func (g *generator) condition(depth int) Cond {
	if depth > 0 && g.chance(3) {
		var kids []Cond
		for range 1 + g.choose(3) {
			kids = append(kids, g.condition(depth-1))
		}
		switch g.choose(3) {
		case 0:
			return And(kids...)
		case 1:
			return Or(kids...)
		}
		return Not(kids[0])
	}
	if g.odd() {
		return [...]Cond{{}, And(), Or(), Not(Cond{}), cond(ClassJMP, 0xf0, R1, 1)}[g.choose(5)]
	}
	r := g.num()
	class, bits := ClassJMP, 64
	if g.chance(2) {
		class, bits = ClassJMP32, 32
	}
	ops := [...]JumpOp{OpJEq, OpJNE, OpJGT, OpJGE, OpJLT, OpJLE, OpJSGT, OpJSGE, OpJSLT, OpJSLE, OpJSet}
	op := ops[g.choose(len(ops))]
	if g.chance(3) {
		return cond(class, op, r, g.num())
	}
	return cond(class, op, r, g.constant(bits))
}
