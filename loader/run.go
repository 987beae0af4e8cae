//go:build linux

package loader

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/sys"
)

// RunOptions are what a program runs on. Which of it a type takes is in the kernel's bpf_prog_test_run_* functions.
type RunOptions struct {
	// Data is the packet, beginning with the Ethernet header: 14 bytes or more. It is copied.
	Data []byte
	// Room is the number of bytes by which the program may make the packet longer; 0 stands for 256. ENOSPC when it was
	// not enough.
	Room int
	// Context is the context struct in the kernel's layout and the machine's byte order, such as __sk_buff for the packet
	// types, or bpf_sk_lookup, which sk_lookup must have. Fields that the type does not take must be zero.
	Context []byte
	// Repeat runs the program that many times, for measuring. 0 is once. sk_lookup and socket types take no more than that.
	Repeat uint32
	// Flags are BPF_F_TEST_*; CPU and BatchSize belong to some of them.
	Flags     uint32
	CPU       uint32
	BatchSize uint32
}

// RunResult is what a program did.
type RunResult struct {
	Return   uint32        // r0 at exit
	Data     []byte        // the packet afterwards
	Context  []byte        // the context afterwards, where one was given
	Duration time.Duration // of one run on average, with a resolution of 1 ns
}

// defaultRoom is the headroom of an XDP packet.
const defaultRoom = 256

// Run runs the program on the given data instead of a real packet: BPF_PROG_TEST_RUN. It needs Linux 4.12 and more
// depending on the type.
//
// The error wraps errors.ErrUnsupported for types that the kernel does not run: sk_reuseport, sk_msg, sk_skb, sock_ops,
// and those for cgroups but cgroup_skb. EINVAL: the data is shorter than an Ethernet header, or the type takes no context.
func (p *Program) Run(opts *RunOptions) (*RunResult, error) {
	if opts == nil {
		opts = new(RunOptions)
	}
	result, err := p.run(opts)
	switch {
	case err == nil:
		return result, nil
	case err == sys.ENOTSUPP || err == unix.EOPNOTSUPP:
		err = &unsupported{err: err, text: fmt.Sprintf("the kernel runs no %v programs on data; it does "+
			"socket_filter, xdp, sched_cls, sched_act, cgroup_skb, flow_dissector, lwt_*, sk_lookup, syscall and tracing", p.kind)}
	case err == unix.EINVAL:
		err = fmt.Errorf("%w (%d bytes of data, 14 or more are a packet; %d bytes of context)", err, len(opts.Data), len(opts.Context))
	}
	return nil, fmt.Errorf("run %v program %s: %w", p.kind, p.name, err)
}

func (p *Program) run(opts *RunOptions) (*RunResult, error) {
	attr := sys.ProgTestRunAttr{
		DataIn: sys.BytesPointer(opts.Data), DataSizeIn: uint32(len(opts.Data)),
		CtxIn: sys.BytesPointer(opts.Context), CtxSizeIn: uint32(len(opts.Context)),
		Repeat: opts.Repeat, Flags: opts.Flags, CPU: opts.CPU, BatchSize: opts.BatchSize,
	}
	var data []byte
	if len(opts.Data) > 0 {
		room := opts.Room
		if room <= 0 {
			room = defaultRoom
		}
		data = make([]byte, len(opts.Data)+room)
		attr.DataOut, attr.DataSizeOut = sys.BytesPointer(data), uint32(len(data))
	}
	context := make([]byte, len(opts.Context))
	attr.CtxOut, attr.CtxSizeOut = sys.BytesPointer(context), uint32(len(context))
	err := use(p.fd, func(n int) error {
		attr.ProgFD = uint32(n)
		return sys.ProgTestRun(&attr)
	})
	if err != nil {
		return nil, err
	}
	return &RunResult{
		Return:   attr.Retval,
		Data:     data[:min(int(attr.DataSizeOut), len(data))],
		Context:  context[:min(int(attr.CtxSizeOut), len(context))],
		Duration: time.Duration(attr.Duration),
	}, nil
}
