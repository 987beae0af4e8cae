#include "packet.h"

#define AF_INET6 10

struct service {
	__u32 address; /* network order; 0 for IPv6 */
	__u16 port;    /* host order */
	__u16 protocol;
};

MAP(services);
MAP(listeners);

SECTION("prog") int steer(struct bpf_sk_lookup *ctx)
{
	struct service service;
	struct bpf_sock *listener;
	__u32 *index;
	long failed;

	service.address = ctx->family == AF_INET6 ? 0 : ctx->local_ip4;
	service.port = ctx->local_port;
	service.protocol = ctx->protocol;
	index = bpf_map_lookup_elem(&services, &service);
	if (!index)
		return SK_PASS; /* to whoever is bound there */
	listener = bpf_map_lookup_elem(&listeners, index);
	if (!listener)
		return SK_DROP;
	failed = bpf_sk_assign(ctx, listener, 0);
	bpf_sk_release(listener);
	return failed ? SK_DROP : SK_PASS;
}
