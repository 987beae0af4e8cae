/* Programs of routes (lightweight tunnels). */
#include "maps.h"

static __u32 packets[3];

SEC("lwt_in")
int in(struct __sk_buff *skb)
{
	packets[0]++;
	return BPF_OK;
}

SEC("lwt_out")
int out(struct __sk_buff *skb)
{
	packets[1]++;
	return skb->mark == 1 ? BPF_DROP : BPF_OK;
}

SEC("lwt_xmit")
int xmit(struct __sk_buff *skb)
{
	packets[2] += skb->len;
	return BPF_OK;
}

char _license[] SEC("license") = "GPL";
