// Package sockredir lets TCP connections inside a machine bypass TCP: what one end sends goes straight into the receive
// queue of the other. The applications stay as they are.
//
//	r, err := sockredir.Attach("/sys/fs/cgroup/proxy", nil)
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	// Connections that processes of the cgroup make among themselves from now on are redirected.
//	stats, err := r.Stats()
//
// # Two programs and a map
//
// A sock_ops program, attached to the cgroup, sees every connection when it is established and records the socket in a
// SOCKHASH under its network namespace, addresses and ports. A sk_msg program, attached to that map, sees what recorded
// sockets send. It looks for the peer under the same key with the two ends exchanged: when it is there, the message is
// redirected to it (bpf_msg_redirect_hash with BPF_F_INGRESS), otherwise it goes by TCP. The handshake, FIN and RST are
// TCP's in any case. IPv4, IPv6 and IPv4 over AF_INET6 sockets find each other.
//
// Data that is redirected overtakes data that is still on its way by TCP, so no direction of a connection may go from TCP
// to redirection, and two rules see to it. A socket is recorded only if TCP has carried no data yet when the connection
// is established: TCP Fast Open and TCP_DEFER_ACCEPT do that. And the first message whose peer is not found decides: that
// socket stays on TCP for ever.
//
// # When it pays
//
// Between processes on one core, round trips take half to two thirds of the time, and streams of writes of 16 KiB or more
// are 1.5 times as fast; streams of 1 KiB writes are slower. Across cores there is no dependable gain. A socket that is
// recorded and whose peer is elsewhere only pays: its streams lose a third to a half. So choose the cgroup: it is for
// programs that talk to each other, never for a whole system.
//
// # What applications notice
//
// The kernel's redirection is not TCP in everything. No program can mend the following (Linux 6.18); applications that
// depend on it belong into another cgroup:
//
//   - splice(2) from a socket loses redirected data, which includes Go's io.Copy between two *net.TCPConn.
//   - A slow reader does not slow the writer down: data piles up in kernel memory, and at the limit send fails with ENOMEM.
//   - MSG_WAITALL returns less, SO_RCVLOWAT is ignored, MSG_OOB arrives in band, MSG_ZEROCOPY never completes, MSG_TRUNC
//     fails with EFAULT, the byte counts of TCP_INFO stay 0.
//   - A blocking recv returns EAGAIN after a handled signal, or when the process was stopped and goes on.
//   - When the receiver closes with data unread, the sender sees the end of the stream and not ECONNRESET.
//   - When only one end is recorded (the other process is not in the cgroup, or the map is full), FIONREAD of that end is
//     0 on some kernels, and writes of 33 to 65 KB without TCP_NODELAY can take 44 ms.
//
// Another tool that uses socket maps, attached to the same cgroup or one around it, may hold a socket already, or want
// one that is held: a socket has one sk_msg program. The second to come gets EBUSY, which Stats counts as Refused here.
//
// Linux 5.15 is needed, where both program types got bpf_get_netns_cookie.
package sockredir
