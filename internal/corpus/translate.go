package corpus

import "github.com/purebpf/purebpf/asm"

// Translate is an XDP program that sends packets for the address and port of a service to its backend: destination NAT
// with incremental checksums.
func Translate() (*asm.Program, error) {
	service := asm.NewStruct("service", // address and port in network order
		asm.Member{Name: "address", Size: asm.W}, asm.Member{Name: "port", Size: asm.H}, asm.Member{Name: "protocol", Size: asm.H})
	const address, port = 0, 4

	b := asm.NewBuilder("translate", asm.XDP)
	services := b.DeclareMap(asm.MapSpec{Name: "services", Type: asm.MapHash, MaxEntries: 1024,
		Key: service, KeySize: uint32(service.Size()), Value: service, ValueSize: uint32(service.Size())})
	pass := func() { b.Return(asm.XDPPass) }

	pkt := b.Packet()
	ip := pkt.Skip(ethHeaderLen)
	ip.Need(ipv4HeaderLen, pass)
	b.If(b.LoadBE(pkt.U16(ethProtocol)).NotEq(asm.EthPIP), pass)
	headerLen := b.Load(ip.U8(ipv4VersionIHL))
	b.And(headerLen, ipv4IHLMask)
	b.If(headerLen.NotEq(ipv4HeaderLen>>ipv4WordShift), pass)
	b.If(b.LoadBE(ip.U16(ipv4Fragment)).HasBits(ipv4MoreOrOffset), pass)

	transport := ip.Skip(ipv4HeaderLen)
	check := b.Virtual()
	protocol := b.Load(ip.U8(ipv4Protocol))
	b.If(protocol.Eq(asm.IPProtoTCP), func() {
		transport.Need(tcpHeaderLen, pass)
		b.Mov(check, transport.Addr(tcpCheck))
	}, func() {
		b.If(protocol.NotEq(asm.IPProtoUDP), pass)
		transport.Need(udpHeaderLen, pass)
		b.Mov(check, transport.Addr(udpCheck))
	})
	destination := b.Load(ip.U32(ipv4Destination))
	oldPort := b.Load(transport.U16(destinationPort))
	key := b.StackStruct("key", service)
	b.Store(key.Field("address"), destination)
	b.Store(key.Field("port"), oldPort)
	b.Store(key.Field("protocol"), protocol)
	backend := b.Call(asm.FnMapLookupElem, services, key)
	b.If(backend.Eq(0), pass)

	// What the new address adds to the sum of both headers.
	newAddress := b.Load(backend.U32(address))
	newPort := b.Load(backend.U16(port))
	difference := replaced32(b, destination, newAddress)
	sum := b.Load(check.U16(0))
	b.If(asm.Or(protocol.NotEq(asm.IPProtoUDP), sum.NotEq(0)), func() { // 0: no checksum
		invert16(b, sum)
		b.Add32(sum, difference)
		invert16(b, oldPort)
		b.Add32(sum, oldPort)
		b.Add32(sum, newPort)
		foldInto(b, check.U16(0), sum)
	})
	sum = b.Load(ip.U16(ipv4Check))
	invert16(b, sum)
	b.Add32(sum, difference)
	foldInto(b, ip.U16(ipv4Check), sum)
	b.Store(ip.U32(ipv4Destination), newAddress)
	b.Store(transport.U16(destinationPort), newPort)
	b.Return(asm.XDPTX)
	return b.Program()
}

// low16 are the bits of one word of an Internet checksum.
const low16 = 0xffff

// invert16 makes a 16-bit word its ones' complement.
func invert16(b *asm.Builder, word asm.Register) { b.Xor32(word, low16) }

// replaced32 returns what has to be added to the complement of a checksum when 32 bits change from old to new: RFC 1624,
// equation 3. It changes old.
func replaced32(b *asm.Builder, old, new asm.Register) asm.Register {
	b.Xor32(old, -1)
	sum := b.Copy(old)
	b.And32(sum, low16)
	b.Rsh32(old, 16)
	b.Add32(sum, old)
	half := b.Copy(new)
	b.And32(half, low16)
	b.Add32(sum, half)
	half = b.Copy(new)
	b.Rsh32(half, 16)
	b.Add32(sum, half)
	return sum
}

// foldInto stores the checksum whose complement, with carries above 16 bits, is in sum.
func foldInto(b *asm.Builder, m asm.Mem, sum asm.Register) {
	carry := b.Copy(sum)
	b.Rsh32(carry, 16)
	b.And32(sum, low16)
	b.Add32(sum, carry)
	carry = b.Copy(sum)
	b.Rsh32(carry, 16)
	b.Add32(sum, carry)
	b.Xor32(sum, -1)
	b.Store(m, sum)
}
