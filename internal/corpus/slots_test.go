package corpus

import (
	"slices"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

func build(t testing.TB, make func() (*asm.Program, error)) *asm.Program {
	t.Helper()
	p, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSlots holds the length of our programs against clang's.
func TestSlots(t *testing.T) {
	const worst, median = 1.25, 1.0
	var ratios []float64
	t.Logf("%-16s %5s %5s %6s", "program", "ours", "clang", "ratio")
	for _, f := range Programs() {
		ours := build(t, f)
		clang := clangProgram(t, ours)
		ratio := float64(ours.Slots()) / float64(clang.Slots())
		ratios = append(ratios, ratio)
		t.Logf("%-16s %5d %5d %6.2f", ours.Name(), ours.Slots(), clang.Slots(), ratio)
		if ratio > worst {
			t.Errorf("%s has %d slots, more than %v times clang's %d", ours.Name(), ours.Slots(), worst, clang.Slots())
		}
	}
	slices.Sort(ratios)
	middle := (ratios[(len(ratios)-1)/2] + ratios[len(ratios)/2]) / 2
	t.Logf("median %.2f, worst %.2f", middle, ratios[len(ratios)-1])
	if middle > median {
		t.Errorf("the median is %.2f, want %v or less", middle, median)
	}
}

// A selector by connection ID with direct access takes 22 slots when written by hand.
func TestSelectDCIDIsAsShortAsByHand(t *testing.T) {
	const limit = 24
	p := build(t, SelectDCID)
	if p.Slots() > limit {
		t.Errorf("%d slots, want %d or less:\n%v", p.Slots(), limit, p)
	}
}
