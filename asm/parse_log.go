package asm

import (
	"strconv"
	"strings"
)

// hint is an instruction as a line of source text shows it.
type hint struct {
	insn   Instruction
	symbol fixup
}

// meaning finds out what the number in a 64-bit immediate load of a dump is. The kernel shows addresses; the registers that
// the verifier shows behind the instruction, and the line of source text before it, tell of what.
func (p *parser) meaning(state string) bool {
	i, u := &p.insn, p.unit
	shown := i.Imm
	if f := p.hint.symbol; (f.kind == fixSymbol || f.kind == fixValue) && p.hint.insn.Dst == i.Dst &&
		(p.fix.kind == fixMap || p.fix.kind == fixValue) {
		p.fix.name = f.name // instead of the id
	}
	value, known := registerState(state, i.Dst)
	if i.Src != Imm64Value || !known {
		return true
	}
	name := ""
	if _, rest, ok := strings.Cut(value, "map="); ok {
		name = rest[:strings.IndexAny(rest+")", ",)")]
	} else {
		name = "map_" + strconv.FormatUint(uint64(shown), 16)
	}
	switch kind, rest, _ := strings.Cut(value, "("); kind {
	case "map_ptr":
		i.Src, i.Imm = Imm64MapFD, 0
		p.symbol(fixMap, name, p.stmt)
	case "map_value":
		off, ok := valueOffset(rest)
		if !ok {
			return p.fail(p.stmt, "the log says %s, an offset that does not fit 32 bits", value)
		}
		i.Src, i.Imm = Imm64MapValue, off<<32
		p.symbol(fixValue, name, p.stmt)
	case "func":
		i.Src, i.Imm = Imm64Func, int64(uint32(i.Imm))
	case "scalar":
		return true
	default:
		if c := (kind + "0")[0]; c >= '0' && c <= '9' || c == '-' || c == 'P' {
			return true // a number, perhaps marked as precise
		}
		return p.fail(p.stmt, "the number is an address of %s, which a program does not have", value)
	}
	if p.fix.kind != 0 {
		if err := checkName(p.fix.name); err != nil {
			return p.fail(p.stmt, "map %s: %w", p.fix.name, err)
		}
	}
	if u.dump.raw == nil {
		u.dump.raw = make(map[int32]int64)
	}
	u.dump.raw[int32(len(u.insns))] = shown
	return true
}

// registerState returns what a log says about a register: of "R2=map_ptr(map=workers,ks=8,vs=8) R10=fp0" for r2
// "map_ptr(map=workers,ks=8,vs=8)".
func registerState(state string, r Register) (string, bool) {
	if state == "" {
		return "", false
	}
	for _, mark := range [...]string{"=", "_w="} {
		prefix := " R" + strconv.Itoa(int(r)) + mark
		if k := strings.Index(state, prefix); k >= 0 {
			value := state[k+len(prefix):]
			end := strings.IndexByte(value, ' ')
			// Blanks are inside parentheses too: var_off=(0x0; 0xff).
			if open := strings.IndexByte(value, '('); open >= 0 && (end < 0 || open < end) {
				end = strings.IndexByte(value, ')') + 1
			}
			if end <= 0 {
				end = len(value)
			}
			return value[:end], end > 0
		}
	}
	return "", false
}

// valueOffset returns the offset in a map's value that a log shows: 8 of "map=config,ks=4,vs=16,off=8)".
func valueOffset(s string) (int64, bool) {
	for s != "" {
		end := strings.IndexAny(s, ",)")
		if end < 0 {
			end = len(s)
		}
		if number, ok := strings.CutPrefix(s[:end], "off="); ok {
			off, err := strconv.ParseInt(number, 0, 32)
			return off, err == nil
		}
		s = s[min(end+1, len(s)):]
	}
	return 0, true
}

// nameCallee notes the name of the function that the instruction of a slot calls or loads the address of.
func (p *parser) nameCallee(slot int32) {
	k := kinds[p.insn.Op]
	if k != kindCall && k != kindLdImm64 {
		return
	}
	distance, ok := p.insn.distance()
	to := int64(slot) + 1 + distance
	if !ok || p.fix.kind != 0 || to != int64(int32(to)) {
		return
	}
	name := p.callee
	if rest, ok := strings.CutPrefix(name, "bpf_prog_"); ok { // and 16 digits
		_, name, _ = strings.Cut(rest, "_")
	}
	if f := p.hint.symbol; name == "" && (f.kind == fixCall || f.kind == fixSymbol && p.hint.insn.Dst == p.insn.Dst) {
		name = f.name
	}
	if checkName(name) != nil {
		return
	}
	if p.unit.dump.names == nil {
		p.unit.dump.names = make(map[int32]string)
	}
	p.unit.dump.names[int32(to)] = name
}

// agree reports whether two instructions of the same slot are the same.
func (u *unit) agree(a, b int32, fixed map[int32]fixup) bool {
	if _, ok := u.dump.raw[b]; ok {
		a, b = b, a
	}
	if shown, ok := u.dump.raw[a]; ok {
		if other, ok := u.dump.raw[b]; ok {
			return shown == other && u.insns[a] == u.insns[b] && fixed[a].name == fixed[b].name
		}
		// The other does not say what the number is.
		return u.insns[b] == Instruction{Op: OpLdImm64, Dst: u.insns[a].Dst, Imm: shown}
	}
	return u.insns[a] == u.insns[b] && fixed[a].name == fixed[b].name
}

// complete reports whether a dump shows a whole program: that it does not end before its last instruction, and that the
// log says what addresses are.
func (u *unit) complete(p *parser) bool {
	if len(u.dump.slots) == 0 {
		return true
	}
	n := len(u.insns) - 1
	if last := u.insns[n]; kinds[last.Op] != kindExit && kinds[last.Op] != kindJA && kinds[last.Op] != kindJAL && u.dump.log {
		p.errorAt(u.places[n], "the text shows nothing behind slot %d, and %v does not end a program", slotTable(u.insns)[n], last)
		return false
	}
	if !u.dump.log {
		return true
	}
	slots := slotTable(u.insns)
	for n, i := range u.insns {
		// Where the kernel is on 64-bit machines, but for the numbers that 32-bit ones are with their sign extended.
		if i.Op == OpLdImm64 && i.Src == Imm64Value && uint64(i.Imm) >= 0xffff<<48 && uint64(i.Imm) < 1<<64-1<<31 {
			p.errorAt(u.places[n], "slot %d: %#x is an address of the kernel, and the log does not say whose; log level 2 does", slots[n], uint64(i.Imm))
			return false
		}
	}
	return true
}
