// A socket filter that counts packets by their protocol, and keeps the first 64 bytes of each. Nothing here describes the
// map counts, and count is a function of another file.
.program filter socket_filter
.license "GPL"
	r1 = *(u32 *)(r1 + __sk_buff.protocol)
	call count
	r0 = 64
	exit
