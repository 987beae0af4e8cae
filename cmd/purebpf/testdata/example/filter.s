; A socket filter that counts packets by their protocol, and keeps the first 64 bytes of each.
	r1 = *(u32 *)(r1 + __sk_buff.protocol)
	*(u32 *)(r10 - 4) = r1
	r1 = counts ll
	r2 = r10
	r2 += -4
	call bpf_map_lookup_elem
	if r0 == 0 goto keep
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
keep:
	r0 = 64
	exit
