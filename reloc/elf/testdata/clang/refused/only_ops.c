#include "../maps.h"

struct tcp_congestion_ops {
	void *init;
	char name[16];
};

SEC(".struct_ops.link")
struct tcp_congestion_ops alone = { .name = "alone" };
