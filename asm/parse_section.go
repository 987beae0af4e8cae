package asm

import (
	"slices"
	"strings"
)

// sectionKind is what the lines of a section of an object are.
type sectionKind uint8

const (
	sectionCode sectionKind = iota
	sectionLicense
	sectionMaps    // labels are maps, the data that describes them is for a linker
	sectionData    // data is refused
	sectionIgnored // what debuggers read
)

// sectionDirective reads directives of LLVM's assembler: sections, and what says nothing about the program.
func (p *parser) sectionDirective(w string, at int) bool {
	switch w {
	case ".text":
		p.enter(".text")
		return true
	case ".section":
		p.skip()
		start := p.at
		for p.at < p.end && p.src[p.at] != ',' && p.src[p.at] != ' ' && p.src[p.at] != '\t' && p.src[p.at] != ';' && p.src[p.at] != '#' {
			p.at++
		}
		name := strings.Trim(p.src[start:p.at], `"`)
		if name == "" {
			return p.expected("the name of a section")
		}
		p.enter(name)
		p.at = p.end
		return true
	case ".data", ".bss":
		p.enter(w)
		return true
	case ".globl", ".global", ".weak", ".local", ".hidden", ".protected", ".extern", ".size", ".p2align", ".balign", ".align", ".addrsig",
		".addrsig_sym", ".ident", ".cfi_sections", ".cfi_startproc", ".cfi_endproc", ".bpf_cpu", ".intel_syntax", ".att_syntax":
		p.at = p.end
		return true
	case ".asciz", ".string":
		if p.section == sectionLicense {
			s, ok := p.text(at)
			if ok && s == "" {
				return p.fail(at, "an empty licence")
			}
			p.shared.License = s
			return ok
		}
		fallthrough
	case ".ascii", ".byte", ".short", ".2byte", ".half", ".hword", ".value2", ".long", ".4byte", ".int", ".word", ".quad", ".8byte",
		".xword", ".zero", ".skip", ".space", ".fill", ".comm", ".lcomm", ".uleb128", ".sleb128":
		if p.section == sectionMaps {
			p.at = p.end
			return true
		}
		return p.fail(at, "%s: data is not assembled; a map with .contents is what programs can read", w)
	}
	return p.fail(at, "unknown directive %s%s", w, p.didYouMean(w, slices.Values(directiveNames[:])))
}

// enter begins a section of an object.
func (p *parser) enter(name string) {
	p.object = true
	p.section = sectionCode
	base, _, _ := strings.Cut(name, "/")
	switch {
	case name == "license":
		p.section = sectionLicense
	case name == ".maps" || name == "maps":
		p.section = sectionMaps
	case strings.HasPrefix(name, ".debug"), strings.HasPrefix(name, ".BTF"), strings.HasPrefix(name, ".llvm"),
		strings.HasPrefix(name, ".note"), strings.HasPrefix(name, ".eh_frame"), strings.HasPrefix(name, ".rel"), name == ".comment":
		p.section = sectionIgnored
	case strings.HasPrefix(name, ".data"), strings.HasPrefix(name, ".rodata"), strings.HasPrefix(name, ".bss"), base == "version",
		strings.HasPrefix(name, ".kconfig"), strings.HasPrefix(name, ".ksyms"):
		p.section = sectionData
	default:
		if p.unit.elf != name {
			p.newUnit(p.at)
			p.unit.elf = name
			p.unit.spec.Type, p.unit.spec.AttachType, p.unit.spec.AttachTo = sectionType(name)
		}
	}
}

// sectionType returns what the name of a section says about its programs: the name of a program type, or one of the
// most common names that libbpf has for one. Package reloc/elf knows all of them.
func sectionType(name string) (t ProgramType, at AttachType, attachTo string) {
	base, rest, _ := strings.Cut(name, "/")
	switch base {
	case "socket":
		return SocketFilter, 0, ""
	case "tc", "classifier", "tcx":
		return SchedCLS, 0, ""
	case "action":
		return SchedACT, 0, ""
	case "sockops":
		return SockOps, AttachCgroupSockOps, ""
	case "sk_msg":
		return SkMsg, AttachSkMsgVerdict, ""
	case "sk_lookup":
		return SkLookup, AttachSkLookup, ""
	case "sk_reuseport":
		if rest == "migrate" {
			return SkReuseport, AttachSkReuseportSelectOrMigrate, ""
		}
		return SkReuseport, AttachSkReuseportSelect, ""
	case "xdp":
		return XDP, AttachXDP, ""
	case "sk_skb":
		switch rest {
		case "stream_parser":
			return SkSKB, AttachSkSKBStreamParser, ""
		case "stream_verdict":
			return SkSKB, AttachSkSKBStreamVerdict, ""
		}
		return SkSKB, 0, ""
	case "cgroup_skb":
		if rest == "egress" {
			return CgroupSKB, AttachCgroupInetEgress, ""
		}
		return CgroupSKB, AttachCgroupInetIngress, ""
	case "raw_tp":
		return RawTracepoint, 0, rest
	case "tp":
		return Tracepoint, 0, rest
	}
	if t, ok := ProgramTypeByName(base); ok && base != "unspec" {
		return t, 0, rest
	}
	return UnspecProgram, 0, ""
}

// inSection reads a line of a section that has no code.
func (p *parser) inSection() bool {
	if p.section == sectionCode {
		return false
	}
	if w := p.wordAt(); w == ".section" || w == ".text" || w == ".data" || w == ".bss" || w == ".program" {
		return false
	}
	if p.section == sectionIgnored {
		return true
	}
	// Labels name maps and data, and directives are checked.
	for {
		p.skip()
		if p.statementEnds() && p.peek() != ';' {
			return true
		}
		at := p.at
		w := p.word()
		switch {
		case w == "" && p.acceptByte(';'):
		case w == "":
			p.expected("a directive")
			return true
		case p.acceptByte(':'):
		case w[0] == '.':
			if !p.directive(w, at) || !p.endOfStatement() {
				return true
			}
		default:
			p.fail(at, "%q: only .text and the sections of programs have instructions", w)
			return true
		}
	}
}
