#include "../maps.h"

SEC("tc")
int one(struct __sk_buff *skb)
{
	return 1;
}

int other(struct __sk_buff *skb) __attribute__((alias("one")));
