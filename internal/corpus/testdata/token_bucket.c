#include "packet.h"

struct limits {
	__u64 burst;    /* tokens that a bucket holds */
	__u64 interval; /* nanoseconds per token */
};

struct bucket {
	__u64 tokens;
	__u64 filled; /* when */
};

MAP(limits);
MAP(buckets);

SECTION("prog") int token_bucket(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct limits *limits_of_all;
	struct bucket *bucket;
	__u64 now, refill, tokens;
	__u32 zero = 0;

	if ((void *)(ip + 1) > end || eth->protocol != htons(ETH_P_IP))
		return XDP_PASS;
	limits_of_all = bpf_map_lookup_elem(&limits, &zero);
	if (!limits_of_all)
		return XDP_PASS;
	now = bpf_ktime_get_ns();
	bucket = bpf_map_lookup_elem(&buckets, &ip->saddr);
	if (!bucket) {
		struct bucket fresh = {limits_of_all->burst - 1, now};

		bpf_map_update_elem(&buckets, &ip->saddr, &fresh, BPF_ANY);
		return XDP_PASS;
	}
	tokens = bucket->tokens;
	refill = (now - bucket->filled) / limits_of_all->interval;
	if (refill) {
		tokens += refill;
		if (tokens > limits_of_all->burst)
			tokens = limits_of_all->burst;
		bucket->filled = now;
	}
	if (!tokens)
		return XDP_DROP;
	bucket->tokens = tokens - 1;
	return XDP_PASS;
}
