package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/purebpf/purebpf/internal/pcap"
)

var runCommand = command{
	name: "run", args: "INPUT", summary: "show what one does with given packets",
	help: `
Runs a program in the simulator, with no privilege and on any system, and prints what it returns for each packet and
what comes of it: changes of the packet, of fields of the context and of maps, which keep what they hold from packet to
packet. What the simulator does not have is an error that names it, as is an access that the kernel would refuse.

Hexadecimal packets begin where the program's offset 0 is, see -start. Of a capture (tcpdump -w) programs get each frame
with what is before and behind that offset. sk_reuseport programs, and classic ones with -sockets, select among sockets
at 127.0.0.1:4433: a packet in hexadecimal is the payload of a UDP datagram to them; sk_msg ones get a message. Programs
of other types run once, on the -context.

-map NAME=TYPE:KEY:VALUE:ENTRIES describes a map that the input does not describe, with sizes in bytes. -map
NAME:KEY=VALUE puts an element into a map. KEY and VALUE are pieces with commas between them: bytes in hexadecimal,
u8:N u16:N u32:N u64:N in the CPU's byte order, be16:N be32:N be64:N in network order, ip:ADDRESS, str:TEXT. What is
missing of a value is zeros. In a map of sockets the value is socket:N, in one of programs program:NAME. Maps of sockets
by index have socket N at index N if nothing is put into them.

The programs that the tool ships come with what they need. dcid and bytemod select among 4 sockets, numbered from 0. A
connection ID of dcid's worker N begins with the cookie of its socket, N+1: 0000000000000001 leads to socket 0. For
sockredir-record and -redirect a packet is what a client sends on a connection of its own, or a capture of TCP
connections from their SYN on.`,
	examples: []string{
		"purebpf run dcid -packet 4000000000000000030102030405060708090a0b0c",
		"purebpf run bytemod -packet 07 -trace",
		"purebpf run sockredir-redirect -packet 68656c6c6f",
		"purebpf run firewall.s -packet 0200000000020200000000010800450000 -trace",
		"purebpf run firewall.s -packet web.pcap -map blocked:u32:8,ip:10.0.0.0=00 -json",
		"tcpdump -y EN10MB -ddd udp | purebpf run - -packet web.pcap",
	},
	setup: func(f *flags) action {
		in := f.input()
		o := new(runOptions)
		program := f.text("program", "NAME", "", "run one program of several")
		packets := f.list("packet", "HEX|FILE", "a packet in hexadecimal, blanks and colons allowed, or a capture;\nmay be given several times")
		f.files = append(f.files, "packet")
		start := f.choice("start", "", "", strings.TrimSpace(`
what the program's offset 0 is: by default link, the Ethernet header, for
xdp, sched_cls, sched_act and socket_filter (as on a packet socket), and
network, the IP header, for the others`), startNames()...)
		context := f.text("context", "FIELD=VALUE,...|HEX", "", strings.TrimSpace(`
fields of the context, such as mark=7,cb[1]=5 or user_ip4=10.0.0.1, numbers
as the host has them; for types without fields the bytes of it`))
		maps := f.list("map", "NAME...", "describe a map, or put something into one, as said above")
		sockets := f.text("sockets", "N", "", "how many sockets there are, 4 if not given")
		order := f.choice("order", "", "", "the byte order of the simulated CPU, that of the input if not given", "little", "big")
		trace := f.on("trace", "print each instruction, with the line that asked for it and what it did")
		asJSON := f.on("json", "print what scripts read")
		return func(c *console, args []string) error {
			*o = runOptions{
				in: in, program: *program, packets: *packets, start: *start, context: *context, maps: *maps, sockets: *sockets,
				order: *order, trace: *trace, json: *asJSON,
			}
			for _, name := range []string{"start", "context", "map", "sockets", "order"} {
				if f.given(name) {
					o.surroundings = append(o.surroundings, "-"+name)
				}
			}
			return o.run(c, args)
		}
	},
}

// runOptions are what the command line says.
type runOptions struct {
	in             *inputFlags
	program        string
	packets        []string
	start, context string
	maps           []string
	sockets, order string
	trace, json    bool
	surroundings   []string // the flags given that are not for programs that the tool ships
}

func (o *runOptions) run(c *console, args []string) error {
	arg, err := oneInput(args)
	if err != nil {
		return err
	}
	if *o.in.from == "" && slices.Contains(shippedNames(), arg) {
		return o.runShipped(c, arg)
	}
	return o.runInput(c, arg)
}

// runShipped runs a program that the tool ships in what it is made for.
func (o *runOptions) runShipped(c *console, name string) error {
	all, err := programs()
	if err != nil {
		return err
	}
	if *o.in.kind != "" {
		o.surroundings = append(o.surroundings, "-type")
	}
	if len(o.surroundings) > 0 {
		return misuse("%s is not for %s, which comes with what it needs", o.surroundings[0], name)
	}
	p, err := o.shipped(all, name)
	switch {
	case err != nil:
		return err
	case len(o.packets) == 0:
		return misuse("needs -packet HEX|FILE")
	}
	out := &reporter{w: c.stdout, quiet: o.json}
	var run packetRunner
	switch p.name {
	case dcidName, bytemodName:
		run, err = newGroupRunner(p, out, o.trace)
	default:
		run, err = newConnectionRunner(all, p.name, out, o.trace)
	}
	for _, packet := range o.packets {
		if err == nil {
			err = feed(packet, run, out)
		}
	}
	if o.json && err == nil {
		return c.printJSON(out.shipped)
	}
	return errors.Join(err, out.err)
}

