package main

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// xlatedProgram is what prog dump prints: a program as the kernel rewrote it.
type xlatedProgram struct {
	ID           uint32              `json:"id"`
	Name         string              `json:"name,omitempty"`
	Type         string              `json:"type"`
	Instructions []xlatedInstruction `json:"instructions"`
}

type xlatedInstruction struct {
	Slot     int    `json:"slot"`
	Function string `json:"function,omitempty"` // that begins here
	Source   string `json:"source,omitempty"`   // file:line, where it is another than before
	Line     string `json:"line,omitempty"`     // its text
	Bytes    string `json:"bytes"`
	Text     string `json:"text"`
	Calls    string `json:"calls,omitempty"` // the function of the kernel
	Map      string `json:"map,omitempty"`
}

// dumpLoaded is prog dump.
func dumpLoaded(c *console, args []string, json bool) error {
	if len(args) > 1 {
		return misuse("dumps one program, got %q as well", args[1])
	}
	p, err := openProgram(args[0], nil)
	if err != nil {
		return err
	}
	defer p.Close()
	x, err := dumpProgram(p)
	if err != nil {
		return err
	}
	if json {
		return c.printJSON(x)
	}
	return x.print(c)
}

func dumpProgram(p *loader.Program) (*xlatedProgram, error) {
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	code, err := p.Xlated()
	if err != nil {
		return nil, err
	}
	source, err := p.Source()
	if err != nil { // the lines are nice to have
		source = new(loader.Source)
	}
	x := &xlatedProgram{ID: info.ID, Name: info.Name, Type: info.Type.String()}
	d := &xlator{maps: mapNames(info.MapIDs), source: source}
	for slot := 0; slot*slotSize < len(code); {
		ins := d.instruction(slot, code[slot*slotSize:])
		x.Instructions = append(x.Instructions, ins)
		slot += len(ins.Bytes) / (2 * slotSize)
	}
	d.nameCalls(x)
	return x, nil
}

// mapNames returns the names of maps, as far as this process may know them.
func mapNames(ids []uint32) map[uint32]string {
	names := make(map[uint32]string)
	for _, id := range ids {
		if m, err := openAs(func(a maps.Access) (*maps.Raw, error) { return maps.OpenID(id, a) }); err == nil {
			names[id] = m.Spec().Name
			m.Close()
		}
	}
	return names
}

// xlator turns the instructions of a program in the kernel into text.
type xlator struct {
	maps   map[uint32]string
	source *loader.Source
	calls  map[int]int32 // by slot: how far from the kernel's __bpf_call_base the called function is
}

// instruction describes the instruction that b begins with.
func (d *xlator) instruction(slot int, b []byte) xlatedInstruction {
	x := xlatedInstruction{Slot: slot}
	for _, f := range d.source.Functions {
		if f.Slot == slot {
			x.Function = f.Name
		}
	}
	for _, l := range d.source.Lines {
		if l.Slot == slot {
			x.Line = l.Text
			if l.Position.Line != 0 {
				x.Source = l.Position.String()
			}
		}
	}
	ins, n, err := asm.DecodeInstruction(b, binary.NativeEndian)
	if err != nil {
		ins, n = undecoded(b), min(slotSize, len(b))
	}
	x.Bytes = fmt.Sprintf("%x", b[:n])
	x.Text = d.text(slot, ins, &x)
	return x
}

// undecoded returns the fields of an instruction that programs cannot have.
func undecoded(b []byte) asm.Instruction {
	if len(b) < slotSize {
		b = append(b[:len(b):len(b)], make([]byte, slotSize)...)
	}
	dst, src := b[1]&15, b[1]>>4
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		dst, src = src, dst
	}
	return asm.Instruction{
		Op: asm.Opcode(b[0]), Dst: asm.Register(dst), Src: asm.Register(src),
		Off: int16(binary.NativeEndian.Uint16(b[2:])), Imm: int64(int32(binary.NativeEndian.Uint32(b[4:]))),
	}
}

// The opcodes that the verifier writes its own instructions with: include/linux/filter.h.
const (
	opNospec      = 0xc2 // BPF_ST | BPF_NOSPEC: no speculation beyond here
	opMov64       = 0xbf
	percpuAddress = -1 // BPF_ADDR_PERCPU in off of a move
	opCall        = 0x85
)

func (d *xlator) text(slot int, ins asm.Instruction, x *xlatedInstruction) string {
	kernel := func(i asm.Instruction) string { return string(i.AppendText(nil, asm.Kernel)) }
	switch {
	case ins.Op == opNospec:
		return "nospec"
	case ins.Op == opMov64 && ins.Off == percpuAddress:
		return fmt.Sprintf("r%d = &(void __percpu *)(r%d)", ins.Dst, ins.Src)
	case ins.Op == asm.OpLdImm64 && (ins.Src == asm.Imm64MapFD || ins.Src == asm.Imm64MapValue):
		id := uint32(ins.Imm)
		x.Map = d.maps[id]
		text := fmt.Sprintf("r%d = map[id:%d]", ins.Dst, id)
		if ins.Src == asm.Imm64MapValue {
			text += fmt.Sprintf("[0]+%d", uint32(ins.Imm>>32))
		}
		return text
	case ins.Op == opCall && ins.Src == asm.CallSubprogram:
		// The compiler and the interpreter keep the distance in off; imm is their own.
		distance := int(ins.Off)
		if distance == 0 {
			distance = int(ins.Imm)
		}
		name := ""
		for _, f := range d.source.Functions {
			if f.Slot == slot+1+distance {
				name = "#" + f.Name
			}
		}
		return fmt.Sprintf("call pc%+d%s", distance, name)
	case ins.Op == opCall:
		if d.calls == nil {
			d.calls = make(map[int]int32)
		}
		d.calls[slot] = int32(ins.Imm)
		return fmt.Sprintf("call unknown#%d", ins.Imm)
	}
	return kernel(ins)
}

// nameCalls replaces the distances of calls into the kernel by names, where this process may know its addresses.
func (d *xlator) nameCalls(x *xlatedProgram) {
	if len(d.calls) == 0 {
		return
	}
	names := kernelNames(d.calls)
	for i := range x.Instructions {
		ins := &x.Instructions[i]
		distance, ok := d.calls[ins.Slot]
		if !ok {
			continue
		}
		if h := asm.Helper(distance); distance > 0 && h == asm.FnTailCall {
			ins.Calls = h.Name() // is no function, and keeps its number
		} else if distance != 0 {
			ins.Calls = names[distance]
		}
		if ins.Calls != "" {
			ins.Text = fmt.Sprintf("call %s#%d", ins.Calls, distance)
		}
	}
}

func (x *xlatedProgram) print(c *console) error {
	var b strings.Builder
	for _, ins := range x.Instructions {
		if ins.Function != "" {
			fmt.Fprintf(&b, "%s:\n", ins.Function)
		}
		if ins.Source != "" || ins.Line != "" {
			b.WriteString("; " + ins.Line)
			if ins.Source != "" {
				b.WriteString(" @ " + filepath.Base(ins.Source))
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%4d: (%s) %s", ins.Slot, ins.Bytes[:2], ins.Text)
		if ins.Map != "" {
			b.WriteString(" ; " + ins.Map)
		}
		b.WriteByte('\n')
	}
	_, err := c.stdout.Write([]byte(b.String()))
	return err
}
