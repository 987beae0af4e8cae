package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/vm"
)

// simulation runs a program that was read from anywhere.
type simulation struct {
	*runOptions
	out     *reporter
	report  simulatedReport
	program *asm.Program // nil of a classic one
	input   *input
	machine *vm.Machine
	maps    *simulatedMaps
	sockets *socketPool
	context *contextValues
	printed bytes.Buffer // by bpf_trace_printk
	tracer  *vm.Tracer
	pending []string // the lines of the source that the next lines of the trace are for, "" where it is that of the one before
	last    asm.Position
	traced  []string // for JSON
	// others are the machines of programs that tail calls lead to, by name.
	others  map[string]*vm.Machine
	opts    *vm.Options
	classic *vm.Classic
}

func (o *runOptions) runInput(c *console, arg string) error {
	order, err := o.byteOrder(c, arg)
	if err != nil {
		return err
	}
	in, err := o.in.read(c, arg)
	if err != nil {
		return err
	}
	s := &simulation{
		runOptions: o, input: in, out: &reporter{w: c.stdout, quiet: o.json}, context: new(contextValues),
		others: make(map[string]*vm.Machine), sockets: &socketPool{size: workers},
	}
	if o.sockets != "" {
		const most = 4096
		if s.sockets.size, err = strconv.Atoi(o.sockets); err != nil || s.sockets.size < 1 || s.sockets.size > most {
			return misuse("-sockets %s: want a number from 1 to %d", o.sockets, most)
		}
	}
	if in.classic != nil {
		err = s.prepareClassic(order)
	} else {
		err = s.prepare(order)
	}
	if err == nil {
		err = s.runAll()
	}
	var misused usageError
	if errors.As(err, &misused) {
		return err
	}
	if s.maps != nil && s.maps.before != nil {
		s.report.Maps = s.maps.changes()
	}
	if o.json {
		if s.report.Runs == nil {
			return err
		}
		s.report.LeftOut = s.out.shipped.LeftOut
		return errors.Join(c.printJSON(s.report), err)
	}
	for i := range s.report.Maps {
		s.report.Maps[i].print(s.out)
	}
	return errors.Join(err, s.out.err)
}

// byteOrder returns the order of the CPU to simulate: of an object file its own.
func (o *runOptions) byteOrder(c *console, arg string) (binary.ByteOrder, error) {
	switch {
	case o.order != "":
		return byteOrder(o.order), nil
	case *o.in.order != "":
		return byteOrder(*o.in.order), nil
	}
	const data, big = 5, 2 // EI_DATA, ELFDATA2MSB
	head := make([]byte, data+1)
	if arg == "-" {
		r := bufio.NewReader(c.stdin)
		c.stdin = r
		head, _ = r.Peek(len(head)) // whoever reads it reports errors
	} else if file, err := os.Open(arg); err == nil {
		n, _ := io.ReadFull(file, head)
		head = head[:n]
		file.Close()
	}
	if len(head) > data && bytes.HasPrefix(head, []byte("\x7fELF")) && head[data] == big {
		return binary.BigEndian, nil
	}
	return binary.LittleEndian, nil
}

// prepare makes the machine and all that is around it.
func (s *simulation) prepare(order binary.ByteOrder) error {
	p, err := s.input.program(s.runOptions.program)
	if err != nil {
		return err
	}
	if p.Type() == asm.UnspecProgram {
		return misuse("program %s does not say its type: give -type", p.Name())
	}
	if p.Type() == asm.FlowDissector {
		return fmt.Errorf("program %s: %v, which flow_dissector programs are for, is not simulated", p.Name(), asm.SkBuffFlowKeys)
	}
	described, elements, err := parseSimulatedMaps(s.runOptions.maps)
	if err != nil {
		return err
	}
	if s.context, err = parseContext(s.runOptions.context, p.Type()); err != nil {
		return err
	}
	o := s.input.object
	if s.program, err = withFunctions(o, p); err != nil {
		return err
	}
	all := []*asm.Program{s.program}
	for _, e := range elements {
		if name, ok := strings.CutPrefix(e.value, "program:"); ok {
			other, err := s.input.program(name)
			if err == nil {
				other, err = withFunctions(o, other)
			}
			if err != nil {
				return err
			}
			all = append(all, other)
		}
	}
	if s.maps, err = newSimulatedMaps(o, all, described, order); err != nil {
		return err
	}
	s.maps.sockets = s.sockets
	s.sockets.kind = p.Type()
	if protocol := s.context.fields[asm.SkLookupProtocol]; len(protocol) > 0 {
		s.sockets.tcp = protocol[0] == asm.IPProtoTCP
	}
	s.opts = &vm.Options{Maps: s.maps.all, Order: order, Env: &vm.Env{Log: &s.printed}}
	if s.trace {
		s.tracer = vm.NewTracer(s)
		s.opts.Trace = s.step
	}
	if s.machine, err = vm.New(s.program, s.opts); err != nil {
		return err
	}
	machine := func(name string) (*vm.Machine, error) {
		i := slices.IndexFunc(all, func(p *asm.Program) bool { return p.Name() == name })
		if s.others[name] == nil {
			if s.others[name], err = vm.New(all[i], s.opts); err != nil {
				return nil, err
			}
		}
		return s.others[name], nil
	}
	if err := s.maps.fill(elements, machine); err != nil {
		return err
	}
	s.report.Program, s.report.Type = s.program.Name(), s.program.Type().String()
	if s.selects() {
		group, err := s.group()
		if err != nil {
			return err
		}
		return group.Attach(s.machine)
	}
	return nil
}

