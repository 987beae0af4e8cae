// An XDP program that drops IPv4 packets from addresses with a prefix in the map blocked, and counts them there. The first
// four bytes of a key are the length of the prefix in bits.
.program firewall xdp
.license "GPL"
.map blocked lpm_trie key=8 value=8 entries=128 flags=no_prealloc
	r2 = *(u32 *)(r1 + xdp_md.data_end)
	r1 = *(u32 *)(r1 + xdp_md.data)
	r3 = r1
	r3 += 34 // Ethernet and IPv4
	if r3 > r2 goto pass
	r3 = *(u16 *)(r1 + 12)
	r3 = be16 r3
	if r3 != 0x800 goto pass
	r3 = *(u32 *)(r1 + 26)
	*(u32 *)(r10 - 4) = r3
	r3 = 32
	*(u32 *)(r10 - 8) = r3
	r1 = blocked ll
	r2 = r10
	r2 += -8
	call bpf_map_lookup_elem
	if r0 == 0 goto pass
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
	r0 = XDP_DROP
	exit
pass:
	r0 = XDP_PASS
	exit
