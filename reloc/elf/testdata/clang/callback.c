/* Functions whose addresses are taken, in several ways and from several depths. */
#include "maps.h"

MAP(table, BPF_MAP_TYPE_HASH, __u32, __u64, 16, 0);

struct sums {
	__u64 all;
	__u32 odd;
};

static __noinline __u64 weigh(__u64 v)
{
	return v * 3 + 1;
}

static long add_index(__u32 i, struct sums *s)
{
	s->all += weigh(i);
	return i > 100;
}

static long visit(void *map, __u32 *key, __u64 *value, struct sums *s)
{
	s->odd += *key & 1;
	s->all += weigh(*value);
	return 0;
}

static long outer(__u32 i, struct sums *s)
{
	bpf_loop(4, add_index, s, 0);
	return 0;
}

static __noinline __u64 walk(struct sums *s)
{
	bpf_for_each_map_elem(&table, visit, s, 0);
	return s->all;
}

SEC("xdp")
int loops(struct xdp_md *ctx)
{
	struct sums s = {};

	bpf_loop(8, outer, &s, 0);
	bpf_loop(3, add_index, &s, 0);
	return walk(&s) > 10 ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int walks(struct __sk_buff *skb)
{
	struct sums s = {};

	return walk(&s) + s.odd;
}

char _license[] SEC("license") = "GPL";
