#include "packet.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

#define FLAGS_OFFSET 13
#define MAX_SYNS 20

MAP(syns);

SECTION("prog") int syn_guard(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp;
	__u64 *count, one = 1;
	__u8 flags;

	if ((void *)(ip + 1) > end || eth->protocol != htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	tcp = (void *)ip + ip->ihl * 4;
	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	flags = ((__u8 *)tcp)[FLAGS_OFFSET];
	if (!(flags & (FIN | SYN | RST | ACK)))
		return XDP_DROP; /* null scan, or Xmas without FIN */
	if (!(flags & SYN))
		return XDP_PASS;
	if (flags & (FIN | RST))
		return XDP_DROP;
	if (flags & ACK)
		return XDP_PASS;
	count = bpf_map_lookup_elem(&syns, &ip->saddr);
	if (!count) {
		bpf_map_update_elem(&syns, &ip->saddr, &one, BPF_NOEXIST);
		return XDP_PASS;
	}
	if (*count >= MAX_SYNS)
		return XDP_DROP;
	(*count)++;
	return XDP_PASS;
}
