package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// builtin returns what this package has for a helper, nil if nothing. Which of them a type of program may call follows
// from the contexts that they work on, and is the kernel's to say for the others.
func builtin(h asm.Helper) HelperFunc {
	switch h {
	case asm.FnMapLookupElem:
		return mapLookup
	case asm.FnMapLookupPerCPUElem:
		return mapLookupPerCPU
	case asm.FnMapUpdateElem:
		return mapUpdate
	case asm.FnMapDeleteElem:
		return mapDelete
	case asm.FnMapPushElem:
		return mapPush
	case asm.FnMapPopElem:
		return mapPop
	case asm.FnMapPeekElem:
		return mapPeek
	case asm.FnRingBufOutput:
		return ringOutput
	case asm.FnRingBufReserve:
		return ringReserve
	case asm.FnRingBufSubmit:
		return ringSubmit
	case asm.FnRingBufDiscard:
		return ringDiscard
	case asm.FnRingBufQuery:
		return ringQuery

	case asm.FnKtimeGetNS, asm.FnKtimeGetBootNS, asm.FnKtimeGetCoarseNS, asm.FnKtimeGetTAINS:
		return func(c *Call) (uint64, error) { return c.Env().Now, nil }
	case asm.FnGetPrandomU32:
		return func(c *Call) (uint64, error) { return uint64(c.Env().random()), nil }
	case asm.FnGetSMPProcessorID:
		return func(c *Call) (uint64, error) { return uint64(c.m.cpu), nil }
	case asm.FnGetNUMANodeID:
		return func(c *Call) (uint64, error) { return uint64(c.Env().NUMANode), nil }
	case asm.FnGetCurrentPIDTGID:
		return func(c *Call) (uint64, error) { return c.Env().PIDTGID, nil }
	case asm.FnGetCurrentUIDGID:
		return func(c *Call) (uint64, error) { return c.Env().UIDGID, nil }
	case asm.FnGetCurrentCgroupID:
		return func(c *Call) (uint64, error) { return c.Env().CgroupID, nil }
	case asm.FnGetCurrentComm:
		return currentComm
	case asm.FnSpinLock, asm.FnSpinUnlock:
		return spin
	case asm.FnTracePrintk:
		return tracePrintk
	case asm.FnTraceVprintk:
		return traceVprintk

	case asm.FnSKBLoadBytes:
		return skbLoadBytes
	case asm.FnSKBLoadBytesRelative:
		return skbLoadBytesRelative
	case asm.FnSKBStoreBytes:
		return skbStoreBytes
	case asm.FnSKBPullData:
		return skbPullData
	case asm.FnL3CsumReplace:
		return l3CsumReplace
	case asm.FnL4CsumReplace:
		return l4CsumReplace
	case asm.FnCsumDiff:
		return csumDiff
	case asm.FnGetHashRecalc:
		return getHash
	case asm.FnSetHash:
		return setHash
	case asm.FnSetHashInvalid:
		return setHashInvalid
	case asm.FnRedirect:
		return redirect
	case asm.FnXDPAdjustHead:
		return xdpAdjustHead
	case asm.FnXDPAdjustTail:
		return xdpAdjustTail
	case asm.FnXDPAdjustMeta:
		return xdpAdjustMeta
	case asm.FnXDPGetBuffLen:
		return xdpGetBuffLen

	case asm.FnSkSelectReuseport:
		return skSelectReuseport
	case asm.FnMsgRedirectHash:
		return msgRedirectHash
	case asm.FnMsgRedirectMap:
		return msgRedirectMap
	case asm.FnSkRedirectHash:
		return skRedirectHash
	case asm.FnSkRedirectMap:
		return skRedirectMap
	case asm.FnMsgApplyBytes:
		return msgApplyBytes
	case asm.FnMsgCorkBytes:
		return msgCorkBytes
	case asm.FnMsgPullData:
		return msgPullData
	case asm.FnSockHashUpdate, asm.FnSockMapUpdate:
		return sockUpdate
	case asm.FnSockOpsCBFlagsSet:
		return sockOpsCBFlagsSet
	case asm.FnSkStorageGet:
		return skStorageGet
	case asm.FnSkStorageDelete:
		return skStorageDelete
	case asm.FnSkAssign:
		return skAssign
	case asm.FnSkRelease:
		return skRelease
	case asm.FnSkFullsock:
		return skFullsock
	case asm.FnTCPSock:
		return tcpSock
	case asm.FnGetNetnsCookie:
		return netnsCookie
	case asm.FnGetSocketCookie:
		return socketCookie
	case asm.FnGetSocketUID:
		return socketUID
	}
	return nil
}

// contextOf returns the context as a *C, which argument 1 has to be.
func contextOf[C Context](c *Call) (C, error) {
	ctx, err := c.ContextArg(1)
	if err != nil {
		var none C
		return none, err
	}
	of, ok := ctx.(C)
	if !ok {
		return of, fmt.Errorf("%w for %v programs", ErrHelper, c.m.main.source.Type())
	}
	return of, nil
}

// currentComm is bpf_get_current_comm(buffer, size).
func currentComm(c *Call) (uint64, error) {
	size, err := c.Size(2, false)
	if err != nil {
		return 0, err
	}
	b, err := c.Write(1, size)
	if err != nil {
		return 0, err
	}
	clear(b)
	copy(b[:size-1], c.Env().Comm)
	return 0, nil
}

// spin is bpf_spin_lock(lock) and bpf_spin_unlock(lock): there is nobody to wait for.
func spin(c *Call) (uint64, error) {
	_, err := c.Write(1, 4)
	return 0, err
}
