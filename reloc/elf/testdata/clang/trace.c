/* Programs that trace, and the maps that they write to. */
#include "maps.h"

#ifndef LEGACY
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");
#else
struct bpf_map_def SEC("maps") events = { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 64 * 1024 };
struct bpf_map_def SEC("maps") samples = { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4 };
#endif
MAP(calls, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u64, 4, 0);

struct event {
	__u64 time;
	__u32 pid;
	char comm[16];
};

static __noinline void count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&calls, &which);

	if (n)
		*n += 1;
}

static __noinline void send(void)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	count(0);
}

SEC("tracepoint/sched/sched_process_exit")
int on_exit(void *ctx)
{
	send();
	return 0;
}

SEC("kprobe/tcp_v4_connect")
int on_connect(void *ctx)
{
	__u64 now = bpf_ktime_get_ns();

	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &now, sizeof(now));
	count(1);
	return 0;
}

SEC("kretprobe/tcp_v4_connect")
int on_connected(void *ctx)
{
	count(2);
	return 0;
}

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[0])
		count(3);
	return 0;
}

SEC("perf_event")
int on_sample(void *ctx)
{
	send();
	return 0;
}

char _license[] SEC("license") = "GPL";
