/*
 * In the way of nginx: the map is a symbol and nothing else, whoever links has it; the section's name says nothing. libbpf
 * needs the definition (-DDEFINED) and makes the same instructions of it.
 */
#include "maps.h"
#include <linux/udp.h>

#define LONG_HEADER 0x80

#ifdef DEFINED
MAP(quic_sockmap, BPF_MAP_TYPE_SOCKHASH, __u64, __u64, 16, 0);
#define SECTION "sk_reuseport"
#else
extern int quic_sockmap;
#define SECTION "quic_reuseport_helper"
#endif

SEC(SECTION)
int select_by_dcid(struct sk_reuseport_md *ctx)
{
	unsigned char first, id[8];
	__u64 key = 0;
	__u32 at = sizeof(struct udphdr) + 1;

	if (bpf_skb_load_bytes(ctx, at - 1, &first, 1))
		return SK_PASS;
	if (first & LONG_HEADER)
		at += 5;
	if (bpf_skb_load_bytes(ctx, at, id, sizeof(id)))
		return SK_PASS;
	for (int i = 0; i < sizeof(id); i++)
		key = key << 8 | id[i];
	bpf_sk_select_reuseport(ctx, &quic_sockmap, &key, 0);
	return SK_PASS;
}

char _license[] SEC("license") = "BSD";
