package asm

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// Whatever is asked of a Builder in virtual registers, blocks and calls, sense or nonsense: it ends, does not panic, says
// of every error where it comes from, and what it accepts does what it was told.
func FuzzDSL(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		input := make([]byte, 50+20*n)
		for i := range input {
			input[i] = byte(r.Uint32())
		}
		f.Add(input, n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, input []byte, wild bool) {
		choose := func(n int) int {
			v := 0
			for limit := n; limit > 1; limit >>= 8 {
				if len(input) == 0 {
					return v % n
				}
				v, input = v<<8|int(input[0]), input[1:]
			}
			return v % n
		}
		b := randomProgram(choose, 5+len(input)/20, wild)
		checkNonsense(t, b)
	})
}

// The same with more of it that makes sense.
func TestRandomNonsense(t *testing.T) {
	ran := 0
	for number := range *randomPrograms {
		r := rand.New(rand.NewPCG(7, uint64(number)))
		if checkNonsense(t, randomProgram(r.IntN, randomSize(r), true)) {
			ran++
		}
		if t.Failed() {
			t.Fatalf("program %d", number)
		}
	}
	t.Logf("%d programs, %d run", *randomPrograms, ran)
	if ran*10 < *randomPrograms {
		t.Error("too few of them make sense")
	}
}

// checkNonsense builds what may be nonsense. What runs as it was written, and does not compute with addresses, must run
// the same way as it became.
func checkNonsense(t *testing.T, b *Builder) (ran bool) {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		if p != nil {
			t.Fatalf("program %v beside error %v", p, err)
		}
		checkPositions(t, err)
		return false
	}
	frame := randomPacket(rand.New(rand.NewPCG(3, 4)))
	var results []outcome
	for _, run := range []struct {
		p    interpreted
		base uint64
	}{{interpretBuilder(b), 0}, {interpretBuilder(b), 0x2222 << 32}, {interpretProgram(p), 0}} {
		w := newWorld(p.Type(), randomMaps(), frame, randomContents(1), run.base)
		r0, err := interpret(run.p, w, 1<<14<<len(results))
		if len(results) < 2 && err != nil {
			return false // nonsense that is not seen until it runs
		}
		if err != nil {
			t.Fatalf("%v\n%s\n%v", err, b.dumped(), p)
		}
		results = append(results, w.outcome(r0))
		if len(results) == 2 && results[0].diff(results[1]) != "" {
			return false // it computes with addresses, which nothing keeps
		}
	}
	if diff := results[0].diff(results[2]); diff != "" {
		t.Fatalf("%s\n%s\n%v", diff, b.dumped(), p)
	}
	return true
}

// checkPositions wants a line of this package's tests in every part of an error.
func checkPositions(t *testing.T, err error) {
	t.Helper()
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			checkPositions(t, e)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) || e.Position.Line == 0 || e.Err == nil || e.Err.Error() == "" {
		t.Errorf("%v has no position", err)
	}
}
