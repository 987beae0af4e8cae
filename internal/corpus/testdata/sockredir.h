/* The maps, key and counters that record_socket.c and redirect_msg.c share. */
#pragma once

#include "bpf_helpers.h"

#define AF_INET6 10

struct key {
	__u64 netns;
	__u32 local[4];  /* network order; IPv4 as ::ffff:a.b.c.d */
	__u32 remote[4];
	__u32 local_port; /* network order, the upper 16 bits zero */
	__u32 remote_port;
};

struct counter {
	__u64 events;
	__u64 bytes;
};

enum { RECORDED, LATE, REFUSED, REDIRECTED, PASSED };
enum { MAY_REDIRECT, STAYS_ON_TCP };

MAP(sockets);
MAP(plain_tcp);
MAP(counters);

INLINE void mapped(__u32 *to, __u32 ip4)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = htonl(0xffff);
	to[3] = ip4;
}

INLINE struct counter *count_event(__u32 index)
{
	struct counter *c = bpf_map_lookup_elem(&counters, &index);

	if (c)
		__sync_fetch_and_add(&c->events, 1);
	return c;
}
