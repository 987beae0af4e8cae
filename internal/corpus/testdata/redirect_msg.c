#include "sockredir.h"

/* The key of the peer: the connection seen from its end. */
INLINE void store_peer_key(struct key *key, struct sk_msg_md *ctx)
{
	key->netns = bpf_get_netns_cookie(ctx);
	key->local_port = ctx->remote_port;
	key->remote_port = htonl(ctx->local_port);
	if (ctx->family == AF_INET6) {
		key->local[0] = ctx->remote_ip6[0];
		key->local[1] = ctx->remote_ip6[1];
		key->local[2] = ctx->remote_ip6[2];
		key->local[3] = ctx->remote_ip6[3];
		key->remote[0] = ctx->local_ip6[0];
		key->remote[1] = ctx->local_ip6[1];
		key->remote[2] = ctx->local_ip6[2];
		key->remote[3] = ctx->local_ip6[3];
		barrier();
	} else {
		mapped(key->local, ctx->remote_ip4);
		mapped(key->remote, ctx->local_ip4);
	}
}

INLINE __u32 redirect(struct sk_msg_md *ctx)
{
	__u32 *state = bpf_sk_storage_get(&plain_tcp, ctx->sk, 0, 0);
	struct key key;

	if (!state || *state != MAY_REDIRECT)
		return PASSED;
	store_peer_key(&key, ctx);
	if (bpf_msg_redirect_hash(ctx, &sockets, &key, BPF_F_INGRESS) == SK_PASS)
		return REDIRECTED;
	*state = STAYS_ON_TCP;
	return PASSED;
}

SECTION("prog") int redirect_msg(struct sk_msg_md *ctx)
{
	struct counter *c = count_event(redirect(ctx));

	if (c)
		__sync_fetch_and_add(&c->bytes, ctx->size);
	return SK_PASS;
}
