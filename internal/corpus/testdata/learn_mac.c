#include "packet.h"

#define TC_ACT_OK 0
#define GROUP_BIT 1

struct station {
	__u32 ifindex;
	__u32 moves; /* between interfaces */
	__u64 frames;
};

MAP(stations);

/* An address as a key: its bytes in memory order. Both halves are aligned for a machine that does not care. */
INLINE __u64 read48(const __u8 *address)
{
	return *(__u32 *)address | (__u64)*(__u16 *)(address + 4) << 32;
}

SECTION("prog") int learn_mac(struct __sk_buff *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct station *station;
	__u64 source, destination;

	if ((void *)(eth + 1) > end)
		return TC_ACT_OK;
	source = read48(eth->source);
	destination = read48(eth->destination);
	station = bpf_map_lookup_elem(&stations, &source);
	if (station) {
		station->frames++;
		if (station->ifindex != ctx->ifindex) {
			station->ifindex = ctx->ifindex;
			station->moves++;
		}
	} else {
		struct station fresh = {ctx->ifindex, 0, 1};

		bpf_map_update_elem(&stations, &source, &fresh, BPF_ANY);
	}
	if (eth->destination[0] & GROUP_BIT)
		return TC_ACT_OK;
	station = bpf_map_lookup_elem(&stations, &destination);
	if (!station)
		return TC_ACT_OK;
	return bpf_redirect(station->ifindex, 0);
}
