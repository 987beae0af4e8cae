#include "packet.h"

#define MAX_HEADERS 8
#define FRAGMENT_OFFSET 0xfff8

struct extension {
	__u8 next;
	__u8 length; /* units of 8 bytes behind the first; of 4 behind the second for AH */
	__u8 type;   /* of a routing header */
};

struct fragment {
	__u8 next;
	__u8 reserved;
	__u16 offset;
	__u32 identification;
};

MAP(upper_layers);

SECTION("prog") int skip_extensions(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct extension *extension;
	struct fragment *fragment;
	__u64 *count;
	__u32 next;
	void *at;
	int i;

	if ((void *)(ip + 1) > end || eth->protocol != htons(ETH_P_IPV6))
		return XDP_PASS;
	next = ip->nexthdr;
	at = ip + 1;
#pragma clang loop unroll(disable)
	for (i = 0; i < MAX_HEADERS; i++) {
		switch (next) {
		case IPPROTO_ROUTING:
			extension = at;
			if ((void *)(extension + 1) > end || extension->type == 0)
				return XDP_DROP; /* RFC 5095 */
		case IPPROTO_HOPOPTS:
		case IPPROTO_DSTOPTS:
			extension = at;
			if ((void *)(extension + 1) > end)
				return XDP_DROP;
			next = extension->next;
			at += (extension->length + 1) * 8;
			break;
		case IPPROTO_AH:
			extension = at;
			if ((void *)(extension + 1) > end)
				return XDP_DROP;
			next = extension->next;
			at += (extension->length + 2) * 4;
			break;
		case IPPROTO_FRAGMENT:
			fragment = at;
			if ((void *)(fragment + 1) > end || fragment->offset & htons(FRAGMENT_OFFSET))
				return XDP_DROP; /* not the first: the upper layer is not here */
			next = fragment->next;
			at += sizeof(*fragment);
			break;
		default:
			count = bpf_map_lookup_elem(&upper_layers, &next);
			if (count)
				++*count;
			return XDP_PASS;
		}
	}
	return XDP_DROP; /* more headers than anybody needs */
}
