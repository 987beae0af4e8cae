package graph

import (
	"strconv"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
)

// code is what both kinds of programs have.
type code struct {
	name      string
	kind      string // such as "sk_reuseport"
	extended  *asm.Program
	classic   *classic.Program // one of the two is nil
	flows     []flow           // of each instruction
	functions []asm.Label
	labels    []asm.Label
	calls     []Call // without Block; Function is the instruction that it leads to
}

// flow is where control goes behind an instruction.
type flow struct {
	kind   flowKind
	target int32 // of a jump
	other  int32 // of a branch that is not taken
}

type flowKind uint8

const (
	flowNext flowKind = iota
	flowJump
	flowBranch
	flowExit
)

// New returns the graph of a program.
func New(p *asm.Program) *Graph {
	spec := p.Spec()
	c := code{name: spec.Name, kind: spec.Type.String(), extended: p, flows: make([]flow, p.Len()), functions: spec.Functions, labels: spec.Labels}
	refs := spec.References
	for i, ins := range spec.Instructions {
		if len(refs) > 0 && refs[0].Index == i {
			if kind := refs[0].Kind; kind == asm.RefCall || kind == asm.RefFunc {
				c.calls = append(c.calls, Call{Instruction: i, Kind: kind, Function: -1, Name: refs[0].Symbol})
			}
			refs = refs[1:]
			continue
		}
		to := func(distance int64) int {
			n, _ := p.Index(p.Slot(i) + 1 + int(distance)) // NewProgram has refused all that lead elsewhere
			return n
		}
		switch class := ins.Op.Class(); {
		case ins.Op == asm.OpLdImm64 && ins.Src == asm.Imm64Func:
			c.calls = append(c.calls, Call{Instruction: i, Kind: asm.RefFunc, Function: to(int64(int32(ins.Imm)))})
		case class == asm.ClassJMP32 && ins.Op.JumpOp() == asm.OpJA:
			c.flows[i] = flow{kind: flowJump, target: int32(to(ins.Imm))}
		case class != asm.ClassJMP && class != asm.ClassJMP32:
		case ins.Op.JumpOp() == asm.OpJA:
			c.flows[i] = flow{kind: flowJump, target: int32(to(int64(ins.Off)))}
		case ins.Op.JumpOp() == asm.OpExit:
			c.flows[i].kind = flowExit
		case ins.Op.JumpOp() == asm.OpCall:
			if ins.Src == asm.CallSubprogram {
				c.calls = append(c.calls, Call{Instruction: i, Kind: asm.RefCall, Function: to(ins.Imm)})
			}
		default:
			c.flows[i] = flow{kind: flowBranch, target: int32(to(int64(ins.Off))), other: int32(i + 1)}
		}
	}
	return build(c)
}

// NewClassic returns the graph of a classic program.
func NewClassic(p *classic.Program) *Graph {
	c := code{name: p.Name(), kind: "classic", classic: p, flows: make([]flow, p.Len())}
	if c.name == "" {
		c.name = "classic"
	}
	c.functions = []asm.Label{{Name: c.name}}
	for i, ins := range p.All() {
		next := i + 1
		switch classic.Opcode(ins.Op) {
		case classic.OpJa:
			c.flows[i] = flow{kind: flowJump, target: int32(next + int(ins.K))}
		case classic.OpJeqK, classic.OpJeqX, classic.OpJgtK, classic.OpJgtX, classic.OpJgeK, classic.OpJgeX, classic.OpJsetK, classic.OpJsetX:
			c.flows[i] = flow{kind: flowBranch, target: int32(next + int(ins.Jt)), other: int32(next + int(ins.Jf))}
		case classic.OpRetK, classic.OpRetA:
			c.flows[i].kind = flowExit
		}
	}
	return build(c)
}

// slot returns the first slot of instruction i.
func (c *code) slot(i int) int {
	if c.extended != nil {
		return c.extended.Slot(i)
	}
	return i
}

// position returns where instruction i was asked for.
func (c *code) position(i int) asm.Position {
	if c.extended != nil {
		return c.extended.Position(i)
	}
	return c.classic.Position(i)
}

// comment returns what the author says about the line of instruction i.
func (c *code) comment(i int) string {
	if c.extended != nil {
		return c.extended.Comment(i)
	}
	return ""
}

// names names the blocks: by function, by the author's label, or by slot.
func (g *Graph) names() {
	taken := make(map[string]bool, len(g.functions)+len(g.code.labels))
	for _, f := range g.code.functions {
		taken[f.Name] = true
	}
	for _, l := range g.code.labels {
		taken[l.Name] = true
	}
	labels, letter := g.code.labels, "L"
	if g.code.classic != nil {
		letter = "l"
	}
	for b := range g.blocks {
		block := &g.blocks[b]
		for len(labels) > 0 && labels[0].Index <= block.First {
			if labels[0].Index == block.First {
				block.Name = labels[0].Name
			}
			labels = labels[1:]
		}
		if f := g.functions[block.Function]; f.First == b {
			block.Name = f.Name
		}
		if block.Name == "" {
			block.Name = letter + strconv.Itoa(g.code.slot(block.First))
			for taken[block.Name] {
				block.Name = "_" + block.Name
			}
		}
	}
}
