/* The two sections of programs for sk_reuseport. */
#include "maps.h"

MAP(group, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, __u32, __u64, 16, 0);

static __noinline int to(struct sk_reuseport_md *ctx, __u32 key)
{
	return bpf_sk_select_reuseport(ctx, &group, &key, 0) ? SK_DROP : SK_PASS;
}

SEC("sk_reuseport")
int by_hash(struct sk_reuseport_md *ctx)
{
	return to(ctx, ctx->hash & 15);
}

SEC("sk_reuseport/migrate")
int by_length(struct sk_reuseport_md *ctx)
{
	return to(ctx, ctx->migrating_sk ? 1 : ctx->len & 15);
}

char _license[] SEC("license") = "GPL";
