#include "packet.h"

#define VXLAN_PORT 4789
#define VXLAN_I 0x08
#define ETH_P_TEB 0x6558

struct vxlan {
	__u8 flags;
	__u8 reserved[3];
	__u32 vni; /* in the upper 24 bits */
};

struct gre {
	__u16 flags;
	__u16 protocol;
};

MAP(tunnels);

SECTION("prog") int decapsulate(struct xdp_md *ctx)
{
	void *end = DATA_END(ctx);
	struct ethernet *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp;
	struct vxlan *vxlan;
	struct gre *gre;
	__u64 *packets;
	__u32 vni;
	int outer;

	if ((void *)(ip + 1) > end || eth->protocol != htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol == IPPROTO_UDP) {
		udp = (void *)(ip + 1);
		vxlan = (void *)(udp + 1);
		if ((void *)(vxlan + 1) > end || udp->dest != htons(VXLAN_PORT))
			return XDP_PASS;
		if (!(vxlan->flags & VXLAN_I))
			return XDP_DROP;
		vni = ntohl(vxlan->vni) >> 8;
		outer = sizeof(*eth) + sizeof(*ip) + sizeof(*udp) + sizeof(*vxlan);
	} else if (ip->protocol == IPPROTO_GRE) {
		gre = (void *)(ip + 1);
		if ((void *)(gre + 1) > end)
			return XDP_PASS;
		if (gre->flags || gre->protocol != htons(ETH_P_TEB))
			return XDP_PASS; /* no checksum, key or sequence number, and Ethernet inside */
		vni = 0;
		outer = sizeof(*eth) + sizeof(*ip) + sizeof(*gre);
	} else {
		return XDP_PASS;
	}
	packets = bpf_map_lookup_elem(&tunnels, &vni);
	if (!packets)
		return XDP_DROP;
	++*packets;
	if (bpf_xdp_adjust_head(ctx, outer))
		return XDP_DROP;
	return XDP_PASS;
}
