package asm

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// And holds when all of the conditions do. They are evaluated from the left, no further than needed.
func And(c ...Cond) Cond { return Cond{logic: logicAnd, kids: c} }

// Or holds when one of the conditions does. They are evaluated from the left, no further than needed.
func Or(c ...Cond) Cond { return Cond{logic: logicOr, kids: c} }

// Not holds when c does not.
func Not(c Cond) Cond { return Cond{logic: logicNot, kids: []Cond{c}} }

type logic uint8

const (
	leaf logic = iota
	logicAnd
	logicOr
	logicNot
)

// unique returns a label that no author can write.
func (b *Builder) unique() string {
	b.needPasses()
	b.uniques++
	return "#" + strconv.Itoa(b.uniques)
}

// mark defines a label that unique returned, behind all jumps to it unless it begins a loop. A place that nothing leads
// to stays one: what follows an If whose branches both return is not reached.
func (b *Builder) mark(name string, from origin) {
	reached := b.open() || b.jumpedTo(name)
	b.labels[name] = label{index: len(b.nodes), from: from}
	if reached {
		b.marked = len(b.nodes)
	}
}

func (b *Builder) jumpTo(to string, from origin) {
	b.jump(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpJA, K)}, target: to, from: from})
}

// branch jumps to a label when c is as wanted and falls through otherwise.
func (b *Builder) branch(c Cond, to string, want bool, from origin) {
	switch c.logic {
	case logicNot:
		b.branch(c.kids[0], to, !want, from)
		return
	case logicAnd, logicOr:
		// One of the two outcomes is certain as soon as one kid says so: for And that is false, for Or true.
		if certain := c.logic == logicOr; certain == want {
			for _, kid := range c.kids {
				b.branch(kid, to, want, from)
			}
			return
		}
		if len(c.kids) == 0 {
			b.jumpTo(to, from)
			return
		}
		skip := b.unique()
		last := len(c.kids) - 1
		for _, kid := range c.kids[:last] {
			b.branch(kid, skip, !want, from)
		}
		b.branch(c.kids[last], to, want, from)
		b.mark(skip, from)
		return
	}
	if v, _, ok := constant(c.right); ok && c.class == ClassJMP && v != int64(int32(v)) {
		t := b.Virtual() // the constant does not fit the instruction
		b.set(t, c.right, from)
		c.right = t
	}
	if want {
		b.compare(c, to, from)
		return
	}
	if c.op == OpJSet || c.class == 0 {
		skip := b.unique()
		b.compare(c, skip, from)
		b.jumpTo(to, from)
		b.mark(skip, from)
		return
	}
	c.op = inverse[c.op>>4]
	b.compare(c, to, from)
}

// open reports whether control can come to the next instruction from the one before.
func (b *Builder) open() bool {
	n := len(b.nodes)
	if n == 0 {
		return true
	}
	if b.marked == n {
		return true
	}
	last := inst{node: b.nodes[n-1]}
	return !last.ends()
}

// ErrNesting is wrapped by the error about a call that has no place where it stands.
var ErrNesting = errors.New("out of place")

// within calls body, which writes what is inside the given call.
func (b *Builder) within(call string, from origin, body func()) {
	if body == nil {
		b.fail(from, call, fmt.Errorf("%w: no body; an empty one is func() {}", ErrOperand))
		return
	}
	b.inside = append(b.inside, call)
	body()
	b.inside = b.inside[:len(b.inside)-1]
}

// If runs then when c holds, and otherwise, if one is given, the else branch.
func (b *Builder) If(c Cond, then func(), otherwise ...func()) {
	from := b.here()
	if len(otherwise) > 1 {
		b.fail(from, "if", fmt.Errorf("%w: %d else branches; it has one at most", ErrOperand, len(otherwise)))
	}
	end := b.unique()
	no := end
	if len(otherwise) > 0 {
		no = b.unique()
	}
	b.branch(c, no, false, from)
	b.within("if", from, then)
	if len(otherwise) > 0 {
		if b.open() {
			b.jumpTo(end, from)
		}
		b.mark(no, from)
		b.within("if", from, otherwise[0])
	}
	b.mark(end, from)
}

// loop is where Break and Continue lead.
type loop struct{ head, end string }

// While runs body as long as the condition holds. cond is called once, to emit what computes it. The kernel must see a
// bound: a counter that it compares with a constant, or MayGoto. Loops need Linux 5.3.
func (b *Builder) While(cond func() Cond, body func()) {
	from := b.here()
	head, end := b.unique(), b.unique()
	b.mark(head, from)
	var c Cond
	b.within("while", from, func() {
		if cond == nil {
			b.fail(from, "while", fmt.Errorf("%w: no condition", ErrOperand))
			c = And()
			return
		}
		c = cond()
	})
	b.branch(c, end, false, from)
	b.body("while", loop{head, end}, from, body)
	if b.open() {
		b.jumpTo(head, from)
	}
	b.mark(end, from)
}

