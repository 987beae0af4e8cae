package asm_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// settingsWithContext are all the ways to load a program that gets one of our structs as its context.
func settingsWithContext() []setting {
	attach := map[asm.ProgramType][]asm.AttachType{
		asm.XDP:       {asm.AttachXDP, asm.AttachXDPDevMap, asm.AttachXDPCPUMap},
		asm.SockOps:   {asm.AttachCgroupSockOps},
		asm.SkMsg:     {asm.AttachSkMsgVerdict},
		asm.SkSKB:     {asm.AttachSkSKBStreamParser, asm.AttachSkSKBStreamVerdict, asm.AttachSkSKBVerdict},
		asm.CgroupSKB: {asm.AttachCgroupInetIngress, asm.AttachCgroupInetEgress},
		asm.SkLookup:  {asm.AttachSkLookup},
		asm.CgroupSock: {
			asm.AttachCgroupInetSockCreate, asm.AttachCgroupInetSockRelease,
			asm.AttachCgroupInet4PostBind, asm.AttachCgroupInet6PostBind,
		},
		asm.CgroupSockAddr: {
			asm.AttachCgroupInet4Bind, asm.AttachCgroupInet6Bind,
			asm.AttachCgroupInet4Connect, asm.AttachCgroupInet6Connect, asm.AttachCgroupUnixConnect,
			asm.AttachCgroupUDP4SendMsg, asm.AttachCgroupUDP6SendMsg, asm.AttachCgroupUnixSendMsg,
			asm.AttachCgroupUDP4RecvMsg, asm.AttachCgroupUDP6RecvMsg, asm.AttachCgroupUnixRecvMsg,
			asm.AttachCgroupInet4GetPeerName, asm.AttachCgroupInet6GetPeerName, asm.AttachCgroupUnixGetPeerName,
			asm.AttachCgroupInet4GetSockName, asm.AttachCgroupInet6GetSockName, asm.AttachCgroupUnixGetSockName,
		},
		asm.SkReuseport:   {asm.AttachSkReuseportSelect, asm.AttachSkReuseportSelectOrMigrate},
		asm.CgroupSockopt: {asm.AttachCgroupGetSockopt, asm.AttachCgroupSetSockopt},
		asm.CgroupSysctl:  {asm.AttachCgroupSysctl},
		asm.CgroupDevice:  {asm.AttachCgroupDevice},
		asm.FlowDissector: {asm.AttachFlowDissector},
	}
	var all []setting
	for t := asm.UnspecProgram; t <= asm.Netfilter; t++ {
		if !t.Context().Valid() {
			continue
		}
		at := attach[t]
		if at == nil {
			at = []asm.AttachType{0}
		}
		for _, at := range at {
			all = append(all, setting{typ: t, at: at})
		}
	}
	return all
}

// needRulesOf618 skips on kernels older than the rules of the table: they accept less. The last attach type tells.
func needRulesOf618(t *testing.T) {
	t.Helper()
	enum, err := kernelTypes(t).Find("bpf_attach_type", btf.Enum)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range enum.Values {
		if v.Value == int64(asm.AttachTraceUprobeSession) && v.Name == "BPF_TRACE_UPROBE_SESSION" {
			return
		}
	}
	t.Skip("the access rules of this kernel are older than the table's")
}

// An access of size bytes at an offset in a struct.
type access struct {
	store     bool
	off, size int
}

func (a access) String() string {
	verb := "load"
	if a.store {
		verb = "store"
	}
	return fmt.Sprintf("%s of %d bytes at %d", verb, a.size, a.off)
}

// inTable reports whether a field at the place of the access has the width, and may be accessed as may says.
func (a access) inTable(c asm.Context, may func(asm.Field) bool) bool {
	for f := range c.Fields() {
		off := a.off - f.Offset()
		if off < 0 || off >= f.Size()*f.Count() || !may(f) {
			continue
		}
		if a.store && f.CanStore(off, a.size) || !a.store && f.CanLoad(off, a.size) {
			return true
		}
	}
	return false
}

// The padding behind this port reads as zero, because the port had 32 bits once. The table does not have it.
func (a access) inPadding(c asm.Context) bool {
	return c == asm.ContextSkLookup && !a.store && a.off >= 38 && a.off+a.size <= 40 && a.off%a.size == 0
}

// compareAccesses tries every access within and a little beyond a struct that base points to after prefix.
func compareAccesses(
	t *testing.T, s setting, c asm.Context, base asm.Register, prefix []asm.Instruction, may func(f asm.Field, store bool) bool,
) {
	t.Helper()
	for _, store := range []bool{false, true} {
		for _, size := range []int{1, 2, 4, 8} {
			for off := range c.Size() + 8 {
				a := access{store, off, size}
				want := a.inTable(c, func(f asm.Field) bool { return may(f, store) })
				_, err := s.verify(t, "GPL", 0, append(prefix, a.instruction(base), mov(asm.R0, 1), exit())...)
				if got := err == nil; got != want && !a.inPadding(c) {
					f, i, _ := asm.FieldAt(c, off)
					t.Errorf("%v: %v (%v[%d]): the verifier says %v, the table %v", s, a, f, i, got, want)
				}
			}
		}
	}
}

