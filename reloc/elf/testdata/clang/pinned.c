/* A map that is pinned under its name. */
#include "maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 10);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} purebpf_pinned SEC(".maps");

SEC("socket")
int look(struct __sk_buff *skb)
{
	__u32 key = 1;

	return bpf_map_lookup_elem(&purebpf_pinned, &key) != 0;
}

char _license[] SEC("license") = "GPL";
