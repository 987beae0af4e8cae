package asm

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var randomPrograms = flag.Int("random", 1000, "how many random programs the tests make")

// Every program and what it is run on follow from its number.
func randomNumbers(number int) *rand.Rand { return rand.New(rand.NewPCG(0x9669, uint64(number))) }

// randomSize is a number of statements: most programs are short.
func randomSize(r *rand.Rand) int {
	switch r.IntN(10) {
	case 0:
		return 60 + r.IntN(200)
	case 1, 2, 3:
		return 20 + r.IntN(40)
	}
	return 3 + r.IntN(17)
}

// randomFrame makes a packet of a protocol that the kernel does not look into.
func randomPacket(r *rand.Rand) []byte {
	b := make([]byte, linkLayer+r.IntN(100))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	binary.BigEndian.PutUint16(b[12:], 0x88b5) // IEEE 802 local experimental
	return b
}

// randomContents is what maps hold when a program begins.
func randomContents(seed uint64) func(m MapSpec, key uint32) []byte {
	return func(m MapSpec, key uint32) []byte {
		r := rand.New(rand.NewPCG(seed, uint64(m.ValueSize)<<32|uint64(key)))
		v := make([]byte, m.ValueSize)
		switch m.Name {
		case SectionRodata:
			return append(v[:0], randomConstants()...)
		case "stats", SectionBSS:
			return v
		case "flows":
			if key%2 == 1 {
				return nil
			}
		}
		for i := range v {
			v[i] = byte(r.Uint32())
		}
		return v
	}
}

// outcome is all that a run leaves behind.
type outcome struct {
	r0     uint32
	packet []byte
	values map[string]string // by map and key
}

func (w *world) outcome(r0 uint64) outcome {
	o := outcome{r0: uint32(r0), packet: w.frame, values: make(map[string]string)}
	for _, m := range w.maps {
		for key, v := range m.values {
			if m.present[key] {
				o.set(m.spec.Name, uint32(key), v)
			}
		}
	}
	return o
}

func (o outcome) set(name string, key uint32, v []byte) {
	o.values[fmt.Sprint(name, " ", key)] = string(v)
}

// diff says in what two outcomes differ, or nothing.
func (o outcome) diff(got outcome) string {
	var s strings.Builder
	if o.r0 != got.r0 {
		fmt.Fprintf(&s, "r0: want %#x, got %#x\n", o.r0, got.r0)
	}
	if string(o.packet) != string(got.packet) {
		fmt.Fprintf(&s, "packet: want % x\ngot % x\n", o.packet, got.packet)
	}
	for name, want := range o.values {
		v, ok := got.values[name]
		switch {
		case !ok:
			fmt.Fprintf(&s, "%s: is gone\n", name)
		case v != want:
			for at := range len(want) / 8 {
				if x, y := want[8*at:8*at+8], v[8*at:8*at+8]; x != y {
					fmt.Fprintf(&s, "%s: at %d: want % x, got % x\n", name, 8*at, x, y)
				}
			}
		}
	}
	for name := range got.values {
		if _, ok := o.values[name]; !ok {
			fmt.Fprintf(&s, "%s: should not be there\n", name)
		}
	}
	return s.String()
}

const interpretedSteps = 1 << 20

// The programs that the passes make do what the calls of the Builder say, as far as an interpreter can tell, and read no
// register and no byte of the stack that has no value.
func TestRandomPrograms(t *testing.T) {
	refused := make(map[string]int)
	accepted, spilled := 0, 0
	for number := range *randomPrograms {
		r := randomNumbers(number)
		b := randomProgram(r.IntN, randomSize(r), false)
		p, err := b.Program()
		if err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			if !errors.Is(err, ErrStack) {
				t.Errorf("program %d: refused: %v", number, err)
			}
			refused[strings.Split(first, ": ")[2]]++
			continue
		}
		accepted++
		if frameAccesses(interpretProgram(p)) > frameAccesses(interpretBuilder(b)) {
			spilled++
		}
		for run := range 2 {
			frame, seed := randomPacket(r), r.Uint64()
			if diff := compareInterpreted(b, p, frame, seed); diff != "" {
				t.Errorf("program %d, run %d: %s\n%s", number, run, diff, b.dumped())
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d programs, %d accepted, %d of them spill; refused: %v", *randomPrograms, accepted, spilled, refused)
	if accepted*100 < *randomPrograms*95 {
		t.Error("too few of them are accepted")
	}
}

// compareInterpreted runs what the author wrote and what became of it and says in what they differ.
func compareInterpreted(b *Builder, p *Program, frame []byte, seed uint64) string {
	want := newWorld(p.Type(), randomMaps(), frame, randomContents(seed), 0)
	r0, err := interpret(interpretBuilder(b), want, interpretedSteps)
	if err != nil {
		return fmt.Sprintf("the program as it was written: %v", err)
	}
	got := newWorld(p.Type(), randomMaps(), frame, randomContents(seed), 0x111<<32)
	r0p, err := interpret(interpretProgram(p), got, 4*interpretedSteps)
	if err != nil {
		return fmt.Sprintf("the program as it became: %v", err)
	}
	return want.outcome(r0).diff(got.outcome(r0p))
}

// frameAccesses counts the loads and stores through the frame pointer.
func frameAccesses(p interpreted) int {
	n := 0
	for _, s := range p.steps {
		switch k := kinds[s.ins.Op]; {
		case k == kindLdx && s.ins.Src == FP, k == kindStx && s.ins.Dst == FP:
			n++
		}
	}
	return n
}

// dumped is what Dump writes.
func (b *Builder) dumped() string {
	var s strings.Builder
	b.Dump(&s)
	b.Program()
	b.Dump(nil)
	return s.String()
}

// The same calls make the same bytes.
func TestRandomProgramsAreDeterministic(t *testing.T) {
	for number := range 50 {
		var codes [][]byte
		for range 2 {
			r := randomNumbers(number)
			p, err := randomProgram(r.IntN, randomSize(r), false).Program()
			if err != nil {
				break
			}
			codes = append(codes, p.AppendTo(nil, binary.LittleEndian))
		}
		if len(codes) == 2 && !slices.Equal(codes[0], codes[1]) {
			t.Errorf("program %d has other bytes the second time", number)
		}
	}
}
