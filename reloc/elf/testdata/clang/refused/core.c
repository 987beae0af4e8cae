#include "../maps.h"

struct task_struct {
	int pid;
	struct { struct task_struct *real_parent; } family[2];
} __attribute__((preserve_access_index));

enum state { RUNNING = 1, STOPPED = 2 };

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	int pid;

	bpf_probe_read_kernel(&pid, sizeof(pid), &task->pid);
	if (__builtin_preserve_field_info(task->family[1].real_parent, 2))
		pid++;
	return pid + __builtin_preserve_enum_value(*(enum state *)STOPPED, 1) + __builtin_preserve_type_info(*(struct task_struct *)0, 1);
}

char _license[] SEC("license") = "GPL";
