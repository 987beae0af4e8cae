#include "../maps.h"

extern int CONFIG_HZ __kconfig;
extern const int runqueues __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern int maybe __weak;

SEC("tc")
int use(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	return CONFIG_HZ + *(int *)bpf_per_cpu_ptr(&runqueues, 0) + maybe;
}

char _license[] SEC("license") = "GPL";
