#include "packet.h"

struct prefix4 {
	__u32 length;
	__u32 address;
};

struct prefix6 {
	__u32 length;
	__u32 address[4];
};

MAP(allowed4);
MAP(allowed6);

SECTION("prog") int allow_list(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	__u64 *hits;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		struct prefix4 source;

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		source.length = 32;
		source.address = ip->saddr;
		hits = bpf_map_lookup_elem(&allowed4, &source);
	} else if (eth->protocol == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);
		struct prefix6 source;

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		source.length = 128;
		__builtin_memcpy(source.address, &ip->saddr, sizeof(source.address));
		hits = bpf_map_lookup_elem(&allowed6, &source);
	} else {
		return eth->protocol == htons(ETH_P_ARP) ? XDP_PASS : XDP_DROP;
	}
	if (!hits)
		return XDP_DROP;
	__sync_fetch_and_add(hits, 1);
	return XDP_PASS;
}
