//go:build linux

package maps

import (
	"testing"

	"github.com/purebpf/purebpf/internal/sys"
)

// BenchmarkLookup compares the typed view with the bare system call.
func BenchmarkLookup(b *testing.B) {
	m := newHash(b, 1)
	check(b, m.Update(1, 2, 0))
	b.Run("view", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.Lookup(1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("syscall", func(b *testing.B) {
		b.ReportAllocs()
		fd, key, value := m.FD(), uint32(1), uint64(0)
		for b.Loop() {
			if err := sys.MapLookup(fd, sys.PointerTo(&key), sys.PointerTo(&value), 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkIterate reports the time of one element.
func BenchmarkIterate(b *testing.B) {
	const n = 1000
	for name, iterate := range bothWays {
		b.Run(name, func(b *testing.B) {
			m := newHash(b, n)
			fill(b, m, n)
			for b.Loop() {
				it := iterate(m)
				for range it.All() {
				}
				check(b, it.Err())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
		})
	}
}
