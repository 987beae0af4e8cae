/* Programs of cgroups: of six types, with variables of all three kinds. */
#include "maps.h"

#define SOL_IP 0
#define PORT 8080

static __u64 sent[2];
__u32 to_port = PORT;
const volatile char name[] = "net/ipv4/ip_forward";

MAP(options, BPF_MAP_TYPE_LRU_HASH, __u64, __u32, 256, 0);

SEC("cgroup_skb/egress")
int count_egress(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&sent[0], 1);
	__sync_fetch_and_add(&sent[1], skb->len);
	return 1;
}

SEC("cgroup/sock_create")
int no_raw(struct bpf_sock *sk)
{
	return sk->type != 3;
}

SEC("cgroup/connect4")
int divert(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port == bpf_htons(80))
		ctx->user_port = bpf_htons(to_port);
	return 1;
}

SEC("cgroup/sysctl")
int read_only(struct bpf_sysctl *ctx)
{
	char buf[32] = {};

	if (!ctx->write)
		return 1;
	if (bpf_sysctl_get_name(ctx, buf, sizeof(buf), 0) != sizeof(name) - 1)
		return 1;
	for (int i = 0; i < sizeof(name); i++)
		if (buf[i] != name[i])
			return 1;
	return 0;
}

SEC("cgroup/dev")
int no_disks(struct bpf_cgroup_dev_ctx *ctx)
{
	return (ctx->access_type & 0xffff) != BPF_DEVCG_DEV_BLOCK;
}

SEC("cgroup/getsockopt")
int hide_tos(struct bpf_sockopt *ctx)
{
	__u64 key = (__u64)ctx->level << 32 | ctx->optname;
	__u32 *n = bpf_map_lookup_elem(&options, &key), one = 1;

	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&options, &key, &one, 0);
	return ctx->level != SOL_IP;
}

char _license[] SEC("license") = "GPL";
