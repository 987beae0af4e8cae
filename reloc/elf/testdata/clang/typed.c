/* Keys and values of all kinds of types, and what the kernel looks for in values. */
#include "maps.h"

enum mode { IDLE, ACTIVE = 3, FAILED = -1 };

struct point {
	__s16 x;
	__s16 y;
};

struct flow {
	__u8 kind;
	struct point from, to[2];
	__s64 balance;
};

struct state {
	struct bpf_spin_lock lock;
	__s32 delta;
	enum mode mode;
	struct flow flow;
	struct {
		__u16 first;
		__u8 second;
	};
	char name[6];
};

struct alarm {
	__u64 ticks;
	struct bpf_timer timer;
	__s8 last;
};

MAP(states, BPF_MAP_TYPE_HASH, struct flow, struct state, 8, 0);
MAP(alarms, BPF_MAP_TYPE_ARRAY, int, struct alarm, 1, 0);
MAP(numbers, BPF_MAP_TYPE_HASH, __s32, __u64, 8, 0);
MAP(texts, BPF_MAP_TYPE_HASH, short, struct point[2], 8, 0);
MAP(modes, BPF_MAP_TYPE_ARRAY, __u32, enum mode, 2, 0);

static int ring(void *map, int *key, struct alarm *alarm)
{
	alarm->ticks++;
	alarm->last = -5;
	return 0;
}

SEC("tc")
int count(struct __sk_buff *skb)
{
	struct flow flow = {};
	struct state fresh = {}, *state;
	__u64 wide = skb->len;
	__s32 number = -7;
	__u32 zero = 0;

	flow.kind = 200;
	flow.from.x = -1;
	flow.to[1].y = -300;
	flow.balance = -5000000000;
	bpf_map_update_elem(&states, &flow, &fresh, BPF_NOEXIST);
	state = bpf_map_lookup_elem(&states, &flow);
	if (state) {
		bpf_spin_lock(&state->lock);
		state->delta -= 40;
		state->mode = FAILED;
		state->flow.to[0].x = -2;
		state->second = 9;
		state->name[0] = 'a';
		bpf_spin_unlock(&state->lock);
	}
	bpf_map_update_elem(&numbers, &number, &wide, BPF_ANY);
	short text = -3;
	struct point pair[2] = {{-1, 2}, {3, -4}};
	bpf_map_update_elem(&texts, &text, pair, BPF_ANY);
	enum mode *mode = bpf_map_lookup_elem(&modes, &zero);
	if (mode)
		*mode = ACTIVE;
	return 0;
}

SEC("tc")
int arm(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct alarm *alarm = bpf_map_lookup_elem(&alarms, &zero);

	if (!alarm)
		return 1;
	bpf_timer_init(&alarm->timer, &alarms, 1);
	bpf_timer_set_callback(&alarm->timer, ring);
	return bpf_timer_start(&alarm->timer, 0, 0) != 0;
}

char _license[] SEC("license") = "GPL";
