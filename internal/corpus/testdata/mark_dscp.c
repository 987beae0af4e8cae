#include "packet.h"

#define TC_ACT_OK 0
#define TC_ACT_SHOT 2

struct class {
	__u32 mark;
	__u32 priority;
	__u32 drop;
};

MAP(classes);

SECTION("prog") int mark_dscp(struct __sk_buff *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct class *class;
	__u32 dscp;

	if ((void *)(eth + 1) > end)
		return TC_ACT_OK;
	if (eth->protocol == htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_OK;
		dscp = ip->tos >> 2;
	} else if (eth->protocol == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_OK;
		dscp = ntohs(*(__u16 *)ip) >> 6 & 0x3f;
	} else {
		return TC_ACT_OK;
	}
	class = bpf_map_lookup_elem(&classes, &dscp);
	if (!class)
		return TC_ACT_OK;
	if (class->drop)
		return TC_ACT_SHOT;
	ctx->mark = class->mark;
	ctx->priority = class->priority;
	return TC_ACT_OK;
}