// For runs body n times with a counter from 0 to n-1, in a loop whose bound the verifier sees: it goes round as often as
// the program would. The counter is a register; body must not change it. Linux 5.3.
//
// For many rounds the kernel can call a function instead, which the verifier looks at once (Linux 5.17). What it needs of
// this one it reads from a stack object, whose address it gets:
//
//	b.Call(asm.FnLoop, 1000, asm.Func("round"), state, 0)
//	...
//	b.Function("round", 2, func(args []asm.Register) {
//		i, state := args[0], args[1]
//		...
//		b.Return(0) // go on
//	})
func (b *Builder) For(n int, body func(i Register)) {
	from := b.here()
	if n < 1 || int64(n) > math.MaxInt32 {
		b.fail(from, "for", fmt.Errorf("%w: %d rounds; from 1 to 2147483647 can be had", ErrOperand, n))
		n = 1
	}
	i := b.Virtual()
	b.set(i, 0, from)
	head, next, end := b.unique(), b.unique(), b.unique()
	b.mark(head, from)
	begin := len(b.nodes)
	if body == nil {
		b.body("for", loop{next, end}, from, nil)
	} else {
		b.body("for", loop{next, end}, from, func() { body(i) })
	}
	b.checkCounter(i, begin, from)
	if b.open() || b.jumpedTo(next) {
		b.mark(next, from)
		b.add(node{ins: Instruction{Op: ALUOpcode(ClassALU64, OpAdd, K), Dst: i, Imm: 1}, from: from})
		b.compare(i.Lt(n), head, from)
	}
	b.mark(end, from)
}

// checkCounter reports instructions in the body of a For that write its counter.
func (b *Builder) checkCounter(i Register, begin int, from origin) {
	for _, n := range b.nodes[begin:] {
		in := inst{node: n}
		if r := in.registers(); slices.Contains(r.defs[:r.ndefs], i) {
			b.fail(n.from, n.text(), fmt.Errorf("%w: %v counts the rounds of the For at %v; change a Copy of it, or write a While", ErrOperand, i, from.position()))
		}
	}
}

// Forever runs body until it breaks or returns, or until the kernel's time for the program is up (may_goto). Linux 6.9.
//
// The verifier goes on with the rounds until one finds all registers as one before did. A number that it knows, such as
// a counter that began as a constant, keeps them different: let it begin as what is loaded from memory, a Global say.
func (b *Builder) Forever(body func()) {
	from := b.here()
	head, end := b.unique(), b.unique()
	b.mark(head, from)
	b.add(node{ins: Instruction{Op: JumpOpcode(ClassJMP, OpJCond, K)}, target: end, from: from})
	b.body("forever", loop{head, end}, from, body)
	if b.open() {
		b.jumpTo(head, from)
	}
	b.mark(end, from)
}

func (b *Builder) body(call string, l loop, from origin, body func()) {
	b.loops = append(b.loops, l)
	b.within(call, from, body)
	b.loops = b.loops[:len(b.loops)-1]
}

// jumpedTo reports whether a jump leads to a label that unique returned.
func (b *Builder) jumpedTo(name string) bool { return b.jumped[name] }

// Unroll calls body n times, with 0 to n-1: the instructions stand there n times, and there is no loop for Break to leave.
func (b *Builder) Unroll(n int, body func(i int)) {
	from := b.here()
	if n < 0 {
		b.fail(from, "unroll", fmt.Errorf("%w: %d rounds", ErrOperand, n))
	}
	if body == nil {
		b.within("unroll", from, nil)
		return
	}
	for i := range n {
		b.within("unroll", from, func() { body(i) })
	}
}

// Break leaves the innermost loop.
func (b *Builder) Break() { b.leave("break", b.here(), func(l loop) string { return l.end }) }

// Continue goes on with the next round of the innermost loop.
func (b *Builder) Continue() { b.leave("continue", b.here(), func(l loop) string { return l.head }) }

func (b *Builder) leave(word string, from origin, to func(loop) string) {
	if len(b.loops) == 0 {
		b.fail(from, word, fmt.Errorf("%w: no loop is open; it belongs into the body of a For, While or Forever", ErrNesting))
		return
	}
	b.jumpTo(to(b.loops[len(b.loops)-1]), from)
}

// Case is one of the branches of a Switch.
type Case struct {
	values []int64
	body   func()
}

// When makes a case for constants.
func When(body func(), values ...int64) Case { return Case{values: values, body: body} }

// Switch runs the case that has v among its values, or otherwise, which may be nil. Up to four values are compared one by
// one, more by halving, as signed numbers of 64 bits.
func (b *Builder) Switch(v Register, cases []Case, otherwise func()) {
	from := b.here()
	type arm struct {
		value int64
		to    string
	}
	var arms []arm
	end := b.unique()
	names := make([]string, len(cases))
	seen := make(map[int64]bool)
	for i, c := range cases {
		names[i] = b.unique()
		if len(c.values) == 0 {
			b.fail(from, "switch", fmt.Errorf("%w: case %d has no values; what runs for all others is the last argument", ErrOperand, i+1))
		}
		for _, value := range c.values {
			if seen[value] {
				b.fail(from, "switch", fmt.Errorf("%w: two cases for %d; leave one of them out", ErrOperand, value))
			}
			seen[value] = true
			arms = append(arms, arm{value, names[i]})
		}
	}
	none := b.unique()
	var choose func(arms []arm)
	choose = func(arms []arm) {
		if len(arms) <= 4 {
			for _, a := range arms {
				b.branch(v.Eq(a.value), a.to, true, from)
			}
			b.jumpTo(none, from)
			return
		}
		upper := b.unique()
		half := len(arms) / 2
		b.branch(v.SGe(arms[half].value), upper, true, from)
		choose(arms[:half])
		b.mark(upper, from)
		choose(arms[half:])
	}
	if len(arms) > 4 {
		slices.SortFunc(arms, func(x, y arm) int { return cmp.Compare(x.value, y.value) })
	}
	choose(arms)
	for i, c := range cases {
		b.mark(names[i], from)
		b.within("switch", from, c.body)
		if b.open() {
			b.jumpTo(end, from)
		}
	}
	b.mark(none, from)
	if otherwise != nil {
		b.within("switch", from, otherwise)
	}
	b.mark(end, from)
}
