#include "../maps.h"

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} one SEC(".maps");

int target(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 2);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &one } };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 2);
	__array(values, int(struct __sk_buff *));
} jumps SEC(".maps") = { .values = { [0] = target } };

SEC("tc")
int target(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &jumps, 0);
	return bpf_map_lookup_elem(&outer, &(__u32){ 1 }) != 0;
}

char _license[] SEC("license") = "GPL";
