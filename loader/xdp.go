//go:build linux

package loader

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
)

// XDPMode says who runs an XDP program: XDP_FLAGS_*_MODE of include/uapi/linux/if_link.h.
type XDPMode uint32

// The modes. An interface has one program in one mode at a time, except that the device may have one of its own.
const (
	XDPAny     XDPMode = 0      // the driver where it can, the kernel otherwise
	XDPGeneric XDPMode = 1 << 1 // XDP_FLAGS_SKB_MODE: the kernel, after the packet got its sk_buff; on every interface
	XDPDriver  XDPMode = 1 << 2 // XDP_FLAGS_DRV_MODE: the driver, before there is an sk_buff
	XDPDevice  XDPMode = 1 << 3 // XDP_FLAGS_HW_MODE: the device itself
)

// String returns any, generic, driver or device.
func (m XDPMode) String() string {
	switch m {
	case XDPAny:
		return "any"
	case XDPGeneric:
		return "generic"
	case XDPDriver:
		return "driver"
	case XDPDevice:
		return "device"
	}
	return "XDP mode " + strconv.FormatUint(uint64(m), 10)
}

// AttachXDP attaches a program of type xdp to the network interface with the given index (net.Interface.Index), in the
// network namespace of the process. It sees every packet that the interface receives before the network stack does.
//
// EBUSY: the interface has an XDP program. EOPNOTSUPP: the driver does not have the mode. ENODEV: there is no interface of
// that index. It needs Linux 5.9 and CAP_NET_ADMIN.
func AttachXDP(ifindex int, p *Program, mode XDPMode) (*Link, error) {
	if err := ofType(p, asm.XDP); err != nil {
		return nil, fmt.Errorf("attach to interface %d: %w", ifindex, err)
	}
	link, err := attachDevice(p, ifindex, asm.AttachXDP, uint32(mode))
	switch err {
	case nil:
		return link, nil
	case unix.EINVAL:
		err = fmt.Errorf("%w (is there an interface of this index? was the program loaded for a map of devices or CPUs?)", err)
	case unix.EBUSY, unix.EEXIST:
		err = fmt.Errorf("%w (the interface has an XDP program)", err)
	}
	return nil, fmt.Errorf("attach xdp program %s to interface %d: %w", p.name, ifindex, explainAttach(err))
}
