#include "packet.h"

struct service {
	__u32 address; /* network order, as the ports */
	__u16 port;
	__u16 protocol;
};

MAP(services);

/* RFC 1624, equation 3: the checksum after a 16-bit word has changed. */
INLINE __u32 replace16(__u32 sum, __u16 old, __u16 new)
{
	return sum + (__u16)~old + new;
}

INLINE __u32 replace32(__u32 sum, __u32 old, __u32 new)
{
	sum += (~old & 0xffff) + (~old >> 16);
	return sum + (new & 0xffff) + (new >> 16);
}

INLINE __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return ~sum;
}

SECTION("prog") int translate(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct service key, *backend;
	struct tcphdr *tcp;
	struct udphdr *udp;
	__u16 *port, *check;
	__u32 sum;

	if ((void *)(ip + 1) > end || eth->protocol != htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->frag_off & htons(0x3fff))
		return XDP_PASS;
	if (ip->protocol == IPPROTO_TCP) {
		tcp = (void *)(ip + 1);
		if ((void *)(tcp + 1) > end)
			return XDP_PASS;
		port = &tcp->dest;
		check = &tcp->check;
	} else if (ip->protocol == IPPROTO_UDP) {
		udp = (void *)(ip + 1);
		if ((void *)(udp + 1) > end)
			return XDP_PASS;
		port = &udp->dest;
		check = &udp->check;
	} else {
		return XDP_PASS;
	}
	key.address = ip->daddr;
	key.port = *port;
	key.protocol = ip->protocol;
	backend = bpf_map_lookup_elem(&services, &key);
	if (!backend)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_UDP || *check) { /* 0: no checksum */
		sum = (__u16)~*check;
		sum = replace32(sum, ip->daddr, backend->address);
		sum = replace16(sum, *port, backend->port);
		*check = fold(sum);
	}
	sum = (__u16)~ip->check;
	sum = replace32(sum, ip->daddr, backend->address);
	ip->check = fold(sum);
	ip->daddr = backend->address;
	*port = backend->port;
	return XDP_TX;
}
