package vm

import (
	"math/bits"

	"github.com/purebpf/purebpf/asm"
)

// Checksums of IP are sums in ones' complement, which is the same in both byte orders as long as everything is read in
// one.

// csumAdd adds two sums of 32 bits.
func csumAdd(a, b uint32) uint32 {
	sum, carry := bits.Add32(a, b, 0)
	return sum + carry
}

// csumFold makes a checksum of a sum.
func csumFold(sum uint32) uint16 { return ^csum16(sum) }

// csum16 brings a sum to 16 bits.
func csum16(sum uint32) uint16 {
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	return uint16(sum)
}

// csumPartial adds the bytes of b, an even number, to a sum.
func (c *Call) csumPartial(b []byte, sum uint32) uint32 {
	for ; len(b) >= 4; b = b[4:] {
		sum = csumAdd(sum, uint32(c.m.number(b[:4])))
	}
	return sum
}

// csumField returns the checksum at an offset of the packet, made writable, or why there is none.
func (c *Call) csumField(offset uint32) ([]byte, Errno) {
	if offset > 0xffff || offset%2 != 0 || !c.writable(int64(offset)+2) {
		return nil, EFAULT
	}
	return c.m.packet.data[offset : offset+2], 0
}

// l3CsumReplace is bpf_l3_csum_replace(context, offset, from, to, size).
func l3CsumReplace(c *Call) (uint64, error) {
	if _, err := c.writableContext(); err != nil {
		return 0, err
	}
	flags := c.Arg(5)
	if flags&^asm.FHdrFieldMask != 0 {
		return EINVAL.Result(), nil
	}
	field, e := c.csumField(uint32(c.Arg(2)))
	if e == 0 {
		e = c.replaceCsum(field, c.Arg(3), c.Arg(4), flags)
	}
	return e.Result(), nil
}

// l4CsumReplace is bpf_l4_csum_replace(context, offset, from, to, flags and size).
func l4CsumReplace(c *Call) (uint64, error) {
	if _, err := c.writableContext(); err != nil {
		return 0, err
	}
	flags := c.Arg(5)
	if flags&^(asm.FMarkMangled0|asm.FMarkEnforce|asm.FPseudoHdr|asm.FHdrFieldMask) != 0 {
		return EINVAL.Result(), nil
	}
	field, e := c.csumField(uint32(c.Arg(2)))
	if e != 0 {
		return e.Result(), nil
	}
	none := func() bool { return field[0]|field[1] == 0 }
	if flags&asm.FMarkMangled0 != 0 && flags&asm.FMarkEnforce == 0 && none() {
		return 0, nil
	}
	if e := c.replaceCsum(field, c.Arg(3), c.Arg(4), flags&asm.FHdrFieldMask); e != 0 {
		return e.Result(), nil
	}
	if flags&asm.FMarkMangled0 != 0 && none() {
		field[0], field[1] = 0xff, 0xff
	}
	return 0, nil
}

// replaceCsum changes a checksum as a field of size bytes changes; size 0 means that to is the difference already.
func (c *Call) replaceCsum(field []byte, from, to, size uint64) Errno {
	sum := ^uint32(c.m.number(field)) // ~csum_unfold
	switch size {
	case 0:
		if from != 0 {
			return EINVAL
		}
		sum = csumAdd(uint32(to), sum)
	case 2:
		sum = csumAdd(csumAdd(sum&0xffff, uint32(^uint16(from))), uint32(uint16(to)))
	case 4:
		sum = csumAdd(csumAdd(sum, ^uint32(from)), uint32(to))
	default:
		return EINVAL
	}
	c.m.putNumber(field, uint64(csumFold(sum)))
	return 0
}

// csumDiff is bpf_csum_diff(from, size, to, size, seed).
func csumDiff(c *Call) (uint64, error) {
	fromSize, err := c.Size(2, true)
	if err != nil {
		return 0, err
	}
	toSize, err := c.Size(4, true)
	if err != nil {
		return 0, err
	}
	from, err := c.Read(1, fromSize)
	if err != nil {
		return 0, err
	}
	to, err := c.Read(3, toSize)
	if err != nil {
		return 0, err
	}
	if (fromSize|toSize)%4 != 0 {
		return EINVAL.Result(), nil
	}
	// Sums that are 0 have two forms in ones' complement. The kernel's way decides which one comes out.
	sum := uint32(c.Arg(5))
	switch {
	case fromSize > 0 && toSize > 0:
		sum = csumAdd(c.csumPartial(to, sum), ^c.csumPartial(from, 0))
	case fromSize > 0:
		sum = ^c.csumPartial(from, ^sum)
	case toSize > 0:
		sum = c.csumPartial(to, sum)
	}
	return uint64(csum16(sum)), nil
}
