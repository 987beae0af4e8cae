/* The three kinds of programs that move data from socket to socket share a map. */
#include "maps.h"

struct pair {
	__u32 local, remote;
	__u16 local_port, remote_port;
};

MAP(sockets, BPF_MAP_TYPE_SOCKHASH, struct pair, __u32, 4096, 0);

static __noinline void swap(struct pair *p)
{
	struct pair q = *p;

	p->local = q.remote;
	p->remote = q.local;
	p->local_port = q.remote_port;
	p->remote_port = q.local_port;
}

SEC("sockops")
int record(struct bpf_sock_ops *ops)
{
	struct pair p = { ops->local_ip4, ops->remote_ip4, ops->local_port, bpf_ntohl(ops->remote_port) };

	switch (ops->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		bpf_sock_hash_update(ops, &sockets, &p, BPF_ANY);
	}
	return 0;
}

SEC("sk_msg")
int redirect(struct sk_msg_md *msg)
{
	struct pair p = { msg->local_ip4, msg->remote_ip4, msg->local_port, bpf_ntohl(msg->remote_port) };

	swap(&p);
	return bpf_msg_redirect_hash(msg, &sockets, &p, BPF_F_INGRESS);
}

SEC("sk_skb/stream_parser")
int whole(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("sk_skb/stream_verdict")
int echo(struct __sk_buff *skb)
{
	struct pair p = { skb->local_ip4, skb->remote_ip4, skb->local_port, bpf_ntohl(skb->remote_port) };

	return bpf_sk_redirect_hash(skb, &sockets, &p, 0);
}

char _license[] SEC("license") = "GPL";
