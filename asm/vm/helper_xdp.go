package vm

// The frame of an XDP program is a page: room in front of the packet, of which the kernel's struct xdp_frame takes a
// part, the packet, and struct skb_shared_info at the end.
const (
	xdpFrame    = 4096
	xdpHeadroom = 256 // XDP_PACKET_HEADROOM of include/uapi/linux/bpf.h
	xdpTaken    = 40  // sizeof(struct xdp_frame)
	xdpTailroom = 320 // sizeof(struct skb_shared_info), aligned
	ethHeader   = 14
	maxMeta     = 252 // xdp_metalen_invalid of include/net/xdp.h
)

// movedXDP takes over the packet after its beginning or end was moved.
func (c *Call) movedXDP(ctx *XDPContext, data, meta []byte) {
	p := &c.m.packet
	c.m.movePacket()
	ctx.Data, ctx.Meta = data, meta
	p.buffer, p.data, p.linear, p.meta = data, data, len(data), meta
}

// xdpAdjustHead is bpf_xdp_adjust_head(context, delta): a negative delta makes room in front.
func xdpAdjustHead(c *Call) (uint64, error) {
	ctx, err := contextOf[*XDPContext](c)
	if err != nil {
		return 0, err
	}
	p, delta := &c.m.packet, int64(int32(uint32(c.Arg(2))))
	if c.m.headMoved+delta < int64(xdpTaken+len(p.meta)-xdpHeadroom) || delta > int64(len(p.data)-ethHeader) {
		return EINVAL.Result(), nil
	}
	c.m.headMoved += delta
	c.m.savePacket()
	data := p.data
	if delta >= 0 {
		data = data[delta:]
	} else {
		data = append(make([]byte, -delta), data...)
	}
	c.movedXDP(ctx, data, ctx.Meta)
	return 0, nil
}

// xdpAdjustTail is bpf_xdp_adjust_tail(context, delta): a negative delta cuts off, a positive one adds zeros.
func xdpAdjustTail(c *Call) (uint64, error) {
	ctx, err := contextOf[*XDPContext](c)
	if err != nil {
		return 0, err
	}
	p, delta := &c.m.packet, int64(int32(uint32(c.Arg(2))))
	size := int64(len(p.data)) + delta
	if size < ethHeader || xdpHeadroom+c.m.headMoved+size > xdpFrame-xdpTailroom {
		return EINVAL.Result(), nil
	}
	c.m.savePacket()
	data := p.data
	if delta > 0 {
		data = append(data[:len(data):len(data)], make([]byte, delta)...)
	}
	c.movedXDP(ctx, data[:size], ctx.Meta)
	return 0, nil
}

// xdpAdjustMeta is bpf_xdp_adjust_meta(context, delta): a negative delta makes the metadata longer.
func xdpAdjustMeta(c *Call) (uint64, error) {
	ctx, err := contextOf[*XDPContext](c)
	if err != nil {
		return 0, err
	}
	p, delta := &c.m.packet, int64(int32(uint32(c.Arg(2))))
	size := int64(len(p.meta)) - delta
	switch {
	case size < 0 || size > xdpHeadroom-xdpTaken+c.m.headMoved:
		return EINVAL.Result(), nil
	case size%4 != 0 || size > maxMeta:
		return EACCES.Result(), nil
	}
	c.m.savePacket()
	meta := p.meta
	if delta > 0 {
		meta = meta[delta:]
	} else {
		meta = append(make([]byte, -delta), meta...)
	}
	c.movedXDP(ctx, p.data, meta)
	return 0, nil
}

// xdpGetBuffLen is bpf_xdp_get_buff_len(context).
func xdpGetBuffLen(c *Call) (uint64, error) {
	if _, err := contextOf[*XDPContext](c); err != nil {
		return 0, err
	}
	return uint64(len(c.m.packet.data)), nil
}
