/* A socket filter that counts by length: one map, one atomic, no subprograms. */
#include "maps.h"

MAP(lengths, BPF_MAP_TYPE_ARRAY, __u32, __u64, 2048, 0);

SEC("socket")
int count_by_length(struct __sk_buff *skb)
{
	__u32 key = skb->len;
	__u64 *count = bpf_map_lookup_elem(&lengths, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return 0xffff;
}

char _license[] SEC("license") = "MIT";
