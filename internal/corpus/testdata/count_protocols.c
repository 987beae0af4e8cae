#include "packet.h"

struct counter {
	__u64 packets;
	__u64 bytes;
};

MAP(protocols);

SECTION("prog") int count_protocols(struct xdp_md *ctx)
{
	void *data = DATA(ctx), *end = DATA_END(ctx);
	struct ethernet *eth = data;
	struct counter *counter;
	__u32 protocol;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		protocol = ip->protocol;
	} else if (eth->protocol == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		protocol = ip->nexthdr;
	} else {
		return XDP_PASS;
	}
	counter = bpf_map_lookup_elem(&protocols, &protocol);
	if (counter) {
		counter->packets++;
		counter->bytes += end - data;
	}
	return XDP_PASS;
}
