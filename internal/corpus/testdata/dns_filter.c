#include "packet.h"

#define DNS_PORT 53
#define RESPONSE 0x80
#define MAX_NAME 64

#define FNV_OFFSET 2166136261u
#define FNV_PRIME 16777619u

struct dns {
	__u16 id;
	__u8 flags;
	__u8 flags2;
	__u16 questions;
	__u16 answers;
	__u16 authorities;
	__u16 additional;
};

MAP(blocked);

SECTION("prog") int dns_filter(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct dns *dns = (void *)(udp + 1);
	__u32 hash = FNV_OFFSET;
	__u64 *hits;
	__u8 *name;
	int i;

	if ((void *)(dns + 1) > end || eth->protocol != htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != htons(DNS_PORT))
		return XDP_PASS;
	if (dns->flags & RESPONSE || dns->questions != htons(1))
		return XDP_PASS;
	name = (void *)(dns + 1);
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_NAME; i++) {
		__u32 c;

		if ((void *)(name + 1) > end)
			return XDP_DROP;
		c = *name++;
		if (c == 0)
			break;
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		hash = (hash ^ c) * FNV_PRIME;
	}
	hits = bpf_map_lookup_elem(&blocked, &hash);
	if (!hits)
		return XDP_PASS;
	++*hits;
	return XDP_DROP;
}
