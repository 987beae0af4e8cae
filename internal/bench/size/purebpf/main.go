// Command purebpf does what command bare does, with github.com/purebpf/purebpf.
package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

func firstWorker() (*asm.Program, error) {
	b := asm.NewBuilder("first_worker", asm.SkReuseport)
	index := asm.FP.U32(-4)
	b.St(index, 0)
	b.LdMap(asm.R2, "workers")
	b.Mov(asm.R3, asm.FP)
	b.Add(asm.R3, -4)
	b.Mov(asm.R4, 0)
	b.CallHelper(asm.FnSkSelectReuseport)
	b.Mov(asm.R0, asm.SkPass)
	b.Exit()
	return b.Program()
}

func run() error {
	workers, err := maps.Create(asm.MapSpec{Name: "workers", Type: asm.MapReuseportSockArray, KeySize: 4, ValueSize: 8, MaxEntries: 4}, nil)
	if err != nil {
		return err
	}
	defer workers.Close()
	program, err := firstWorker()
	if err != nil {
		return err
	}
	program, err = reloc.Link(program, reloc.Symbols{"workers": reloc.Map(workers.FD(), workers.Spec())})
	if err != nil {
		return err
	}
	loaded, err := loader.Load(program, nil)
	if err != nil {
		return err
	}
	defer loaded.Close()

	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	socket := os.NewFile(uintptr(fd), "socket") // has SyscallConn, as the sockets of package net
	defer socket.Close()
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return fmt.Errorf("set SO_REUSEPORT: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return loader.AttachReuseport(socket, loaded)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
