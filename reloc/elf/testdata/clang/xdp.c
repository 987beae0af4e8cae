/* Three XDP programs, two of them in one section, that share static functions in .text. */
#include "maps.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

struct prefix {
	__u32 length;
	__u8 address[4];
};

struct counters {
	__u64 packets;
	__u64 bytes;
	__u16 last_port;
	__u8 reason;
};

MAP(blocked, BPF_MAP_TYPE_LPM_TRIE, struct prefix, struct counters, 128, BPF_F_NO_PREALLOC);
MAP(passed, BPF_MAP_TYPE_PERCPU_HASH, __u32, struct counters, 1024, 0);

static __noinline int parse_ip(void *data, void *end, struct prefix *from, __u32 *bytes)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	from->length = 32;
	__builtin_memcpy(from->address, &ip->saddr, 4);
	*bytes = bpf_ntohs(ip->tot_len);
	return ip->protocol;
}

static __noinline void add(struct counters *c, __u32 bytes)
{
	__sync_fetch_and_add(&c->packets, 1);
	__sync_fetch_and_add(&c->bytes, bytes);
}

static __noinline int is_blocked(struct prefix *from, __u32 bytes)
{
	struct counters *c = bpf_map_lookup_elem(&blocked, from);

	if (!c)
		return 0;
	add(c, bytes);
	return 1;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	struct prefix from = {};
	__u32 bytes = 0, key;
	struct counters *c, first = {};
	int protocol = parse_ip((void *)(long)ctx->data, (void *)(long)ctx->data_end, &from, &bytes);

	if (protocol < 0)
		return XDP_PASS;
	if (is_blocked(&from, bytes))
		return XDP_DROP;
	key = protocol;
	c = bpf_map_lookup_elem(&passed, &key);
	if (!c) {
		bpf_map_update_elem(&passed, &key, &first, BPF_NOEXIST);
		return XDP_PASS;
	}
	add(c, bytes);
	return XDP_PASS;
}

SEC("xdp")
int drop_blocked(struct xdp_md *ctx)
{
	struct prefix from = {};
	__u32 bytes = 0;

	if (parse_ip((void *)(long)ctx->data, (void *)(long)ctx->data_end, &from, &bytes) >= 0 && is_blocked(&from, bytes))
		return XDP_DROP;
	return XDP_PASS;
}

SEC("xdp.frags")
int pass_all(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
