/* Bounds and headers of packets. */
#pragma once

#include "bpf_helpers.h"
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#define DATA(ctx) ((void *)(long)(ctx)->data)
#define DATA_END(ctx) ((void *)(long)(ctx)->data_end)

#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_IPV6 0x86dd

/* That of <linux/if_ether.h> is packed, which makes clang load it byte by byte. */
struct ethernet {
	__u8 destination[6];
	__u8 source[6];
	__u16 protocol;
};