// prepareClassic is prepare for a classic program: a filter, or what selects the socket of a group if -sockets is given.
func (s *simulation) prepareClassic(order binary.ByteOrder) error {
	if s.runOptions.program != "" && s.runOptions.program != s.input.nameOfClassic() {
		return fmt.Errorf("%s: has no program %s", s.input.name, s.runOptions.program)
	}
	if len(s.runOptions.maps) > 0 {
		return misuse("-map: classic programs have no maps")
	}
	var err error
	if s.context, err = parseContext(s.runOptions.context, asm.SocketFilter); err != nil {
		return err
	}
	s.classic = vm.NewClassic(s.input.classic, &vm.ClassicOptions{Order: order})
	s.report.Program, s.report.Type = s.input.nameOfClassic(), "classic"
	if s.selects() {
		s.sockets.kind = asm.SkReuseport
		group, err := s.group()
		if err != nil {
			return err
		}
		group.AttachClassic(s.classic)
		if s.trace {
			group.Trace = s.traceClassic
		}
	}
	return nil
}

// kind is the type of the program; classic ones are filters.
func (s *simulation) kind() asm.ProgramType {
	if s.program == nil {
		return asm.SocketFilter
	}
	return s.program.Type()
}

// selects reports whether the program selects the socket of a group.
func (s *simulation) selects() bool {
	return s.kind() == asm.SkReuseport || s.program == nil && s.runOptions.sockets != ""
}

func (s *simulation) group() (*vm.Group, error) {
	first, err := s.sockets.get(0)
	if err != nil {
		return nil, err
	}
	return first.Group, nil
}

// hasPacket reports whether programs of the type run on packets.
func hasPacket(t asm.ProgramType) bool {
	switch t.Context() {
	case asm.ContextSkBuff, asm.ContextXDPMd, asm.ContextSkMsgMd, asm.ContextSkReuseportMd:
		return true
	}
	return false
}

// runAll runs the program on everything that the command line has for it.
func (s *simulation) runAll() error {
	t := s.kind()
	switch {
	case !hasPacket(t) && (len(s.packets) > 0 || s.start != ""):
		return misuse("%v programs run on a -context and on no packet", t)
	case !hasPacket(t):
		return s.runOne(frame{})
	case len(s.packets) == 0:
		return misuse("needs -packet HEX|FILE, for %v programs run on packets", t)
	}
	if s.selects() || t == asm.SkMsg {
		if s.start != "" {
			return misuse("-start is not for what %v programs run on", t)
		}
		return s.runPayloads()
	}
	at := startOf(t)
	if i := slices.Index(startNames(), s.start); i >= 0 {
		at = startAt(i)
	}
	if at != atLink && (t == asm.XDP || t == asm.SchedCLS || t == asm.SchedACT) {
		return misuse("-start %s: %v programs begin at the Ethernet header", s.start, t)
	}
	for _, packet := range s.packets {
		if err := eachFrame(packet, at, s.out, s.runOne); err != nil {
			return err
		}
	}
	return nil
}

// runOne runs the program on one packet, or on no packet.
func (s *simulation) runOne(f frame) error {
	run := simulatedRun{Packet: f.number, Flow: f.flow}
	if f.number > 0 {
		n := len(f.data) - f.start
		run.Bytes = &n
	}
	if s.classic != nil {
		return s.runClassic(run, f)
	}
	was := slices.Clone(f.data)
	ctx, err := newContext(s.program.Type(), f, s.context, s.sockets)
	if err != nil {
		return err
	}
	layout := s.program.Type().Context()
	fields := fieldsOf(ctx, layout)
	r0, err := s.machine.Run(ctx)
	if err != nil {
		return s.failed(f.number, err)
	}
	run.Result = uint32(r0)
	run.Meaning = meaning(s.program, run.Result, run.Bytes)
	run.Context = changedFields(ctx, layout, fields)
	run.comparePacket(ctx, f, was)
	run.outcome(ctx, s.sockets)
	if c, ok := ctx.(*vm.MemoryContext); ok && !bytes.Equal(c.Data, s.context.bytes) {
		run.compareMemory(s.context.bytes, c.Data)
	}
	return s.finish(run)
}

func (s *simulation) runClassic(run simulatedRun, f frame) error {
	ctx, err := newContext(asm.SocketFilter, f, s.context, s.sockets)
	if err != nil {
		return err
	}
	skb := ctx.(*vm.SKBContext)
	if s.trace {
		run.Result = s.classic.Trace(skb, s.traceClassic)
	} else {
		run.Result = s.classic.Run(skb)
	}
	run.Meaning = kept(run.Result, *run.Bytes)
	return s.finish(run)
}

// failed makes an error of one that ended a run: with the source line, if the program has its text.
func (s *simulation) failed(number int, err error) error {
	var fault *vm.Fault
	isFault := errors.As(err, &fault)
	if s.tracer != nil && isFault {
		s.tracer.End(0, fault.Err)
	}
	if isFault && s.program != nil && fault.Program == s.program.Name() && fault.Index < s.program.Len() {
		if text := s.program.Comment(fault.Index); text != "" {
			err = fmt.Errorf("%w\n    %v: %s", err, fault.Position, text)
		}
	}
	if number > 0 {
		err = fmt.Errorf("packet %d: %w", number, err)
	}
	return err
}

// finish adds to the result of a run what was written on the way, and prints it.
func (s *simulation) finish(run simulatedRun) error {
	if s.printed.Len() > 0 {
		run.Printed = strings.Split(strings.TrimSuffix(s.printed.String(), "\n"), "\n")
		s.printed.Reset()
	}
	run.Trace, s.traced = s.traced, nil
	if s.maps != nil {
		run.Records = s.maps.records()
	}
	s.report.Runs = append(s.report.Runs, run)
	run.print(s.out)
	return s.out.err
}
