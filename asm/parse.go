package asm

import (
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// ParseText reads programs from their text: what AppendSource and AppendText write, what LLVM's assembler takes and clang -S
// and llvm-objdump write, and what the verifier's log and bpftool prog dump xlated show. file is the name for errors, which
// are ParseErrors with the line and column of each. A text with errors gives no programs. Nothing is cut to fit: a number,
// distance or register that an instruction cannot have is an error also where LLVM's assembler takes it.
//
// # Statements
//
// A line has statements with ; between them and ends with a comment after # or //. Comments between /* and */ may span
// lines. A comment behind instructions is the author's on that line (Program.Comment). A statement is a label (name:), a
// directive or an instruction:
//
//	r1 = r2   w1 = 5   r1 = -5   r1 += r2   w1 s/= 3   r1 s>>= 3   r1 = -r1   r1 = (s8)r2   r1 = be16 r1   r1 = bswap32 r1
//	r1 = 0x1122334455667788 ll     r1 = workers ll     r1 = config+8 ll     ld_pseudo r1, 1, 5
//	r1 = *(u32 *)(r2 + 8)   r1 = *(s8 *)(r2 - 8)   *(u64 *)(r10 - 8) = r1   *(u8 *)(r10 - 1) = 5   r0 = *(u16 *)skb[12]
//	lock *(u64 *)(r1 + 0) += r2   r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)   r0 = cmpxchg_64(r1 + 0, r0, r2)
//	w0 = load_acquire((u8 *)(r1 + 0))   store_release((u64 *)(r1 + 0), r2)   r1 = addr_space_cast(r2, 0, 1)
//	goto again   goto +2   gotol far   may_goto out   if r1 s> 5 goto again   if w1 & w2 goto +2
//	call 1   call bpf_map_lookup_elem   call function   call kernel-function#4711   exit
//
// Numbers are decimal, 0x1f, 017 or 0b11. An immediate may be a constant by its name, r0 = XDP_PASS or if r1 == AF_INET goto
// v4: one of the kernel's that this package has too, or one of .equ NAME, 5 and .set NAME, 5, which may give it again. The offset of a load or store may be a field of a context struct,
// r1 + sk_reuseport_md.data_end or r1 + sk_msg_md.remote_ip6[3]. The name behind call is that of a function, of the text or
// of elsewhere, or of a helper. A name with ll is a function, if the text has one of this name or declares it, otherwise a
// map; with an offset, also +0, it is the value of a map. The first instruction begins the main function; a label that is
// called, or whose address is loaded, or which .type name,@function declares, begins another. Labels that begin with .L
// are not kept.
//
// # Directives
//
//	.program name type attach_type   begins a program; types are named as ProgramType.String and AttachType.String do
//	.attach_to "function"            ProgramSpec.AttachTo
//	.load_flags sleepable|0x100      flags, by the kernel's names without BPF_F_ and in lower case, or as a number
//	.license "GPL"
//	.map name type key=4 value=8 entries=64 flags=no_prealloc extra=0 numa_node=0 pinned
//	.inner type ...                  what the map above holds; name="..." names it
//	.key struct flow { u32 addr; u16 port[2]; }      layout of the keys of the map above, .value of its values; numbers are
//	                                 u8 to u64 and s8 to s64, members may be structs, and a number or array may be all: .key s32
//	.contents "..."                  bytes of its first element; more of the directive add to them
//	.comment "..."                   comment on the next instruction
//	.file 1 "path"  .loc 1 57        where the next instructions come from; .loc 0 0: not known. A program of which the text
//	                                 does not say it comes from the text
//	.loc 1 57 "text"  .loc "text"    and the line's text, a comment on all up to the next .loc that have none of their own
//	.resolved map name               what the next instruction referred to before the program was linked
//	.type name,@function             name is a function, also one of elsewhere
//
// A text without .program has one program, which is called like its first label, or else like the file. What licence and
// maps a text gives before its first .program hold for all, maps for those that refer to them.
//
// Of an object in LLVM's assembly language, a text with .text and .section, every function is a program of its own, those
// of .text without a type; the others have the type that the section's name says. Package reloc links them. Directives that
// say nothing about the programs are passed over; data is refused but for the licence and for sections that describe maps.
//
// # Dumps
//
// Instructions of the kernel begin with the number of their slot and the opcode, which decides: 0: (18) r1 = 0x5 is a
// 64-bit immediate. A log may show them in any order and often; it has to show every slot, and every time the same. What
// else it says is passed over. ; text @ file.go:12, [file:... line_num:12 ...] of bpftool and ; text before an instruction
// are its position and comment, unless the text is an instruction as Program.Lines shows it.
//
// The log shows addresses. What the verifier says behind the instruction (R1=map_ptr(map=workers,...), at log level 2)
// makes a reference of it. map[id:3] is a reference to map_id_3, or to the name that a line of Program.Lines before it
// tells; map[fd:4] and map[idx:1] are the numbers that they show. bpftool shows a program as the verifier has rewritten it:
// the functions that it calls for a helper in programs of a type or with maps of a type are read as the helper
// (bpf_skb_event_output is bpf_perf_event_output but in programs of type tracing, which .program before the dump tells).
// What cannot be undone is refused: other functions inside the kernel, such as those for bpf_map_lookup_elem of most maps,
// which instructions behind the call belong to, and accesses to variables of a CPU. Rewritten accesses to the context and
// checks that were put in come as they are.
func ParseText(file string, text []byte) ([]*Program, error) {
	p := parser{file: file, src: string(text), opcode: -1}
	if strings.HasPrefix(p.src, byteOrderMark) {
		p.next = len(byteOrderMark)
	}
	p.unit = &unit{begins: spot{1, 1}}
	p.units = append(p.units, p.unit)
	if p.readable() {
		p.isDump = hasDump(p.src)
		for p.nextLine() {
			begin, before, u := p.begin, p.errors.count(), p.unit
			p.readLine()
			if p.errors.count() > before {
				u.broken = true
				p.unit.broken = true
				p.lose(p.src[begin:p.next])
			}
		}
		p.finish()
	}
	if len(p.errors.Errors) > 0 {
		p.errors.sort()
		return nil, &p.errors
	}
	return p.programs, nil
}

// parser reads a text line by line.
type parser struct {
	file string
	src  string

	line       int32 // of the current line, from 1
	begin, end int   // of the current line
	next       int   // where the next line begins
	at         int   // what is next

	errors ParseErrors
	failed int32 // line of the last error

	// What is known of the instruction that is being read.
	stmt   int         // where it begins
	opcode int16       // that a dump states, or -1
	insn   Instruction // what was read
	fix    fixup       // its symbol, if kind is not 0
	callee string      // name of the function that a dump adds to a call
	hint   hint        // what the line of source text before it says
	first  int         // first instruction of the line

	isDump  bool // the text has lines as the kernel prints them
	objdump bool // the text has lines as llvm-objdump prints them
	object  bool // the text has sections
	section sectionKind

	unit      *unit
	units     []*unit
	shared    ProgramSpec        // what was said before the programs
	mapIndex  map[string]int     // index into shared.Maps, when it has been asked for
	functions map[string]bool    // of all units of an object
	defined   map[string]bool    // labels of all units, when it has been asked for
	lost      map[string]bool    // what may be labels in lines with errors
	files     []string           // of positions
	equal     map[string]literal // numbers that the text has names for
	programs  []*Program
}

// byteOrderMark is what some editors put before a text in UTF-8.
const byteOrderMark = "\uFEFF"

// maxLine is the largest length of a line in bytes.
const maxLine = 64 << 10

// readable reports whether the whole text is text, and notes where it is not.
func (p *parser) readable() bool {
	if utf8.ValidString(p.src) && strings.IndexByte(p.src, 0) < 0 {
		return true
	}
	for p.nextLine() {
		line := p.src[p.begin:p.end]
		if k := strings.IndexByte(line, 0); k >= 0 {
			return p.fail(p.begin+k, "a byte of value 0: this is no text")
		}
		for k, r := range line {
			if r == utf8.RuneError {
				if _, n := utf8.DecodeRuneInString(line[k:]); n == 1 {
					return p.fail(p.begin+k, "byte %#02x: this is not UTF-8", line[k])
				}
			}
		}
	}
	return true
}

func (p *parser) readLine() {
	if p.end-p.begin > maxLine {
		p.fail(p.begin, "a line of %d bytes; there may be %d", p.end-p.begin, maxLine)
		return
	}
	p.skip()
	p.first = len(p.unit.insns)
	c := p.peek()
	switch {
	case c == 0, c == '#':
		return
	case p.section != sectionCode && p.inSection():
	case byteClass[c]&isDigit != 0:
		p.numbered()
	case c == ';':
		p.sourceLine()
	case c == 'D' && p.objdumpHeader(), (c == 'F' || !p.objdump && p.line < 4) && p.objdumpHeader():
	case p.isDump && c != '.' && c != '/':
		p.dumpText()
	default:
		p.statements()
	}
}

// statements reads labels, directives and instructions up to the end of the line.
func (p *parser) statements() {
	for {
		p.skip()
		switch c := p.peek(); {
		case c == 0:
			return
		case c == '#' || c == '/' && p.statementEnds():
			p.trailing()
			return
		case c == ';':
			p.at++
			continue
		case byteClass[c]&isLetter != 0:
			at := p.at
			w := p.word()
			if p.acceptByte(':') {
				if !p.label(w, at) {
					return
				}
				continue
			}
			if w[0] == '.' {
				if !p.directive(w, at) || !p.endOfStatement() {
					return
				}
				p.first = len(p.unit.insns)
				continue
			}
			p.at = at
		}
		if !p.instruction() {
			return
		}
		if len(p.unit.dump.slots) > 0 {
			p.fail(p.stmt, "an instruction without the number of its slot among others with it")
			return
		}
		p.unit.dump.plain = true
		p.add()
		if !p.endOfStatement() {
			return
		}
	}
}

// endOfStatement reports whether nothing follows that belongs to the statement.
func (p *parser) endOfStatement() bool {
	p.skip()
	return p.statementEnds() || p.expected("the end of the instruction")
}

// trailing reads a comment behind instructions, which is the author's about them.
func (p *parser) trailing() {
	u := p.unit
	text := strings.TrimLeft(p.src[p.at:p.end], "#/")
	text = strings.Trim(text, " \t")
	if text == "" {
		return
	}
	// It says more than the text of the source line.
	for c := u.spec.Comments; u.line != "" && len(c) > 0 && c[len(c)-1].Index >= p.first && c[len(c)-1].Text == u.line; {
		c = c[:len(c)-1]
		u.spec.Comments = c
	}
	for n := p.first; n < len(u.insns); n++ {
		u.say(n, text)
	}
}

// say adds a comment on instruction n, unless there is one.
func (u *unit) say(n int, text string) {
	if c := u.spec.Comments; len(c) > 0 && c[len(c)-1].Index >= n {
		return
	}
	u.spec.Comments = append(u.spec.Comments, Comment{Index: n, Text: text})
}

// add adds the instruction that was read to the program.
func (p *parser) add() {
	u := p.unit
	n := len(u.insns)
	if p.fix.kind != 0 {
		p.fix.index = int32(n)
		u.fixups = append(u.fixups, p.fix)
		p.fix.kind = 0
	}
	if u.positions != nil {
		u.positions = append(u.positions, u.position)
	}
	if u.comment != "" {
		u.say(n, u.comment)
		if len(u.dump.slots) == 0 {
			u.comment = ""
		}
	} else if u.line != "" {
		u.say(n, u.line)
	}
	u.insns = append(u.insns, p.insn)
	u.places = append(u.places, p.placeOf(p.stmt))
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// finish makes programs of what was read.
func (p *parser) finish() {
	name := strings.TrimSuffix(filepath.Base(p.file), filepath.Ext(p.file))
	if checkName(name) != nil {
		name = "program"
	}
	if p.object {
		p.objectFunctions()
	}
	for _, u := range p.units {
		if len(u.insns) == 0 && (u.elf != "" || len(p.units) > 1 && u.spec.Name == "") {
			continue // a section without code
		}
		if prog := u.program(p, name); prog != nil {
			p.programs = append(p.programs, prog)
		}
	}
	if len(p.programs) == 0 && len(p.errors.Errors) == 0 {
		p.errorAt(spot{1, 1}, "no instructions")
	}
}
