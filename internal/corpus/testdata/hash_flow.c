#include "packet.h"

#define TC_ACT_OK 0

#define JHASH_INITVAL 0xdeadbeef
#define QUEUES 12

INLINE __u32 rol32(__u32 word, int shift)
{
	return word << shift | word >> (32 - shift);
}

/* jhash_3words of the kernel: Jenkins' lookup3. */
INLINE __u32 jhash_3words(__u32 a, __u32 b, __u32 c, __u32 initval)
{
	initval += JHASH_INITVAL + (3 << 2);
	a += initval;
	b += initval;
	c += initval;

	c ^= b;
	c -= rol32(b, 14);
	a ^= c;
	a -= rol32(c, 11);
	b ^= a;
	b -= rol32(a, 25);
	c ^= b;
	c -= rol32(b, 16);
	a ^= c;
	a -= rol32(c, 4);
	b ^= a;
	b -= rol32(a, 14);
	c ^= b;
	c -= rol32(b, 24);
	return c;
}

SECTION("prog") int hash_flow(struct __sk_buff *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	__u32 *ports = (void *)(ip + 1);
	__u32 hash;

	if ((void *)(ports + 1) > end || eth->protocol != htons(ETH_P_IP) || ip->ihl != 5)
		return TC_ACT_OK;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return TC_ACT_OK;
	hash = jhash_3words(ip->saddr, ip->daddr, *ports, ip->protocol);
	ctx->mark = hash;
	ctx->priority = (__u64)hash * QUEUES >> 32; /* a number below QUEUES */
	return TC_ACT_OK;
}
