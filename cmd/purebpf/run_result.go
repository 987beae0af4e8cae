package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// simulatedReport is what run -json prints.
type simulatedReport struct {
	Program string         `json:"program"`
	Type    string         `json:"type"`
	Runs    []simulatedRun `json:"runs"`
	LeftOut int            `json:"left_out"` // packets of captures that are not for the program
	Maps    []mapChange    `json:"maps,omitempty"`
}

// simulatedRun is what came of one run.
type simulatedRun struct {
	Packet      int           `json:"packet,omitempty"` // its number, from 1
	Flow        string        `json:"flow,omitempty"`
	Bytes       *int          `json:"bytes,omitempty"` // of it, from the program's offset 0 on
	Result      uint32        `json:"result"`
	Meaning     string        `json:"meaning,omitempty"`
	Ifindex     uint32        `json:"redirect_ifindex,omitempty"`
	Socket      *int          `json:"socket,omitempty"`
	SocketBy    string        `json:"socket_by,omitempty"`
	Printed     []string      `json:"printed,omitempty"`
	PacketAfter string        `json:"packet_after,omitempty"` // where the program has changed it
	Context     []fieldChange `json:"context,omitempty"`
	Records     []record      `json:"records,omitempty"`
	Trace       []string      `json:"trace,omitempty"`

	differences []string
}

// meaning returns the name of a result, or what it does to a packet of that many bytes; "" if that cannot be told.
func meaning(p *asm.Program, r uint32, bytes *int) string {
	name := func(names ...string) string {
		if int64(r) < int64(len(names)) {
			return names[r]
		}
		return ""
	}
	switch t := p.Type(); t {
	case asm.XDP:
		if s := name("XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"); s != "" {
			return s
		}
		return "no XDP action: drops the packet"
	case asm.SchedCLS, asm.SchedACT:
		if int32(r) == asm.TCActUnspec {
			return "TC_ACT_UNSPEC"
		}
		return name("TC_ACT_OK", "TC_ACT_RECLASSIFY", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN", "TC_ACT_QUEUED", "TC_ACT_REPEAT",
			"TC_ACT_REDIRECT", "TC_ACT_TRAP")
	case asm.SkReuseport, asm.SkMsg, asm.SkLookup:
		return name("SK_DROP", "SK_PASS")
	case asm.SkSKB:
		if p.AttachType() == asm.AttachSkSKBStreamParser {
			return ""
		}
		return name("SK_DROP", "SK_PASS")
	case asm.SocketFilter:
		if bytes != nil {
			return kept(r, *bytes)
		}
	case asm.LWTIn, asm.LWTOut, asm.LWTXmit, asm.FlowDissector:
		switch {
		case t == asm.FlowDissector && r == asm.FlowDissectorContinue:
			return "BPF_FLOW_DISSECTOR_CONTINUE"
		case t != asm.FlowDissector && r == asm.LWTReroute:
			return "BPF_LWT_REROUTE"
		}
		return name("BPF_OK", "", "BPF_DROP", "", "", "", "", "BPF_REDIRECT")
	case asm.CgroupSKB:
		return name("drop", "pass", "drop, congested", "pass, congested") // the latter two for egress: NET_XMIT_CN
	case asm.CgroupSock, asm.CgroupSockAddr, asm.CgroupDevice, asm.CgroupSysctl, asm.CgroupSockopt:
		return name("refuse", "allow")
	}
	return ""
}

// kept says what the result of a socket filter does to a packet.
func kept(r uint32, length int) string {
	switch {
	case r == 0:
		return "drops the packet"
	case int64(r) >= int64(length):
		return fmt.Sprintf("keeps all %d bytes", length)
	}
	return fmt.Sprintf("keeps %d of %d bytes", r, length)
}

// outcome adds what the program asked for besides its result.
func (r *simulatedRun) outcome(ctx vm.Context, sockets *socketPool) {
	var chosen *vm.Socket
	switch c := ctx.(type) {
	case *vm.XDPContext:
		if r.Result == asm.XDPRedirect {
			r.Ifindex = c.RedirectIfindex
		}
	case *vm.SKBContext:
		if r.Result == asm.TCActRedirect {
			r.Ifindex = c.RedirectIfindex
		}
		if chosen = c.Redirect; chosen == nil {
			chosen = c.Assigned
		}
	case *vm.MsgContext:
		chosen = c.Redirect
	case *vm.LookupContext:
		chosen = c.Selected
	}
	if chosen != nil {
		r.Socket = sockets.number(func(s *vm.Socket) bool { return s == chosen })
		r.SocketBy = "by the program"
	}
}

// comparePacket adds what the program did to the packet.
func (r *simulatedRun) comparePacket(ctx vm.Context, f frame, was []byte) {
	var is []byte
	switch c := ctx.(type) {
	case *vm.XDPContext:
		is = c.Data
	case *vm.SKBContext:
		is = c.Data
	case *vm.MsgContext:
		is = c.Data
	}
	if !bytes.Equal(was, is) {
		r.differences = append(r.differences, differences("packet", was, is)...)
		r.PacketAfter = hex.EncodeToString(is)
	}
}

// compareMemory does so for a context that is plain memory.
func (r *simulatedRun) compareMemory(was, is []byte) {
	r.differences = append(r.differences, differences("context", was, is)...)
	r.PacketAfter = hex.EncodeToString(is)
}

// differences returns lines about the bytes that are not the same.
func differences(what string, was, is []byte) []string {
	if len(was) != len(is) {
		lines := []string{fmt.Sprintf("%s: %d bytes, was %d:", what, len(is), len(was))}
		const row = 16
		for at := 0; at < len(is); at += row {
			lines = append(lines, fmt.Sprintf("  %4d: % x", at, is[at:min(at+row, len(is))]))
		}
		return lines
	}
	var lines []string
	for at := 0; at < len(is); at++ {
		end := at
		for end < len(is) && is[end] != was[end] {
			end++
		}
		if end > at {
			lines = append(lines, fmt.Sprintf("%s at %d: % x, was % x", what, at, is[at:end], was[at:end]))
			at = end
		}
	}
	return lines
}

// print prints a line about the run, and indented ones about what it changed.
func (r *simulatedRun) print(out *reporter) {
	var b strings.Builder
	if r.Packet > 0 {
		fmt.Fprintf(&b, "packet %d, ", r.Packet)
		if r.Flow != "" {
			b.WriteString(r.Flow + ", ")
		}
		fmt.Fprintf(&b, "%d bytes: ", *r.Bytes)
	}
	fmt.Fprintf(&b, "returns %d", r.Result)
	if r.Meaning != "" {
		b.WriteString(": " + r.Meaning)
	}
	switch {
	case r.Socket != nil:
		fmt.Fprintf(&b, ", socket %d, %s", *r.Socket, r.SocketBy)
	case r.Ifindex != 0:
		fmt.Fprintf(&b, ", to interface %d", r.Ifindex)
	}
	for _, line := range r.Printed {
		b.WriteString("\n  printed: " + line)
	}
	for _, line := range r.differences {
		b.WriteString("\n  " + line)
	}
	for _, c := range r.Context {
		fmt.Fprintf(&b, "\n  %s: %s, was %s", c.Field, c.text(c.Is), c.text(c.Was))
	}
	for _, record := range r.Records {
		fmt.Fprintf(&b, "\n  record in %s: %s", record.Map, record.Data)
	}
	out.printf("%s\n", b.String())
}
