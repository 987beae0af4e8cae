package vm

import (
	"fmt"
	"math"

	"github.com/purebpf/purebpf/asm"
)

// packetContext checks that argument 1 is the context and one with a packet in a socket buffer.
func (c *Call) packetContext() (*packet, error) {
	ctx, err := c.ContextArg(1)
	if err != nil {
		return nil, err
	}
	switch ctx.(type) {
	case *ReuseportContext, *SKBContext:
		return &c.m.packet, nil
	}
	return nil, fmt.Errorf("%w for %v programs", ErrHelper, c.m.main.source.Type())
}

// buffer returns the memory of argument n, whose size is argument n+1.
func (c *Call) buffer(n int, write bool) ([]byte, error) {
	size, err := c.Size(n+1, false)
	if err != nil {
		return nil, err
	}
	return c.memory(n, size, write)
}

// skbLoadBytes is bpf_skb_load_bytes(context, offset, to, size). It reads what is paged too.
func skbLoadBytes(c *Call) (uint64, error) {
	p, err := c.packetContext()
	if err != nil {
		return 0, err
	}
	to, err := c.buffer(3, true)
	if err != nil {
		return 0, err
	}
	offset := uint64(uint32(c.Arg(2)))
	if offset > math.MaxInt32 || offset+uint64(len(to)) > uint64(len(p.data)) {
		clear(to)
		return EFAULT.Result(), nil
	}
	copy(to, p.data[offset:])
	return 0, nil
}

// skbLoadBytesRelative is bpf_skb_load_bytes_relative(context, offset, to, size, header). It reads only what can be
// accessed directly.
func skbLoadBytesRelative(c *Call) (uint64, error) {
	p, err := c.packetContext()
	if err != nil {
		return 0, err
	}
	to, err := c.buffer(3, true)
	if err != nil {
		return 0, err
	}
	if offset, from := uint32(c.Arg(2)), uint32(c.Arg(5)); offset <= 0xffff && from <= asm.HdrStartNet {
		if b, ok := p.relative(int(offset), len(to), header(from)); ok {
			copy(to, b)
			return 0, nil
		}
	}
	clear(to)
	return EFAULT.Result(), nil
}

// writable is bpf_try_make_writable: it makes the first n bytes directly accessible and reports whether they exist.
// Addresses into the packet are no longer good.
func (c *Call) writable(n int64) bool {
	p := &c.m.packet
	c.m.movePacket()
	if n > int64(len(p.data)) {
		return false
	}
	p.linear = max(p.linear, int(n))
	return true
}

// writableContext checks that argument 1 is the context of a program that may write to a socket buffer.
func (c *Call) writableContext() (*SKBContext, error) {
	ctx, err := contextOf[*SKBContext](c)
	if err == nil && !c.m.packet.write && c.m.main.source.Type() != asm.UnspecProgram {
		return nil, fmt.Errorf("%w for %v programs", ErrHelper, c.m.main.source.Type())
	}
	return ctx, err
}

// skbStoreBytes is bpf_skb_store_bytes(context, offset, from, size, flags).
func skbStoreBytes(c *Call) (uint64, error) {
	ctx, err := c.writableContext()
	if err != nil {
		return 0, err
	}
	from, err := c.buffer(3, false)
	if err != nil {
		return 0, err
	}
	offset, flags := uint32(c.Arg(2)), c.Arg(5)
	switch {
	case flags&^(asm.FRecomputeCsum|asm.FInvalidateHash) != 0:
		return EINVAL.Result(), nil
	case offset > math.MaxInt32, !c.writable(int64(offset) + int64(len(from))):
		return EFAULT.Result(), nil
	}
	copy(c.m.packet.data[offset:], from)
	if flags&asm.FInvalidateHash != 0 {
		ctx.Hash = 0
	}
	return 0, nil
}

// skbPullData is bpf_skb_pull_data(context, length).
func skbPullData(c *Call) (uint64, error) {
	if _, err := contextOf[*SKBContext](c); err != nil {
		return 0, err
	}
	n := uint32(c.Arg(2))
	if n == 0 {
		n = uint32(c.m.packet.linear)
	}
	if n > math.MaxInt32 || !c.writable(int64(n)) {
		return ENOMEM.Result(), nil
	}
	return 0, nil
}

// getHash is bpf_get_hash_recalc(context). A hash of 0 stays 0 here, where the kernel computes one.
func getHash(c *Call) (uint64, error) {
	ctx, err := contextOf[*SKBContext](c)
	if err != nil {
		return 0, err
	}
	return uint64(ctx.Hash), nil
}

// setHash is bpf_set_hash(context, hash).
func setHash(c *Call) (uint64, error) {
	ctx, err := c.writableContext()
	if err == nil {
		ctx.Hash = uint32(c.Arg(2))
	}
	return 0, err
}

// setHashInvalid is bpf_set_hash_invalid(context).
func setHashInvalid(c *Call) (uint64, error) {
	ctx, err := c.writableContext()
	if err == nil {
		ctx.Hash = 0
	}
	return 0, err
}

// redirect is bpf_redirect(ifindex, flags): bpf_redirect and bpf_xdp_redirect of net/core/filter.c.
func redirect(c *Call) (uint64, error) {
	ifindex, flags := uint32(c.Arg(1)), c.Arg(2)
	switch ctx := c.Context().(type) {
	case *SKBContext:
		if !c.m.packet.write && c.m.main.source.Type() != asm.UnspecProgram {
			break
		}
		if flags&^asm.FIngress != 0 {
			return asm.TCActShot, nil
		}
		ctx.RedirectIfindex, ctx.RedirectFlags = ifindex, flags
		return asm.TCActRedirect, nil
	case *XDPContext:
		if flags != 0 {
			return asm.XDPAborted, nil
		}
		ctx.RedirectIfindex, ctx.RedirectFlags = ifindex, flags
		return asm.XDPRedirect, nil
	}
	return 0, fmt.Errorf("%w for %v programs", ErrHelper, c.m.main.source.Type())
}
