package classic_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/classic"
)

// attach gives the filter to the kernel and reports whether bpf_check_classic took it.
func attach(t *testing.T, fd int, program []bpf.RawInstruction) bool {
	t.Helper()
	switch err := tryAttach(fd, program); {
	case err == nil:
		return true
	case errors.Is(err, unix.ENOMEM): // the check is behind it; the memory is a matter of net.core.optmem_max
		return true
	case errors.Is(err, unix.EINVAL):
		return false
	default:
		t.Fatalf("attach %v: %v", program, err)
		return false
	}
}

func tryAttach(fd int, program []bpf.RawInstruction) error {
	filter := make([]unix.SockFilter, len(program))
	for i, ins := range program {
		filter[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(filter))}
	if len(filter) > 0 {
		fprog.Filter = &filter[0]
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &fprog)
}

// filterSocket returns one end of a pair of Unix datagram sockets.
func filterSocket(t *testing.T) int {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return fds[0]
}

// The kernel takes every instruction, refuses what we refuse and takes what only looks wrong.
func TestKernelAgrees(t *testing.T) {
	fd := filterSocket(t)
	for _, tt := range instructions {
		if p := around(t, tt.emit); !attach(t, fd, p.Raw()) {
			t.Errorf("the kernel refuses %s:\n%v", tt.name, p)
		}
	}
	for _, tt := range refused {
		if attach(t, fd, tt.program) {
			t.Errorf("the kernel accepts %s: %v", tt.name, tt.program)
		}
	}
	for _, tt := range accepted {
		if !attach(t, fd, tt.program) {
			t.Errorf("the kernel refuses %s: %v", tt.name, tt.program)
		}
	}
	for op := range 1 << 16 {
		if op > 0x200 && op%251 != 0 {
			continue
		}
		program := []bpf.RawInstruction{ins(0x02, 0, 0, 1), ins(uint16(op), 0, 0, 1), ins(0x06, 0, 0, 0), ins(0x06, 0, 0, 0)}
		compareWithKernel(t, fd, program)
	}
	for k := uint32(0xfffff000 - 8); k >= 0xfffff000-8; k++ { // to the end of uint32
		compareWithKernel(t, fd, []bpf.RawInstruction{ins(0x28, 0, 0, k), ins(0x16, 0, 0, 0)})
	}
}

// What the comment of Decode says of the limits that are not bpf_check_classic's.
func TestKernelTranslation(t *testing.T) {
	fd := filterSocket(t)
	longest := ins(0xb1, 0, 0, 0x7fffffff) // becomes 21 instructions
	safe := append(slices.Repeat([]bpf.RawInstruction{longest}, 119), ins(0x16, 0, 0, 0))
	if err := tryAttach(fd, safe); err != nil {
		t.Errorf("120 of the longest instructions: %v", err)
	}
	farJump := append([]bpf.RawInstruction{ins(0x05, 0, 0, 4000)}, slices.Repeat([]bpf.RawInstruction{longest}, 4000)...)
	farJump = append(farJump, ins(0x16, 0, 0, 0))
	if err := tryAttach(fd, farJump); !errors.Is(err, unix.EINVAL) {
		t.Errorf("jump over 84000 translated instructions: %v, want %v", err, unix.EINVAL)
	}
	if _, err := classic.Decode(farJump); err != nil {
		t.Errorf("Decode: %v", err)
	}
}

// compareWithKernel returns whether both accept the program.
func compareWithKernel(t *testing.T, fd int, program []bpf.RawInstruction) bool {
	t.Helper()
	_, err := classic.Decode(program)
	if kernel := attach(t, fd, program); kernel != (err == nil) {
		t.Errorf("the kernel accepts: %v, we say %v, of %v", kernel, err, program)
	}
	return err == nil
}

// Random programs, and the same with one thing wrong or different: kernel and Decode are of one mind.
func TestKernelAgreesOnRandomPrograms(t *testing.T) {
	fd := filterSocket(t)
	r := rand.New(rand.NewPCG(20, 26))
	const rounds = 3000
	accepted, total := 0, 0
	for range rounds {
		program := randomProgram(r)
		for _, p := range [][]bpf.RawInstruction{program, mutated(r, program)} {
			total++
			if compareWithKernel(t, fd, p) {
				accepted++
			}
		}
		if t.Failed() {
			return
		}
	}
	if accepted < total/4 || accepted > total*3/4 {
		t.Errorf("%d of %d programs accepted: the mix proves little", accepted, total)
	}
	t.Logf("%d of %d programs accepted", accepted, total)
}

// randomProgram returns a program that is right but perhaps for the flow of its scratch words, of which it uses
// few.
func randomProgram(r *rand.Rand) []bpf.RawInstruction {
	n := 1 + r.IntN(24)
	program := make([]bpf.RawInstruction, n)
	for i := range program {
		rest := n - i - 1
		tt := instructions[r.IntN(len(instructions))]
		ins := tt.want
		if r.IntN(3) == 0 {
			ins.Op = []uint16{0x02, 0x03, 0x60, 0x61, 0x15, 0x2d, 0x05, 0x06}[r.IntN(8)]
		}
		switch ins.Op {
		case 0x02, 0x03, 0x60, 0x61: // scratch
			ins.K = uint32(r.IntN(2))
		case 0x05:
			ins.K = uint32(r.IntN(max(rest, 1)))
		case 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d:
			ins.Jt, ins.Jf = uint8(r.IntN(max(rest, 1))), uint8(r.IntN(max(rest, 1)))
		case 0x34, 0x94, 0x64, 0x74: // constants with limits
			ins.K = 1 + uint32(r.IntN(31))
		}
		program[i] = ins
	}
	program[n-1] = ins(0x16, 0, 0, 0)
	return program
}

// mutated returns a copy with one change.
func mutated(r *rand.Rand, program []bpf.RawInstruction) []bpf.RawInstruction {
	p := slices.Clone(program)
	i := r.IntN(len(p))
	numbers := []uint32{0, 1, 15, 16, 31, 32, 33, 0x7fffffff, 0x80000000, 0xffe00000, 0xfff00000, 0xffffefff, 0xfffff000,
		0xfffff001, 0xfffff03c, 0xfffff040, 0xffffffff, uint32(len(p)), uint32(len(p) - i - 1), uint32(len(p) - i - 2)}
	switch r.IntN(7) {
	case 0:
		p[i].Op ^= 1 << r.IntN(16)
	case 1:
		p[i].Op = uint16(r.IntN(0x100))
	case 2:
		p[i].Jt = uint8(numbers[r.IntN(len(numbers))])
	case 3:
		p[i].Jf = uint8(numbers[r.IntN(len(numbers))])
	case 4:
		p[i].K = numbers[r.IntN(len(numbers))]
	case 5:
		p = append(p[:i], p[i+1:]...)
	case 6:
		j := r.IntN(len(p))
		p[i], p[j] = p[j], p[i]
	}
	return p
}
