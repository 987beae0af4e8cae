#include "packet.h"

#define DENY 0
#define ALLOW 1

struct service {
	__u16 port; /* network order */
	__u16 protocol;
};

MAP(open_ports);

SECTION("prog") int filter_ports(struct __sk_buff *ctx)
{
	void *end = DATA_END(ctx);
	struct service service;
	__u32 transport;
	__u64 *packets;
	__u16 ports[2];

	if (ctx->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip = DATA(ctx);

		if ((void *)(ip + 1) > end)
			return DENY;
		if (ip->frag_off & htons(0x1fff))
			return ALLOW; /* without its first fragment it goes nowhere */
		service.protocol = ip->protocol;
		transport = ip->ihl * 4;
	} else if (ctx->protocol == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = DATA(ctx);

		if ((void *)(ip + 1) > end)
			return DENY;
		service.protocol = ip->nexthdr;
		transport = sizeof(*ip);
	} else {
		return ALLOW;
	}
	if (service.protocol != IPPROTO_TCP && service.protocol != IPPROTO_UDP)
		return ALLOW;
	if (bpf_skb_load_bytes(ctx, transport, ports, sizeof(ports)))
		return DENY;
	service.port = ports[1];
	packets = bpf_map_lookup_elem(&open_ports, &service);
	if (!packets)
		return DENY;
	__sync_fetch_and_add(packets, 1);
	return ALLOW;
}