// shipped returns the program of a name that list prints, and of the two in the object the one that -program says.
func (o *runOptions) shipped(all []program, name string) (program, error) {
	var names []string
	for _, p := range all {
		own := p.name
		if p.extended != nil {
			own = p.extended.Name()
		}
		if p.name == name && (o.program == "" || o.program == own) || name == objectName && p.extended != nil && own == o.program {
			return p, nil
		}
		if p.name == name || name == objectName && (p.name == recordName || p.name == redirectName) {
			names = append(names, own)
		}
	}
	if o.program == "" {
		return program{}, fmt.Errorf("%s: has %d programs; which one: %s?", name, len(names), alternatives(names))
	}
	return program{}, fmt.Errorf("%s: has no program %s%s", name, o.program, didYouMean(o.program, names))
}

// packetRunner runs a program on packets.
type packetRunner interface {
	// payload runs it on one given by hand.
	payload(b []byte) error
	// segment runs it on one of a capture, and reports whether it is of a kind that the program is for.
	segment(s pcap.Segment) (ok bool, err error)
	// kind says what that is.
	kind() string
}

// reporter prints, and keeps the first error of doing so. It knows the packet that is being run.
type reporter struct {
	w       io.Writer
	err     error
	number  int
	quiet   bool // nothing is printed but JSON in the end
	shipped shippedReport
}

// shippedReport is what run -json prints of a program that the tool ships.
type shippedReport struct {
	Runs    []shippedRun `json:"runs"`
	Trace   []string     `json:"trace,omitempty"`
	LeftOut int          `json:"left_out"` // packets that are not for the program
}

type shippedRun struct {
	Packet  int    `json:"packet"`
	Flow    string `json:"flow"`
	Event   string `json:"event"`
	Outcome string `json:"outcome"`
}

func (r *reporter) printf(format string, args ...any) {
	if r.err == nil && !r.quiet {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

// Write is for traces.
func (r *reporter) Write(b []byte) (int, error) {
	r.printTrace(strings.TrimRight(string(b), "\n"))
	return len(b), r.err
}

func (r *reporter) printTrace(line string) {
	if r.quiet {
		r.shipped.Trace = append(r.shipped.Trace, line)
	}
	r.printf("%s\n", line)
}

// result prints what came of a run: on which packet, whose it was, what happened and what the program did.
func (r *reporter) result(whose, what, outcome string) {
	if r.quiet {
		r.shipped.Runs = append(r.shipped.Runs, shippedRun{r.number, whose, what, outcome})
	}
	r.printf("packet %d, %s, %s: %s\n", r.number, whose, what, outcome)
}

// feed gives a packetRunner the packets that a value of -packet stands for.
func feed(packet string, run packetRunner, out *reporter) error {
	file, b, err := openPacket(packet)
	if err != nil {
		return err
	}
	if file == nil {
		out.number++
		return run.payload(b)
	}
	defer file.Close()
	before, left := out.number, 0
	err = eachPacket(file, func(link pcap.LinkType, data []byte) error {
		out.number++
		ok := false
		if ip, isIP := pcap.IP(link, data); isIP {
			if s, whole := pcap.ParseSegment(ip); whole {
				var err error
				if ok, err = run.segment(s); err != nil {
					return fmt.Errorf("%s: packet %d: %w", file.Name(), out.number, err)
				}
			}
		}
		if !ok {
			left++
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.shipped.LeftOut += left
	return leftOut(out, file.Name(), left, out.number-before, run.kind())
}

// leftOut says how many packets of a capture were not for the program.
func leftOut(out *reporter, name string, left, all int, kind string) error {
	if left == all {
		return fmt.Errorf("%s: %d packets, of which none is %s", name, all, kind)
	}
	if left > 0 {
		out.printf("Left out: %d of %d packets, which are not %s.\n", left, all, kind)
	}
	return nil
}

// openPacket opens the file that a value of -packet names, or returns the bytes that it is.
func openPacket(packet string) (*os.File, []byte, error) {
	file, noFile := os.Open(packet)
	if noFile == nil {
		return file, nil, nil
	}
	b, noBytes := parseHex(packet)
	switch {
	case noBytes == nil:
		return nil, b, nil
	case errors.Is(noFile, fs.ErrNotExist):
		return nil, nil, misuse("-packet is neither a file (%v) nor bytes (%v)", noFile, noBytes)
	}
	return nil, nil, noFile
}

func parseHex(s string) ([]byte, error) {
	return hex.DecodeString(strings.NewReplacer(" ", "", ":", "", "\n", "", "\t", "").Replace(s))
}

// eachPacket calls f for each packet of a capture.
func eachPacket(file *os.File, f func(link pcap.LinkType, data []byte) error) error {
	r, err := pcap.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	for {
		p, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
		if err := f(r.LinkType(), p.Data); err != nil {
			return err
		}
	}
}
