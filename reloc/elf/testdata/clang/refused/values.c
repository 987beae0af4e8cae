#include "../maps.h"

struct kernel_object;

#define __kptr __attribute__((btf_type_tag("kptr")))

struct value {
	__u64 count;
	struct kernel_object __kptr *object;
};

MAP(holders, BPF_MAP_TYPE_ARRAY, __u32, struct value, 1, 0);

SEC("tc")
int count(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct value *v = bpf_map_lookup_elem(&holders, &zero);

	return v ? v->count : 0;
}

char _license[] SEC("license") = "GPL";
