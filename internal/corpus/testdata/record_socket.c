#include "sockredir.h"

INLINE void store_key(struct key *key, struct bpf_sock_ops *ctx)
{
	key->netns = bpf_get_netns_cookie(ctx);
	key->local_port = htonl(ctx->local_port);
	key->remote_port = ctx->remote_port;
	if (ctx->family == AF_INET6) {
		key->local[0] = ctx->local_ip6[0];
		key->local[1] = ctx->local_ip6[1];
		key->local[2] = ctx->local_ip6[2];
		key->local[3] = ctx->local_ip6[3];
		key->remote[0] = ctx->remote_ip6[0];
		key->remote[1] = ctx->remote_ip6[1];
		key->remote[2] = ctx->remote_ip6[2];
		key->remote[3] = ctx->remote_ip6[3];
		barrier();
	} else {
		mapped(key->local, ctx->local_ip4);
		mapped(key->remote, ctx->remote_ip4);
	}
}

INLINE __u32 record(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sk;
	struct key key;

	if (ctx->data_segs_in | ctx->data_segs_out)
		return LATE;
	sk = ctx->sk;
	if (!sk)
		return REFUSED;
	if (!bpf_sk_storage_get(&plain_tcp, sk, 0, BPF_SK_STORAGE_GET_F_CREATE))
		return REFUSED;
	store_key(&key, ctx);
	if (bpf_sock_hash_update(ctx, &sockets, &key, BPF_ANY))
		return REFUSED;
	return RECORDED;
}

SECTION("prog") int record_socket(struct bpf_sock_ops *ctx)
{
	switch (ctx->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		count_event(record(ctx));
	}
	return 1;
}
