/* What version 3 of the instruction set adds, and for version 4 what becomes other instructions there. */
#include "maps.h"

static __u64 wide = 5;
static __u32 narrow = 6;
static __s64 table[5] = { -1, -20, 300, 4000, 5 };

SEC("socket")
int atomics(struct __sk_buff *skb)
{
	__u64 n = skb->len;
	__u64 a = __sync_fetch_and_add(&wide, n), b = __sync_fetch_and_or(&narrow, 3);
	__u64 c = __sync_lock_test_and_set(&wide, n), d = __sync_val_compare_and_swap(&narrow, 1, 2);

	__sync_fetch_and_xor(&wide, a);
	__sync_fetch_and_and(&narrow, b);
	return a + b + c + d;
}

SEC("socket")
int arithmetic(struct __sk_buff *skb)
{
	__s8 narrow_sum = skb->len + table[skb->mark & 3];
	__s16 half = narrow_sum * 77 + (__s16)skb->priority;
	__u32 swapped = __builtin_bswap32(skb->hash);

	if ((__s32)swapped < half)
		return table[skb->len & 3] >> 3;
	return swapped / (skb->len | 1) % 1000 + half;
}

char _license[] SEC("license") = "GPL";
