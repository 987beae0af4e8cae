package sockredir

import (
	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
)

// Names of the programs, as `bpftool prog` shows them, and of the maps they share.
const (
	RecordProgram   = "record_socket" // sock_ops: puts new connections into the socket map
	RedirectProgram = "redirect_msg"  // sk_msg: hands what a socket of the map sends to its peer

	socketsMap  = "sockets"   // the ends of connections, by key
	plainTCPMap = "plain_tcp" // whether a recorded socket has to stay on TCP
	countersMap = "counters"
)

// DefaultMaxEntries is how many sockets are recorded at a time when Options do not say. Each connection inside the
// cgroup has two.
const DefaultMaxEntries = 65536

// Values of plain_tcp.
const (
	mayRedirect = 0 // what new storage holds
	staysOnTCP  = 1
)

// Object returns the two programs and the specs of their maps. opts may be nil.
func Object(opts *Options) (*reloc.Object, error) {
	specs := mapSpecs(opts)
	record, err := recordProgram(specs)
	if err != nil {
		return nil, err
	}
	redirect, err := redirectProgram(specs)
	if err != nil {
		return nil, err
	}
	return reloc.NewObject(record, redirect)
}

func mapSpecs(opts *Options) []asm.MapSpec {
	entries := uint32(DefaultMaxEntries)
	if opts != nil && opts.MaxEntries != 0 {
		entries = opts.MaxEntries
	}
	return []asm.MapSpec{
		// With values of 8 bytes user space reads the sockets' cookies; with 4 it reads nothing.
		{Name: socketsMap, Type: asm.MapSockHash, KeySize: keySize, ValueSize: 8, MaxEntries: entries},
		{Name: plainTCPMap, Type: asm.MapSkStorage, KeySize: 4, ValueSize: 4, Flags: asm.MapNoPrealloc},
		{Name: countersMap, Type: asm.MapPerCPUArray, KeySize: 4, ValueSize: counterSize, MaxEntries: numCounters},
	}
}

// recordProgram returns the sock_ops program. It leaves the context's reply alone: other programs of the cgroup may
// have set it.
func recordProgram(specs []asm.MapSpec) (*asm.Program, error) {
	const handled = 1 // a sock_ops program returns 0 or 1; 0 would be taken for a failure
	b := asm.NewBuilder(RecordProgram, asm.SockOps)
	for _, m := range specs {
		b.DeclareMap(m)
	}
	ctx, key, outcome := b.Context(), b.Stack("key", keySize), b.Stack("outcome", 4)

	op := b.Load(ctx.Field(asm.SockOpsOp))
	b.If(asm.And(op.NotEq(asm.SockOpsActiveEstablishedCB), op.NotEq(asm.SockOpsPassiveEstablishedCB)), func() {
		b.Return(handled)
	})

	// What TCP carries already, in a SYN (Fast Open) or before accept (TCP_DEFER_ACCEPT), would be read after what is
	// redirected later. Such a connection stays with TCP.
	b.Store(outcome.U32(0), counterLate)
	segments := b.Load(ctx.Field(asm.SockOpsDataSegsIn))
	b.Or(segments, b.Load(ctx.Field(asm.SockOpsDataSegsOut)))
	b.If(segments.Eq(0), func() {
		b.Store(outcome.U32(0), counterRefused)
		sk := b.Load(ctx.Field(asm.SockOpsSk))
		b.If(sk.NotEq(0), func() {
			// The storage comes first: a recorded socket without it would never be redirected. New storage is zero,
			// mayRedirect.
			state := b.Call(asm.FnSkStorageGet, asm.Map(plainTCPMap), sk, 0, asm.SkStorageGetFCreate)
			b.If(state.NotEq(0), func() {
				// UpdateAny: after a reset the port may be used again while the old socket is still in the map, and the
				// new connection's data must not go to it.
				storeKey(b, key, ctx, sockOpsConnection())
				failed := b.Call(asm.FnSockHashUpdate, ctx, asm.Map(socketsMap), key, asm.UpdateAny)
				b.If(failed.Eq(0), func() { b.Store(outcome.U32(0), counterRecorded) })
			})
		})
	})
	count(b, outcome, func(asm.Register) {})
	b.Return(handled)
	return b.Program()
}

func sockOpsConnection() connection {
	return connection{
		family: asm.SockOpsFamily,
		local:  end{asm.SockOpsLocalIP4, asm.SockOpsLocalIP6, asm.SockOpsLocalPort},
		remote: end{asm.SockOpsRemoteIP4, asm.SockOpsRemoteIP6, asm.SockOpsRemotePort},
	}
}

// redirectProgram returns the sk_msg program. It always passes: to the peer's receive queue or to TCP.
func redirectProgram(specs []asm.MapSpec) (*asm.Program, error) {
	b := asm.NewBuilder(RedirectProgram, asm.SkMsg)
	b.AttachType(asm.AttachSkMsgVerdict)
	for _, m := range specs {
		b.DeclareMap(m)
	}
	ctx, key, outcome := b.Context(), b.Stack("key", keySize), b.Stack("outcome", 4)

	// No storage means no answer to the question whether TCP has carried data of this socket: never redirect.
	b.Store(outcome.U32(0), counterPassed)
	state := b.Call(asm.FnSkStorageGet, asm.Map(plainTCPMap), b.Load(ctx.Field(asm.SkMsgMdSk)), 0, 0)
	b.If(state.NotEq(0), func() {
		b.If(b.Load(state.U32(0)).Eq(mayRedirect), func() {
			storeKey(b, key, ctx, skMsgConnection().mirrored())
			verdict := b.Call(asm.FnMsgRedirectHash, ctx, asm.Map(socketsMap), key, asm.FIngress)
			b.If(verdict.Eq(asm.SkPass), func() {
				b.Store(outcome.U32(0), counterRedirected)
			}, func() {
				// The peer is not recorded, or not yet. This message goes by TCP, and all later ones have to follow it:
				// were they redirected once the peer appears, they would overtake it.
				b.Store(state.U32(0), staysOnTCP)
			})
		})
	})
	count(b, outcome, func(counter asm.Register) {
		b.AtomicAdd(counter.U64(counterBytes), b.Load(ctx.Field(asm.SkMsgMdSize)))
	})
	b.Return(asm.SkPass) // SkDrop, the helper's result when it finds nothing, would fail the send with EACCES
	return b.Program()
}

func skMsgConnection() connection {
	return connection{
		family: asm.SkMsgMdFamily,
		local:  end{asm.SkMsgMdLocalIP4, asm.SkMsgMdLocalIP6, asm.SkMsgMdLocalPort},
		remote: end{asm.SkMsgMdRemoteIP4, asm.SkMsgMdRemoteIP6, asm.SkMsgMdRemotePort},
	}
}