func (a access) instruction(base asm.Register) asm.Instruction {
	if a.store {
		return store(base, a.off, asm.R0, a.size)
	}
	return load(asm.R2, base, a.off, a.size)
}

// The verifier takes exactly those accesses to contexts that the table allows: every offset, width and direction, for
// every program and attach type.
func TestContextAccess(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	needRulesOf618(t)
	for _, s := range settingsWithContext() {
		t.Run(s.String(), func(t *testing.T) {
			if log, err := s.verify(t, "GPL", 1, mov(asm.R0, 1), exit()); err != nil {
				t.Fatalf("program without access refused: %v\n%s", err, log)
			}
			prefix := []asm.Instruction{mov(asm.R0, 0)}
			compareAccesses(t, s, s.typ.Context(), asm.R1, prefix, func(f asm.Field, store bool) bool {
				if store {
					return f.WritableBy(s.typ, s.at)
				}
				return f.ReadableBy(s.typ, s.at)
			})
		})
	}
}

// The same for structs that are reached through a pointer, which is in r6.
func TestAccessThroughPointers(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	needRulesOf618(t)
	field := func(f asm.Field) asm.Instruction { return load(asm.R6, asm.R1, f.Offset(), f.Size()) }
	orNull := func(insns ...asm.Instruction) []asm.Instruction { return append(insns, exitIfZero(asm.R6)...) }
	tests := []struct {
		setting setting
		pointer asm.PointerKind
		context asm.Context
		prefix  []asm.Instruction
	}{
		{setting{typ: asm.SkReuseport}, asm.PointerSocket, asm.ContextSock,
			[]asm.Instruction{field(asm.SkReuseportMdSk)}},
		{setting{typ: asm.SkLookup, at: asm.AttachSkLookup}, asm.PointerSocket, asm.ContextSock,
			orNull(field(asm.SkLookupSk))},
		{setting{typ: asm.SchedCLS}, asm.PointerSockCommon, asm.ContextSock,
			orNull(field(asm.SkBuffSk))},
		{setting{typ: asm.SkReuseport}, asm.PointerSockCommon, asm.ContextSock,
			orNull(field(asm.SkReuseportMdMigratingSk))},
		{setting{typ: asm.FlowDissector}, asm.PointerFlowKeys, asm.ContextFlowKeys,
			[]asm.Instruction{field(asm.SkBuffFlowKeys)}},
		{setting{typ: asm.SockOps}, asm.PointerTCPSock, asm.ContextTCPSock,
			append(orNull(field(asm.SockOpsSk)), orNull(movReg(asm.R1, asm.R6), call(asm.FnTCPSock), movReg(asm.R6, asm.R0))...)},
	}
	for _, test := range tests {
		t.Run(test.setting.String()+"/"+test.pointer.String(), func(t *testing.T) {
			prefix := append(test.prefix, mov(asm.R0, 0))
			compareAccesses(t, test.setting, test.context, asm.R6, prefix, func(f asm.Field, store bool) bool {
				if store {
					return f.WritableThrough(test.pointer)
				}
				return f.ReadableThrough(test.pointer)
			})
		})
	}
}

// r2State finds what the verifier knows of r2 after the first load in a log of level 2.
var r2State = regexp.MustCompile(`(?m)^0:.* R2(?:_w)?=([a-z_]+)`)

// What the verifier takes the value of a field for is the table's pointer kind.
func TestFieldPointers(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	needRulesOf618(t)
	checked := map[asm.PointerKind]int{}
	for _, s := range settingsWithContext() {
		for f := range s.typ.Context().Fields() {
			if !f.ReadableBy(s.typ, s.at) {
				continue
			}
			log, err := s.verify(t, "GPL", 2, load(asm.R2, asm.R1, f.Offset(), f.Size()), mov(asm.R0, 1), exit())
			if err != nil {
				t.Fatalf("%v: %v: %v\n%s", s, f, err, log)
			}
			match := r2State.FindStringSubmatch(log)
			if match == nil {
				t.Fatalf("%v: %v: no state of r2 in the log:\n%s", s, f, log)
			}
			want := strings.Replace(f.Pointer().String(), "number", "scalar", 1)
			if match[1] != want {
				t.Errorf("%v: %v: the verifier has %s, the table %s", s, f, match[1], want)
			}
			checked[f.Pointer()]++
		}
	}
	for _, p := range []asm.PointerKind{
		asm.PointerNone, asm.PointerPacket, asm.PointerPacketEnd, asm.PointerPacketMeta, asm.PointerFlowKeys,
		asm.PointerSocket, asm.PointerSocket | asm.PointerOrNull, asm.PointerSockCommon | asm.PointerOrNull,
	} {
		if checked[p] == 0 {
			t.Errorf("no field was a %v", p)
		}
	}
}
