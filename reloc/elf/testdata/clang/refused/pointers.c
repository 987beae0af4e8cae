#include "../maps.h"

static int a, b;
static int *volatile either[2] = { &a, &b };

SEC("tc")
int use(struct __sk_buff *skb)
{
	return *either[skb->len & 1];
}
