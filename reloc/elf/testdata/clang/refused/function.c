#include "../maps.h"

extern int elsewhere(int);

SEC("tc")
int use(struct __sk_buff *skb)
{
	return elsewhere(skb->len);
}
