// count adds 1 to the element r1 of the map counts.
.program count
.license "GPL"
	*(u32 *)(r10 - 4) = r1
	r1 = counts ll
	r2 = r10
	r2 += -4
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
out:
	r0 = 0
	exit
