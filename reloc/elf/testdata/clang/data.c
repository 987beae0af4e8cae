/* Variables: of all sections, of sections of one's own, in places that are not the beginning, of sizes that do not fit. */
#include "maps.h"

struct point {
	__u8 kind;
	__u32 x, y;
	__u64 weight;
	struct { __u16 a, b; } pair;
	__u32 *next;
};

static struct point origin = { .kind = 1, .x = 2, .y = 3, .weight = 4 };
struct point points[3];
static volatile const __u8 odd[5] = { 1, 2, 3, 4, 5 };
static __u16 small = 0x1234;
__u8 bytes[7] = { 9, 8, 7 };
__u64 own SEC(".data.own") = 5;
const volatile __u32 constant SEC(".rodata.own") = 6;
__u32 zero SEC(".bss.own");

__noinline __u64 sum(__u32 n)
{
	static __u64 calls;
	__u64 all = 0;

	calls += n;
	for (int i = 0; i < 3; i++)
		all += points[i].weight + bytes[2 * i];
	return all + calls;
}

SEC("socket")
int mix(struct __sk_buff *skb)
{
	struct point *p = &points[skb->len & 1];

	p->x = origin.y + odd[2];
	p->weight = own + constant;
	origin.weight += small;
	small++;
	zero += bytes[6];
	return sum(skb->len) + odd[skb->len & 3] + origin.kind;
}

char _license[] SEC("license") = "MIT";
