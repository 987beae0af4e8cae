/* Classifiers with global functions, constants, a format and a switch. */
#include "maps.h"
#include <linux/pkt_cls.h>

const volatile __u32 limit = 1500;
const volatile __u64 marks[4] = { 7, 11, 13, 17 };
static __u32 seen;
__u64 total = 0x1122334455667788;

MAP(by_mark, BPF_MAP_TYPE_HASH, __u32, __u64, 64, 0);

__noinline int mark_of(__u32 priority)
{
	switch (priority) {
	case 0:
		return marks[0];
	case 6:
		return marks[1];
	case 0x10001:
		return marks[2];
	case 0x10002:
		return 99;
	case 0x10003:
		return seen;
	case 0x10004:
		return -1;
	}
	return marks[3];
}

__noinline int too_long(struct __sk_buff *skb)
{
	if (skb->len <= limit)
		return 0;
	bpf_printk("%d bytes, priority %d", skb->len, skb->priority);
	return 1;
}

SEC("tc")
int set_mark(struct __sk_buff *skb)
{
	__u32 mark;
	__u64 *n;

	if (too_long(skb))
		return TC_ACT_SHOT;
	mark = mark_of(skb->priority);
	skb->mark = mark;
	seen++;
	__sync_fetch_and_add(&total, skb->len);
	n = bpf_map_lookup_elem(&by_mark, &mark);
	if (n)
		__sync_fetch_and_add(n, 1);
	return TC_ACT_OK;
}

SEC("?classifier")
int only_long(struct __sk_buff *skb)
{
	bpf_printk("called");
	return too_long(skb) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
