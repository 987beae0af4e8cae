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

// What both programs have on their stack, as offsets from the frame pointer.
const (
	keyOffset   = -keySize
	indexOffset = keyOffset - 8 // u32, the index of the counter to increase
)

// recordProgram returns the sock_ops program. It leaves the context's reply alone: other programs of the cgroup may
// have set it.
func recordProgram(specs []asm.MapSpec) (*asm.Program, error) {
	b := asm.NewBuilder(RecordProgram, asm.SockOps)
	for _, m := range specs {
		b.DeclareMap(m)
	}
	ctx := asm.R6

	b.Mov(ctx, asm.R1)
	b.Ldx(asm.R1, ctx.Field(asm.SockOpsOp))
	b.JumpIf(asm.R1.Eq(asm.SockOpsActiveEstablishedCB), "established")
	b.JumpIf(asm.R1.NotEq(asm.SockOpsPassiveEstablishedCB), "out")

	// What TCP carries already, in a SYN (Fast Open) or before accept (TCP_DEFER_ACCEPT), would be read after what is
	// redirected later. Such a connection stays with TCP.
	b.Label("established")
	b.Ldx(asm.R1, ctx.Field(asm.SockOpsDataSegsIn))
	b.Ldx(asm.R2, ctx.Field(asm.SockOpsDataSegsOut))
	b.Or(asm.R1, asm.R2)
	countAs(b, counterLate)
	b.JumpIf(asm.R1.NotEq(0), "count")

	// The storage comes first: a recorded socket without it would never be redirected.
	countAs(b, counterRefused)
	b.Ldx(asm.R2, ctx.Field(asm.SockOpsSk))
	b.JumpIf(asm.R2.Eq(0), "count")
	b.LdMap(asm.R1, plainTCPMap)
	b.Mov(asm.R3, 0) // new storage is zero, mayRedirect
	b.Mov(asm.R4, asm.SkStorageGetFCreate)
	b.CallHelper(asm.FnSkStorageGet)
	b.JumpIf(asm.R0.Eq(0), "count")

	// UpdateAny: after a reset the port may be used again while the old socket is still in the map, and the new
	// connection's data must not go to it.
	storeKey(b, ctx, sockOpsConnection())
	b.Mov(asm.R1, ctx)
	b.LdMap(asm.R2, socketsMap)
	b.Mov(asm.R3, asm.FP)
	b.Add(asm.R3, keyOffset)
	b.Mov(asm.R4, int(asm.UpdateAny))
	b.CallHelper(asm.FnSockHashUpdate)
	b.JumpIf(asm.R0.NotEq(0), "count")
	countAs(b, counterRecorded)

	b.Label("count")
	countEvent(b, "out")
	b.Label("out")
	b.Mov(asm.R0, 1) // a sock_ops program returns 0 or 1; 0 would be taken for a failure
	b.Exit()
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
	ctx, state := asm.R6, asm.R7

	// No storage means no answer to the question whether TCP has carried data of this socket: never redirect.
	b.Mov(ctx, asm.R1)
	countAs(b, counterPassed)
	b.LdMap(asm.R1, plainTCPMap)
	b.Ldx(asm.R2, ctx.Field(asm.SkMsgMdSk))
	b.Mov(asm.R3, 0)
	b.Mov(asm.R4, 0)
	b.CallHelper(asm.FnSkStorageGet)
	b.JumpIf(asm.R0.Eq(0), "count")
	b.Mov(state, asm.R0)
	b.Ldx(asm.R1, state.U32(0))
	b.JumpIf(asm.R1.NotEq(mayRedirect), "count")

	storeKey(b, ctx, skMsgConnection().mirrored())
	b.Mov(asm.R1, ctx)
	b.LdMap(asm.R2, socketsMap)
	b.Mov(asm.R3, asm.FP)
	b.Add(asm.R3, keyOffset)
	b.Mov(asm.R4, asm.FIngress)
	b.CallHelper(asm.FnMsgRedirectHash)
	b.JumpIf(asm.R0.Eq(asm.SkPass), "redirected")

	// The peer is not recorded, or not yet. This message goes by TCP, and all later ones have to follow it: were they
	// redirected once the peer appears, they would overtake it.
	b.St(state.U32(0), staysOnTCP)
	b.Jump("count")
	b.Label("redirected")
	countAs(b, counterRedirected)

	b.Label("count")
	countEvent(b, "out")
	b.Ldx(asm.R1, ctx.Field(asm.SkMsgMdSize))
	b.AtomicAdd(asm.R0.U64(counterBytes), asm.R1)
	b.Label("out")
	b.Mov(asm.R0, asm.SkPass) // SkDrop, the helper's result when it finds nothing, would fail the send with EACCES
	b.Exit()
	return b.Program()
}

func skMsgConnection() connection {
	return connection{
		family: asm.SkMsgMdFamily,
		local:  end{asm.SkMsgMdLocalIP4, asm.SkMsgMdLocalIP6, asm.SkMsgMdLocalPort},
		remote: end{asm.SkMsgMdRemoteIP4, asm.SkMsgMdRemoteIP6, asm.SkMsgMdRemotePort},
	}
}
