#include "../maps.h"

struct tcp_congestion_ops {
	void *init;
	char name[16];
};

SEC("struct_ops/init")
int start(__u64 *ctx)
{
	return 0;
}

SEC(".struct_ops")
struct tcp_congestion_ops lazy = { .init = (void *)start, .name = "lazy" };

char _license[] SEC("license") = "GPL";
