/* Programs of network namespaces. */
#include "maps.h"

MAP(listeners, BPF_MAP_TYPE_SOCKMAP, __u32, __u64, 8, 0);

SEC("sk_lookup")
int steer(struct bpf_sk_lookup *ctx)
{
	__u32 key = ctx->local_port & 7;
	struct bpf_sock *sk;
	long err;

	if (ctx->local_port < 7000 || ctx->local_port > 7999)
		return SK_PASS;
	sk = bpf_map_lookup_elem(&listeners, &key);
	if (!sk)
		return SK_DROP;
	err = bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return err ? SK_DROP : SK_PASS;
}

SEC("flow_dissector")
int dissect(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;

	keys->ip_proto = 17;
	keys->thoff = keys->nhoff + 20;
	return BPF_OK;
}

char _license[] SEC("license") = "GPL";
