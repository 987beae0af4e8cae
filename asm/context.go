package asm

import (
	"iter"
	"strconv"
)

// Context is a struct that the kernel shows to programs: the one to which r1 points when a program begins, or one that
// a pointer in it leads to (bpf_sock, which is both, bpf_flow_keys and bpf_tcp_sock).
type Context uint8

// Context returns the struct that programs of the type get. It is 0 for types whose context depends on the function
// they are attached to, on the CPU architecture, or consists of pointers into the kernel.
func (t ProgramType) Context() Context {
	switch t {
	case SocketFilter, SchedCLS, SchedACT, CgroupSKB, LWTIn, LWTOut, LWTXmit, LWTSeg6Local, SkSKB, FlowDissector:
		return ContextSkBuff
	case XDP:
		return ContextXDPMd
	case SockOps:
		return ContextSockOps
	case SkMsg:
		return ContextSkMsgMd
	case SkReuseport:
		return ContextSkReuseportMd
	case SkLookup:
		return ContextSkLookup
	case CgroupSock:
		return ContextSock
	case CgroupSockAddr:
		return ContextSockAddr
	case CgroupSockopt:
		return ContextSockopt
	case CgroupSysctl:
		return ContextSysctl
	case CgroupDevice:
		return ContextCgroupDevCtx
	}
	return 0
}

// Valid reports whether c is one of the structs of this package.
func (c Context) Valid() bool { return c != 0 && c < contextEnd }

// Name returns the struct as C calls it, such as "sk_reuseport_md", or "" if c is not valid.
func (c Context) Name() string {
	if !c.Valid() {
		return ""
	}
	return contexts[c].name
}

// String returns the name, or "context 99" if c is not valid.
func (c Context) String() string {
	if c.Valid() {
		return c.Name()
	}
	return "context " + strconv.Itoa(int(c))
}

// Size returns the size of the struct in bytes in Linux 6.18. Older kernels have less of some structs.
func (c Context) Size() int {
	if !c.Valid() {
		return 0
	}
	return int(contexts[c].size)
}

// Fields returns the fields of the struct in the order of their declaration.
func (c Context) Fields() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		if !c.Valid() {
			return
		}
		for f := contexts[c].first; f <= contexts[c].last && yield(f); f++ {
		}
	}
}
