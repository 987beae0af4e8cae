package asm

// directive reads what follows the word of a directive, which is at offset at.
func (p *parser) directive(w string, at int) bool {
	switch w {
	case ".type":
		return p.typeDirective()
	case ".text", ".globl", ".global", ".weak", ".size", ".p2align", ".addrsig", ".addrsig_sym", ".ident":
		p.at = p.end
		return true
	}
	return p.fail(at, "unknown directive %s", w)
}

// typeDirective reads LLVM's .type name,@function.
func (p *parser) typeDirective() bool {
	p.skip()
	at := p.at
	name := p.word()
	if err := checkName(name); err != nil {
		return p.fail(at, "%s: %w", name, err)
	}
	if !p.want(',') || !p.want('@') {
		return false
	}
	switch kind := p.word(); kind {
	case "function":
		if p.unit.isFunction == nil {
			p.unit.isFunction = make(map[string]bool)
		}
		p.unit.isFunction[name] = true
	case "object":
	default:
		return p.expected("function or object")
	}
	return true
}
