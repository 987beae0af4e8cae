/* Definitions of maps in all their words. */
#include "maps.h"

enum kind { NONE, SOME = 5 };

struct key {
	__u8 kind;
	enum kind more;
	__be32 address[4];
	union {
		__u32 v4;
		__u64 wide;
	};
	__u32 low : 3, high : 29;
};

typedef struct {
	struct key key;
	__u16 ports[2][2];
	void *pointer;
	_Bool on;
} value;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct key);
	__type(value, value);
	__uint(max_entries, 10);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE);
	__uint(numa_node, 0);
} words SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct key);
	__uint(max_entries, 3);
	__uint(pinning, LIBBPF_PIN_NONE);
} plain SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 6);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(key_size, 8);
	__uint(value_size, 4);
	__uint(max_entries, 4);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__type(key, __u64);
		__type(value, struct key);
		__uint(max_entries, 7);
	});
} outer_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 2);
	__array(values, int(void *));
} jumps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__type(value, __u32);
	__uint(max_entries, 100);
	__uint(map_extra, 3);
} bloom SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct key);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 5);
	__type(value, __u64);
} not_referred_to SEC(".maps");

SEC("tc")
int use(struct __sk_buff *skb)
{
	struct key key = { .kind = 1 };
	value *v = bpf_map_lookup_elem(&words, &key);
	__u32 zero = 0;
	__u64 id = 9;
	void *in = bpf_map_lookup_elem(&outer, &zero);

	if (in) {
		__u64 *n = bpf_map_lookup_elem(in, &zero);

		if (n)
			*n += v ? v->ports[1][0] : 1;
	}
	in = bpf_map_lookup_elem(&outer_hash, &id);
	if (in && bpf_map_lookup_elem(in, &id))
		return 1;
	if (bpf_map_lookup_elem(&plain, &zero) && !bpf_map_peek_elem(&bloom, &zero))
		return 2;
	if (skb->sk && bpf_sk_storage_get(&storage, skb->sk, 0, 0))
		return 3;
	bpf_tail_call(skb, &jumps, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
