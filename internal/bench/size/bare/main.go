// Command bare makes one map, loads one program that looks into it and attaches it to one socket, with nothing but
// golang.org/x/sys: the yardstick for the size of the other two.
package main

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

type mapCreateAttr struct {
	mapType, keySize, valueSize, maxEntries, flags uint32
	innerMapFD, numaNode                           uint32
	name                                           [16]byte
}

type progLoadAttr struct {
	progType, insnCnt  uint32
	insns, license     unsafe.Pointer
	logLevel, logSize  uint32
	logBuf             unsafe.Pointer
	kernVersion, flags uint32
	name               [16]byte
	ifindex, attach    uint32
}

type insn struct {
	op, regs uint8
	off      int16
	imm      int32
}

func bpf(cmd int, attr unsafe.Pointer, size uintptr) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func load(attr *progLoadAttr) (int, error) {
	for {
		fd, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(attr), unsafe.Sizeof(*attr))
		if !errors.Is(err, unix.EAGAIN) {
			return fd, err
		}
	}
}

func run() error {
	m := mapCreateAttr{mapType: unix.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, keySize: 4, valueSize: 8, maxEntries: 4}
	copy(m.name[:], "workers")
	workers, err := bpf(unix.BPF_MAP_CREATE, unsafe.Pointer(&m), unsafe.Sizeof(m))
	if err != nil {
		return fmt.Errorf("create map: %w", err)
	}
	defer unix.Close(workers)

	insns := []insn{
		{0x62, 0x0a, -4, 0},             // *(u32 *)(r10 - 4) = 0
		{0x18, 0x12, 0, int32(workers)}, // r2 = workers
		{},                              //
		{0xbf, 0xa3, 0, 0},              // r3 = r10
		{0x07, 0x03, 0, -4},             // r3 += -4
		{0xb7, 0x04, 0, 0},              // r4 = 0
		{0x85, 0x00, 0, 82},             // call bpf_sk_select_reuseport
		{0xb7, 0x00, 0, 1},              // r0 = SK_PASS
		{0x95, 0x00, 0, 0},              // exit
	}
	license := []byte("Dual MIT/GPL\x00")
	p := progLoadAttr{
		progType: unix.BPF_PROG_TYPE_SK_REUSEPORT,
		insnCnt:  uint32(len(insns)),
		insns:    unsafe.Pointer(&insns[0]),
		license:  unsafe.Pointer(&license[0]),
	}
	copy(p.name[:], "first_worker")
	prog, err := load(&p)
	if err != nil {
		log := make([]byte, 1<<16)
		p.logLevel, p.logSize, p.logBuf = 1, uint32(len(log)), unsafe.Pointer(&log[0])
		if _, err := load(&p); err != nil {
			return fmt.Errorf("load program: %w\n%s", err, unix.ByteSliceToString(log))
		}
		return fmt.Errorf("load program: %w", err)
	}
	defer unix.Close(prog)

	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(socket)
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return fmt.Errorf("set SO_REUSEPORT: %w", err)
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, prog); err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
