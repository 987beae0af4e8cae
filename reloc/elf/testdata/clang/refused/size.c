#include "../maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
	__uint(key_size, 8);
} counts SEC(".maps");

SEC("tc")
int use(struct __sk_buff *skb)
{
	return bpf_map_lookup_elem(&counts, &(__u32){ 1 }) != 0;
}
