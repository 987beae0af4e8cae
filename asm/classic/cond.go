package classic

// Cond is a condition on A, unsigned, for Builder.JumpIf.
type Cond struct {
	op     Opcode
	k      uint32
	negate bool // the machine has four comparisons; their opposites swap the targets
}

// Eq is A == k.
func Eq(k uint32) Cond { return Cond{op: OpJeqK, k: k} }

// NotEq is A != k.
func NotEq(k uint32) Cond { return Cond{op: OpJeqK, k: k, negate: true} }

// Gt is A > k.
func Gt(k uint32) Cond { return Cond{op: OpJgtK, k: k} }

// Ge is A >= k.
func Ge(k uint32) Cond { return Cond{op: OpJgeK, k: k} }

// Lt is A < k.
func Lt(k uint32) Cond { return Cond{op: OpJgeK, k: k, negate: true} }

// Le is A <= k.
func Le(k uint32) Cond { return Cond{op: OpJgtK, k: k, negate: true} }

// HasBits is A & mask != 0: any of the bits is set.
func HasBits(mask uint32) Cond { return Cond{op: OpJsetK, k: mask} }

// NoBits is A & mask == 0: none of the bits is set.
func NoBits(mask uint32) Cond { return Cond{op: OpJsetK, k: mask, negate: true} }

// EqX is A == X.
func EqX() Cond { return Cond{op: OpJeqX} }

// NotEqX is A != X.
func NotEqX() Cond { return Cond{op: OpJeqX, negate: true} }

// GtX is A > X.
func GtX() Cond { return Cond{op: OpJgtX} }

// GeX is A >= X.
func GeX() Cond { return Cond{op: OpJgeX} }

// LtX is A < X.
func LtX() Cond { return Cond{op: OpJgeX, negate: true} }

// LeX is A <= X.
func LeX() Cond { return Cond{op: OpJgtX, negate: true} }

// HasBitsX is A & X != 0.
func HasBitsX() Cond { return Cond{op: OpJsetX} }

// NoBitsX is A & X == 0.
func NoBitsX() Cond { return Cond{op: OpJsetX, negate: true} }
