// Command generated does what command bare does, with a package that purebpf wrote.
package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/internal/generated/firstworker"
	"github.com/purebpf/purebpf/loader"
)

func run() error {
	objects, err := firstworker.Load(firstworker.Maps{}, nil)
	if err != nil {
		return err
	}
	defer objects.Close()

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
	return loader.AttachReuseport(socket, objects.FirstWorker)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
