#include "../maps.h"

int tentative __attribute__((common));

SEC("tc")
int use(struct __sk_buff *skb)
{
	return tentative;
}
