package vm_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm/vm"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// What can be bound beside what is the same on the kernel.
func TestBindKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_NET_ADMIN) // an own network namespace
	for _, tt := range binds {
		if tt.a.UID != tt.b.UID {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			const base = 7000 // the table has ports 1 and 2
			open := func(address string, o vm.SocketOptions) (net.PacketConn, error) {
				a := netip.MustParseAddrPort(address)
				network := "udp6"
				if a.Addr().Is4() {
					network = "udp4"
				}
				config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
					controlErr := c.Control(func(fd uintptr) {
						if !o.Exclusive {
							err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
						}
						if err == nil && network == "udp6" && !o.IPv6Only {
							err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
						}
					})
					return errors.Join(controlErr, err)
				}}
				return config.ListenPacket(context.Background(), network, netip.AddrPortFrom(a.Addr(), base+a.Port()).String())
			}
			first, err := open(tt.first, tt.a)
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()
			second, err := open(tt.second, tt.b)
			if err == nil {
				second.Close()
			}
			if errors.Is(err, unix.EADDRINUSE) != (tt.want == vm.EADDRINUSE) {
				t.Errorf("the kernel says %v, the table %v", err, tt.want)
			}
		})
	}
}
