// Package generated has Go packages that purebpf wrote, and the programs that it wrote them from: tests run them, and a
// benchmark measures how large a binary with one is. After a change
//
//	go test ./internal/generated -update
//
// writes them anew.
package generated

import (
	"math"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/reloc"
)

// FirstWorker returns the program of package firstworker, which chooses the first socket of its map.
func FirstWorker() (*reloc.Object, error) {
	b := asm.NewBuilder("first_worker", asm.SkReuseport)
	workers := b.DeclareMap(asm.MapSpec{Name: "workers", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 4})
	index := b.Stack("index", 4)
	b.Store(index.U32(0), 0)
	b.Comment("the first socket of the map")
	b.Call(asm.FnSkSelectReuseport, b.Context(), workers, index, 0)
	b.Return(asm.SkPass)
	p, err := b.Program()
	if err != nil {
		return nil, err
	}
	return reloc.NewObject(p)
}

// Scale is what Whole multiplies with, and Total what its variable begins with.
const (
	Scale = 3
	Total = 0x0807060504030201
)

// Whole returns the programs of package whole: two that share a library of functions, global data of every section, a map
// of maps and one that is described elsewhere.
func Whole() (*reloc.Object, error) {
	library, err := library()
	if err != nil {
		return nil, err
	}
	count, err := countLength()
	if err != nil {
		return nil, err
	}
	b := asm.NewBuilder("pass", asm.XDP)
	other := b.DeclareMap(asm.MapSpec{Name: "other.map", Type: asm.MapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	b.CallFunc("library")
	key := b.Stack("key", 4)
	b.Zero(key)
	b.Call(asm.FnMapLookupElem, other, key)
	b.Return(asm.XDPPass)
	pass, err := b.Program()
	if err != nil {
		return nil, err
	}
	spec := pass.Spec()
	spec.Maps = spec.Maps[:0] // nobody describes it
	if pass, err = asm.NewProgram(spec); err != nil {
		return nil, err
	}
	return reloc.NewObject(count, library, pass)
}

// library counts its calls in .bss and has the function scale.
func library() (*asm.Program, error) {
	b := asm.NewBuilder("library", asm.UnspecProgram)
	b.AtomicAdd(b.Addr(b.BSS("calls", 8)).U64(0), b.Copy(1))
	b.Return(0)
	b.Function("scale", 1, func(args []asm.Register) {
		n := b.Copy(args[0])
		b.Mul(n, b.Load(b.Addr(b.Rodata("factor", []byte{Scale, 0, 0xff, '"'})).U8(0)))
		b.Return(n)
	})
	return b.Program()
}

// countLength adds the scaled length of the packet to total. It returns XDPTX when the map of maps has an entry 1,
// else XDPDrop.
func countLength() (*asm.Program, error) {
	inner := asm.MapSpec{Name: "ports", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 4, Key: asm.NewStruct("", asm.Member{Size: asm.W}),
		Value: asm.NewStruct("port", asm.Member{Name: "lock", Struct: asm.SpinLock()}, asm.Member{Name: "change", Count: 1,
			Struct: asm.NewStruct("change", asm.Member{Name: "by", Size: asm.W, Signed: true})})}
	key := asm.NewStruct("set", asm.Member{Name: "index", Size: asm.W})
	b := asm.NewBuilder("count.length", asm.XDP)
	b.AttachType(asm.AttachXDP)
	b.License("GPL")
	sets := b.DeclareMap(asm.MapSpec{Name: "sets", Type: asm.MapHashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, Key: key, Inner: &inner})
	ctx := b.Context()
	length := b.Load(ctx.Field(asm.XDPMdDataEnd))
	b.Sub(length, b.Load(ctx.Field(asm.XDPMdData)))
	total := b.Data("total", []byte{1, 2, 3, 4, 5, 6, 7, 8})
	b.Comment("a \"quoted\" comment */")
	b.AtomicAdd(b.Addr(total).U64(0), b.CallFunc("scale", length))
	index := b.Stack("key", 4)
	b.Store(index.U32(0), 1)
	b.If(b.Call(asm.FnMapLookupElem, sets, index).NotEq(0), func() { b.Return(asm.XDPTX) })
	wide := b.Copy(int64(math.MinInt64))
	b.If(wide.SLt(0), func() {
		b.CallFunc("library")
		b.Return(asm.XDPDrop)
	})
	b.Return(asm.XDPAborted)
	return b.Program()
}

// Short returns the program of package short, which keeps the first two bytes of datagrams that have eight, with the UDP
// header before them.
func Short() (*classic.Program, error) {
	b := classic.NewBuilder("keep_short")
	b.LoadLen()
	b.JumpIf(classic.Lt(16), "drop")
	b.Return(10)
	b.Label("drop")
	b.Return(0)
	return b.Program()
}
