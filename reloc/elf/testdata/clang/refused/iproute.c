/* A map of iproute2: a definition with more members, which are set. */
#include "../maps.h"

struct bpf_elf_map {
	__u32 type, size_key, size_value, max_elem, flags, id, pinning;
};

struct bpf_elf_map SEC("maps") counts = { .type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8, .max_elem = 1, .pinning = 2 };

SEC("tc")
int use(struct __sk_buff *skb)
{
	return bpf_map_lookup_elem(&counts, &(__u32){ 1 }) != 0;
}
