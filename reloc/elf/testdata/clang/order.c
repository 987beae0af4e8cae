/*
 * Functions that call each other in an order that is neither that of the text nor level by level: left calls deep and then
 * shared, right calls shared first; both() is called by all.
 */
#include "maps.h"

MAP(slots, BPF_MAP_TYPE_ARRAY, __u32, __u32, 8, 0);

static __noinline int leaf(__u32 key)
{
	__u32 *v = bpf_map_lookup_elem(&slots, &key);

	return v ? *v : 0;
}

__noinline int shared(__u32 key)
{
	return leaf(key + 1) * 3;
}

static __noinline int deep3(__u32 key)
{
	return leaf(key) + shared(key);
}

static __noinline int deep2(__u32 key)
{
	return deep3(key) ^ 1;
}

static __noinline int deep1(__u32 key)
{
	return deep2(key) - 1;
}

__noinline int right(__u32 key)
{
	return shared(key) + deep2(key);
}

__noinline int left(__u32 key)
{
	return deep1(key) + shared(key);
}

__noinline int unused(__u32 key)
{
	return right(key) + left(key);
}

SEC("socket")
int first(struct __sk_buff *skb)
{
	return left(skb->len) + right(skb->mark) + leaf(0);
}

SEC("socket")
int second(struct __sk_buff *skb)
{
	return right(skb->len) + deep1(skb->mark);
}

SEC("action")
int alone(struct __sk_buff *skb)
{
	return skb->len;
}

char _license[] SEC("license") = "GPL";
