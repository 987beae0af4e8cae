#include "bpf_helpers.h"

#define UDP_HEADER 8
#define LONG_HEADER 0x80
#define CID_LENGTH 20

/* RFC 8999, section 5.1 */
struct long_header {
	__u8 flags;
	__u8 version[4];
	__u8 dcid_length;
	__u8 dcid[CID_LENGTH];
};

struct short_header {
	__u8 flags;
	__u8 dcid[CID_LENGTH];
};

MAP(workers);

SECTION("prog") int select_dcid(struct sk_reuseport_md *ctx)
{
	void *end = ctx->data_end;
	const __u8 *payload = ctx->data + UDP_HEADER;
	const __u8 *dcid;
	__u64 key;

	if ((void *)(payload + 1) > end)
		return SK_PASS;
	if (payload[0] & LONG_HEADER) {
		const struct long_header *header = (void *)payload;

		if ((void *)(header + 1) > end || header->dcid_length != CID_LENGTH)
			return SK_PASS;
		dcid = header->dcid;
	} else {
		const struct short_header *header = (void *)payload;

		if ((void *)(header + 1) > end)
			return SK_PASS;
		dcid = header->dcid;
	}
	/* The first 8 bytes of the connection ID, in network order, are the cookie of the worker's socket. */
	key = be64_to_cpu(*(__u64 *)dcid);
	bpf_sk_select_reuseport(ctx, &workers, &key, 0);
	return SK_PASS;
}
