package corpus

import "github.com/purebpf/purebpf/asm"

// LearnMAC is a classifier that learns behind which interface a station is, as bridges do, and sends frames for stations
// it knows there. What it does not know is for the bridge.
func LearnMAC() (*asm.Program, error) {
	station := asm.NewStruct("station",
		asm.Member{Name: "ifindex", Size: asm.W}, asm.Member{Name: "moves", Size: asm.W}, asm.Member{Name: "frames", Size: asm.DW})
	const ifindex, moves, frames = 0, 4, 8
	const macLen = 8 // of the key: six bytes and two of zero

	b := asm.NewBuilder("learn_mac", asm.SchedCLS)
	stations := b.DeclareMap(asm.MapSpec{Name: "stations", Type: asm.MapHash, KeySize: macLen, Value: station, ValueSize: uint32(station.Size()), MaxEntries: 1024})
	ok := func() { b.Return(asm.TCActOK) }

	ctx := b.Context()
	pkt := b.Packet()
	pkt.Need(ethHeaderLen, ok)
	address := func(name string, off int) *asm.StackObject {
		mac := b.Stack(name, macLen)
		b.Store(mac.U32(0), b.Load(pkt.U32(off)))
		b.Store(mac.U32(4), b.Load(pkt.U16(off+4)))
		return mac
	}
	source := address("source", ethSource)
	known := b.Call(asm.FnMapLookupElem, stations, source)
	b.If(known.NotEq(0), func() {
		increase(b, known.U64(frames), 1)
		here := b.Load(ctx.Field(asm.SkBuffIfindex))
		b.If(b.Load(known.U32(ifindex)).NotEq(here), func() {
			b.Store(known.U32(ifindex), here)
			increase(b, known.U32(moves), 1)
		})
	}, func() {
		fresh := b.StackStruct("fresh", station)
		b.Store(fresh.Field("ifindex"), b.Load(ctx.Field(asm.SkBuffIfindex)))
		b.Store(fresh.Field("moves"), 0)
		b.Store(fresh.Field("frames"), 1)
		b.Call(asm.FnMapUpdateElem, stations, source, fresh, asm.UpdateAny)
	})

	b.If(b.Load(pkt.U8(ethDestination)).HasBits(ethGroupBit), ok)
	there := b.Call(asm.FnMapLookupElem, stations, address("destination", ethDestination))
	b.If(there.Eq(0), ok)
	b.Return(b.Call(asm.FnRedirect, b.Load(there.U32(ifindex)), 0))
	return b.Program()
}
