package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clang returns an object of clang's. What its programs do is in the C source beside it.
func clang(name string) string { return "../../reloc/elf/testdata/clang/" + name + ".o" }

const (
	etherIP = "020000000002 020000000001 0800 "
	ip4UDP  = "4500001c 00000000 40110000 0a000001 0a000002 03e8 01bb 0008 0000" // 28 bytes, 10.0.0.1:1000 > 10.0.0.2:443
)

// textFile writes a program in text to a file.
func textFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.s")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunObject(t *testing.T) {
	reuseport := []string{clang("reuseport.el"), "-type", "sk_reuseport", "-map", "quic_sockmap=sockhash:8:8:16"}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"xdp keeps maps from packet to packet", []string{clang("xdp.el"), "-program", "firewall", "-packet", etherIP + ip4UDP, "-packet", etherIP + ip4UDP}, `
packet 1, 42 bytes: returns 2: XDP_PASS
packet 2, 42 bytes: returns 2: XDP_PASS
map passed, percpu_hash:
  11 00 00 00: packets 1, bytes 28, last_port 0, reason 0
`},
		{"xdp with an element", []string{clang("xdp.el"), "-program", "drop_blocked", "-packet", etherIP + ip4UDP, "-map", "blocked:u32:8,ip:10.0.0.0=00"}, `
packet 1, 42 bytes: returns 1: XDP_DROP
map blocked, lpm_trie:
  length 8, address 0a 00 00 00: packets 1 (was 0), bytes 28 (was 0)
`},
		{"big endian", []string{clang("xdp.eb"), "-program", "drop_blocked", "-packet", etherIP + ip4UDP, "-map", "blocked:00000008,0a000000=u64:1,u64:2"}, `
packet 1, 42 bytes: returns 1: XDP_DROP
map blocked, lpm_trie:
  length 8, address 0a 00 00 00: packets 2 (was 1), bytes 30 (was 2)
`},
		{"tc", []string{clang("tc.el"), "-program", "set_mark", "-packet", etherIP + ip4UDP, "-context", "priority=6", "-map", "by_mark:u32:11=u64:5"}, `
packet 1, 42 bytes: returns 0: TC_ACT_OK
  mark: 11, was 0
map .bss, array:
  seen 1 (was 0)
map .data, array:
  total 1234605616436508594 (was 1234605616436508552)
map by_mark, hash:
  11: 6, was 5
`},
		{"printk", []string{clang("tc.el"), "-program", "set_mark", "-packet", etherIP + ip4UDP + strings.Repeat("00", 1480), "-context", "priority=3"}, `
packet 1, 1522 bytes: returns 2: TC_ACT_SHOT
  printed: 1522 bytes, priority 3
`},
		{"socket filter", []string{clang("socket.el"), "-packet", etherIP + ip4UDP}, `
packet 1, 42 bytes: returns 65535: keeps all 42 bytes
map lengths, array:
  42: 1, was 0
`},
		{"socket filter of a socket", []string{clang("socket.el"), "-packet", ip4UDP, "-start", "network"}, `
packet 1, 28 bytes: returns 65535: keeps all 28 bytes
map lengths, array:
  28: 1, was 0
`},
		{"cgroup_skb begins with IP", []string{clang("cgroup.el"), "-program", "count_egress", "-packet", ip4UDP}, `
packet 1, 28 bytes: returns 1: pass
map .bss, array:
  sent [1 28] (was [0 0])
`},
		{"lwt", []string{clang("lwt.el"), "-program", "out", "-packet", ip4UDP, "-context", "mark=1"}, `
packet 1, 28 bytes: returns 2: BPF_DROP
map .bss, array:
  packets.1 1 (was 0)
`},
		{"sock_addr", []string{clang("cgroup.el"), "-program", "divert", "-context", "user_port=80,user_ip4=10.0.0.1"}, `
returns 1: allow
  user_port: 8080, was 80
`},
		{"cgroup_sock", []string{clang("cgroup.el"), "-program", "no_raw", "-context", "type=3"}, "\nreturns 0: refuse\n"},
		{"cgroup_device", []string{clang("cgroup.el"), "-program", "no_disks", "-context", "access_type=0x20002"}, "\nreturns 1: allow\n"},
		{"sockopt", []string{clang("cgroup.el"), "-program", "hide_tos", "-context", "level=41,optname=1"}, `
returns 1: allow
map options, lru_hash:
  176093659137: 1
`},
		{"sk_reuseport with a map that nobody describes", append(reuseport, "-packet", "40 0000000000000003", "-map", "quic_sockmap:u64:3=socket:2"), `
packet 1, 127.0.0.1:40000 > 127.0.0.1:4433, 9 bytes: returns 1: SK_PASS, socket 2, selected by the program
`},
		{"sk_reuseport of more sockets", append(reuseport, "-packet", "40 0000000000000003", "-sockets", "40", "-map", "quic_sockmap:u64:3=socket:39"), `
packet 1, 127.0.0.1:40000 > 127.0.0.1:4433, 9 bytes: returns 1: SK_PASS, socket 39, selected by the program
`},
		{"sk_lookup", []string{clang("lookup.el"), "-program", "steer", "-context", "local_port=7002"}, "\nreturns 1: SK_PASS, socket 2, by the program\n"},
		{"sk_lookup of TCP", []string{clang("lookup.el"), "-program", "steer", "-context", "protocol=6,local_port=7001"}, "\nreturns 1: SK_PASS, socket 1, by the program\n"},
		{"sk_lookup without a socket", []string{clang("lookup.el"), "-program", "steer", "-context", "local_port=7007"}, "\nreturns 0: SK_DROP\n"},
		{"sock_ops", []string{clang("sockmap.el"), "-program", "record", "-context", "op=4,local_port=80,remote_port=1000,local_ip4=10.0.0.1,remote_ip4=10.0.0.2"}, `
returns 0
map sockets, sockhash:
  local 16777226, remote 33554442, local_port 80, remote_port 1000: socket 0
`},
		{"sk_msg", []string{clang("sockmap.el"), "-program", "redirect", "-packet", "68656c6c6f",
			"-context", "local_port=80,remote_port=1000,local_ip4=10.0.0.1,remote_ip4=10.0.0.2",
			"-map", "sockets:ip:10.0.0.2,ip:10.0.0.1,u16:1000,u16:80=socket:2"}, `
packet 1, 5 bytes: returns 1: SK_PASS, socket 2, by the program
`},
		{"sk_skb parser", []string{clang("sockmap.el"), "-program", "whole", "-packet", "68656c6c6f"}, "\npacket 1, 5 bytes: returns 5\n"},
		{"tracepoint with a ring buffer", []string{clang("trace.el"), "-program", "on_exit"}, `
returns 0
  record in events: ` + strings.Repeat("00", 32) + `
map calls, percpu_array:
  0: 1, was 0
`},
		{"raw tracepoint", []string{clang("trace.el"), "-program", "on_switch", "-context", "01 00000000000000"}, `
returns 0
map calls, percpu_array:
  3: 1, was 0
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runTool(append([]string{"run"}, tt.args...)...)
			if diff := cmp.Diff(result{0, tt.want[1:], ""}, got, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What programs in text do to packets, contexts and maps of other kinds.
func TestRunText(t *testing.T) {
	tests := []struct {
		name, text string
		args       []string
		want       string
	}{
		{"packet bytes", `
.program p sched_cls
	r2 = *(u32 *)(r1 + __sk_buff.data)
	r3 = *(u32 *)(r1 + __sk_buff.data_end)
	r4 = r2
	r4 += 4
	if r4 > r3 goto out
	*(u16 *)(r2 + 1) = 0x2211
	*(u32 *)(r1 + __sk_buff.cb) = 7
out:
	r0 = -1
	exit
`, []string{"-packet", "000102030405"}, `
packet 1, 6 bytes: returns 4294967295: TC_ACT_UNSPEC
  packet at 1: 11 22, was 01 02
  cb: [7 0 0 0 0], was [0 0 0 0 0]
`},
		{"shorter packet", `
.program p xdp
	r2 = 2
	call bpf_xdp_adjust_head
	r0 = 3
	exit
`, []string{"-packet", "000102030405060708090a0b0c0d0e0f10111213"}, `
packet 1, 20 bytes: returns 3: XDP_TX
  packet: 18 bytes, was 20:
       0: 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11
      16: 12 13
`},
		{"redirect", `
.program p xdp
	r1 = 5
	r2 = 0
	call bpf_redirect
	exit
`, []string{"-packet", "000102030405"}, "\npacket 1, 6 bytes: returns 4: XDP_REDIRECT, to interface 5\n"},
		{"address of IPv6", `
.program p cgroup_sock_addr cgroup_inet6_connect
	r2 = 0x02000000
	*(u32 *)(r1 + 20) = r2
	r0 = 1
	exit
`, []string{"-context", "user_ip6=2001:db8::1", "-order", "little"}, `
returns 1: allow
  user_ip6: 2001:db8::2, was 2001:db8::1
`},
		{"memory", `
.program p syscall
	*(u8 *)(r1 + 1) = 9
	r0 = 4
	exit
`, []string{"-context", "0102"}, "\nreturns 4\n  context at 1: 09, was 02\n"},
		{"queue", `
.program p xdp
.map q queue key=0 value=4 entries=4
	*(u32 *)(r10 - 4) = 8
	r1 = q ll
	r2 = r10
	r2 += -4
	r3 = 0
	call bpf_map_push_elem
	exit
`, []string{"-packet", "00", "-map", "q:=u32:7"}, "\npacket 1, 1 bytes: returns 0: XDP_ABORTED\nmap q, queue:\n  holds 7\n  holds 8\n"},
		{"tail call", `
.program main xdp
.map jumps prog_array key=4 value=4 entries=2
	r2 = jumps ll
	r3 = 1
	call bpf_tail_call
	r0 = 0
	exit
.program other xdp
	r0 = 3
	exit
`, []string{"-packet", "00", "-program", "main", "-map", "jumps:u32:1=program:other"}, "\npacket 1, 1 bytes: returns 3: XDP_TX\n"},
		{"deleted", `
.program p xdp
.map m hash key=2 value=8 entries=2
	*(u16 *)(r10 - 2) = 0x201
	r1 = m ll
	r2 = r10
	r2 += -2
	call bpf_map_delete_elem
	r0 = 2
	exit
`, []string{"-packet", "00", "-map", "m:0102=be64:258", "-map", "m:str:ab=01", "-order", "little"}, `
packet 1, 1 bytes: returns 2: XDP_PASS
map m, hash:
  01 02: deleted, was 144396663052566528
`},
		{"classic in bpf_asm's language", "ldh [12]\njne #0x800, drop\nret #10\ndrop: ret #0\n", []string{"-packet", etherIP, "-trace"}, `
test.s:1              0: ldh [12]                       A = 0x0, X = 0x0
test.s:2              1: jeq #0x800, l2, l3             A = 0x800, X = 0x0
test.s:3              2: ret #0xa                       A = 0x800, X = 0x0
packet 1, 14 bytes: returns 10: keeps 10 of 14 bytes
`},
		{"classic numbers", "4,40 0 0 12,21 0 1 2048,6 0 0 65535,6 0 0 0", []string{"-packet", "020000000002 020000000001 0806"}, "\npacket 1, 14 bytes: returns 0: drops the packet\n"},
		{"classic selects", "ldb [0]\nret a\n", []string{"-packet", "05", "-sockets", "6"}, `
packet 1, 127.0.0.1:40000 > 127.0.0.1:4433, 1 bytes: returns 5, socket 5, selected by the program
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runTool(append([]string{"run", textFile(t, tt.text)}, tt.args...)...)
			if diff := cmp.Diff(result{0, tt.want[1:], ""}, got, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// With -trace the lines of the C source stand before what is made of them.
func TestRunObjectTrace(t *testing.T) {
	const want = `; __u32 key = skb->len;
socket.c:9            0: r1 = *(u32 *)(r1 + 0)                    r1 = 0x2a
socket.c:9            1: *(u32 *)(r10 - 4) = r1                   [stack frame 0 + 508] = 0x2a
`
	got := runTool("run", clang("socket.el"), "-trace", "-packet", etherIP+ip4UDP)
	if !strings.HasPrefix(got.stdout, want) || !strings.Contains(got.stdout, "\n; return 0xffff;\nsocket.c:14 ") || got.status != 0 {
		t.Errorf("%+v, want\n%s", got, want)
	}

	// The last line of a run that fails says why.
	const fails = `; if (ctx->args[0])
trace.c:75            0: r1 = *(u64 *)(r1 + 0)                    read of 8 bytes at offset 0 of the context: outside the memory
`
	if got := runTool("run", clang("trace.el"), "-program", "on_switch", "-trace"); got.stdout != fails || got.status != 1 {
		t.Errorf("%+v, want\n%s", got, fails)
	}
}

// frames writes a capture of Ethernet frames.
func frames(t *testing.T, frames ...[]byte) string {
	t.Helper()
	path := capture(t, frames...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const linkType, ethernet = 20, 1
	binary.LittleEndian.PutUint32(b[linkType:], ethernet)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// Programs get the frames of a capture from the header on that -start or their type says.
func TestRunCapturedFrames(t *testing.T) {
	ether := func(kind byte, behind []byte) []byte { return slices.Concat(make([]byte, 12), []byte{8, kind}, behind) }
	udp := datagram("10.0.0.1:1", "10.0.0.2:2", "\x07")
	file := frames(t, ether(0, udp), ether(6, make([]byte, 28)))
	raw := capture(t, udp)
	const length = `
.program length TYPE
	r0 = *(u32 *)(r1 + __sk_buff.len)
	r1 = *(u32 *)(r1 + __sk_buff.protocol)
	exit
`
	program := func(kind string) string { return textFile(t, strings.Replace(length, "TYPE", kind, 1)) }
	const whose = "10.0.0.1:1 > 10.0.0.2:2, "
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"link", []string{program("sched_cls"), "-packet", file}, "packet 1, " + whose + "43 bytes: returns 43\npacket 2, 42 bytes: returns 42\n"},
		{"network", []string{program("lwt_in"), "-packet", file}, "packet 1, " + whose + "29 bytes: returns 29\npacket 2, 28 bytes: returns 28\n"},
		{"transport", []string{program("socket_filter"), "-start", "transport", "-packet", file},
			"packet 1, " + whose + "9 bytes: returns 9: keeps all 9 bytes\nLeft out: 1 of 2 packets, which are not an IP packet.\n"},
		{"raw IP", []string{program("lwt_in"), "-packet", raw}, "packet 1, " + whose + "29 bytes: returns 29\n"},
		{"datagrams", []string{textFile(t, "ldb [0]\nret a"), "-sockets", "8", "-packet", file},
			"packet 1, " + whose + "1 bytes: returns 7, socket 7, selected by the program\nLeft out: 1 of 2 packets, which are not a whole UDP datagram.\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runTool(append([]string{"run"}, tt.args...)...)
			if diff := cmp.Diff(result{0, tt.want, ""}, got, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	got := runTool("run", program("sched_cls"), "-packet", raw)
	if want := "1 packets, of which none is an Ethernet frame\n"; got.status != 1 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("%+v, want %s", got, want)
	}
}

func TestRunJSON(t *testing.T) {
	got := runTool("run", clang("tc.el"), "-json", "-program", "set_mark", "-packet", etherIP+ip4UDP, "-context", "priority=6", "-map", "by_mark:u32:11=u64:5")
	var report simulatedReport
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || got.status != 0 {
		t.Fatalf("%+v: %v", got, err)
	}
	bytes, six, five := 42, "0600000000000000", "0500000000000000"
	want := simulatedReport{
		Program: "set_mark", Type: "sched_cls",
		Runs: []simulatedRun{{Packet: 1, Bytes: &bytes, Meaning: "TC_ACT_OK", Context: []fieldChange{{Field: "mark", Was: []uint64{0}, Is: []uint64{11}}}}},
		Maps: []mapChange{report.Maps[0], report.Maps[1], {Name: "by_mark", Type: "hash", Elements: []elementChange{{Key: "0b000000", Value: &six, Was: &five}}}},
	}
	if diff := cmp.Diff(want, report, cmp.AllowUnexported(simulatedRun{}, fieldChange{}, mapChange{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	got = runTool("run", "dcid", "-json", "-packet", "40"+"0000000000000003"+"0102030405060708090a0b0c")
	var shipped shippedReport
	if err := json.Unmarshal([]byte(got.stdout), &shipped); err != nil || got.status != 0 {
		t.Fatalf("%+v: %v", got, err)
	}
	wantRuns := []shippedRun{{1, "127.0.0.1:40000 > 127.0.0.1:4433", "21 bytes", "returns 1: socket 2, selected by the program"}}
	if diff := cmp.Diff(shippedReport{Runs: wantRuns}, shipped); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRunRefuses(t *testing.T) {
	const noType = ".program p\n\tr0 = 0\n\texit\n"
	outside := textFile(t, ".program p xdp\n\tr2 = *(u32 *)(r1 + xdp_md.data)\n\tr0 = *(u8 *)(r2 + 6)\n\texit\n")
	helper := textFile(t, ".program p xdp\n\tcall bpf_get_smp_processor_id\n\tr1 = r10\n\tr1 += -8\n\tr2 = 8\n\tr3 = r1\n\tcall bpf_probe_read_kernel\n\texit\n")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // in the first lines of stderr
	}{
		{"outside the packet", []string{outside, "-packet", "000102030405"}, 1,
			"packet 1: test.s:3: p: instruction 1: r0 = *(u8 *)(r2 + 6): read of 1 byte at offset 6 of the packet (6 bytes): outside the memory"},
		{"with the C line", []string{clang("trace.el"), "-program", "on_switch"}, 1,
			"trace.c:75: on_switch: instruction 0: r1 = *(u64 *)(r1 + 0): read of 8 bytes at offset 0 of the context: outside the memory\n    trace.c:75: if (ctx->args[0])\n"},
		{"helper", []string{helper, "-packet", "00"}, 1, "packet 1: test.s:7: p: instruction 5: call bpf_probe_read_kernel: no such helper: bpf_probe_read_kernel is not simulated"},
		{"map type", []string{clang("maps.el"), "-packet", etherIP}, 1, "map outer of type array_of_maps: this type is not simulated"},
		{"flow dissector", []string{clang("lookup.el"), "-program", "dissect", "-packet", etherIP}, 1, "program dissect: __sk_buff.flow_keys, which flow_dissector programs are for, is not simulated"},
		{"map that nobody describes", []string{clang("reuseport.el"), "-type", "sk_reuseport", "-packet", "00"}, 1,
			"map quic_sockmap: nothing describes it: give -map quic_sockmap=TYPE:KEY:VALUE:ENTRIES"},
		{"map described twice", []string{clang("socket.el"), "-packet", "00", "-map", "lengths=array:4:8:1"}, 1, "map lengths: the input describes it itself: array:4:8:2048"},
		{"map of nobody", []string{clang("socket.el"), "-packet", "00", "-map", "x=array:4:8:1"}, 1, "map x: no program refers to it"},
		{"several programs", []string{clang("xdp.el"), "-packet", "00"}, 1, "has 3 programs; which one: firewall, drop_blocked or pass_all?"},
		{"no such program", []string{clang("xdp.el"), "-packet", "00", "-program", "firewal"}, 1, "has no program firewal; did you mean firewall?"},
		{"of the object that is shipped", []string{"sockredir", "-packet", "00"}, 1, "sockredir: has 2 programs; which one: "},
		{"no file", []string{"nobody", "-packet", "00"}, 1, "no program has that name"},
		{"key that is there not", []string{clang("socket.el"), "-packet", "00", "-map", "lengths:u32:4096=00"}, 1, "-map lengths:u32:4096=00: map lengths: update: E2BIG"},

		{"no type", []string{textFile(t, noType), "-packet", "00"}, 2, "program p does not say its type: give -type"},
		{"no packet", []string{clang("socket.el")}, 2, "needs -packet HEX|FILE, for socket_filter programs run on packets"},
		{"packet for none", []string{clang("lookup.el"), "-program", "steer", "-packet", "00"}, 2, "sk_lookup programs run on a -context and on no packet"},
		{"start", []string{clang("xdp.el"), "-program", "firewall", "-packet", "00", "-start", "network"}, 2, "-start network: xdp programs begin at the Ethernet header"},
		{"start of a datagram", []string{clang("reuseport.el"), "-type", "sk_reuseport", "-packet", "00", "-start", "network", "-map", "quic_sockmap=sockhash:8:8:16"}, 2,
			"-start is not for what sk_reuseport programs run on"},
		{"field", []string{clang("socket.el"), "-packet", "00", "-context", "mrak=1"}, 2, "-context mrak=1: struct __sk_buff has no field mrak; did you mean mark?"},
		{"field without a value", []string{clang("socket.el"), "-packet", "00", "-context", "mark"}, 2, "-context mark: want FIELD=VALUE, a field of struct __sk_buff"},
		{"pointer", []string{clang("socket.el"), "-packet", "00", "-context", "data=1"}, 2, "-context data=1: __sk_buff.data is a pointer"},
		{"derived field", []string{clang("socket.el"), "-packet", "00", "-context", "len=1"}, 2, "-context: __sk_buff.len follows from other things and cannot be given"},
		{"large field", []string{clang("socket.el"), "-packet", "00", "-context", "mark=0x100000000"}, 2, `"0x100000000" is no number of 32 bits`},
		{"array", []string{clang("socket.el"), "-packet", "00", "-context", "cb=1"}, 2, "__sk_buff.cb has 5 elements: give cb[0] and so on"},
		{"element of an array", []string{clang("socket.el"), "-packet", "00", "-context", "cb[5]=1"}, 2, "__sk_buff.cb has 5 elements"},
		{"address", []string{clang("cgroup.el"), "-program", "divert", "-context", "user_ip4=::1"}, 2, "bpf_sock_addr.user_ip4 is no place for the address ::1"},
		{"bytes", []string{clang("trace.el"), "-program", "on_exit", "-context", "pid=1"}, 2, "-context: programs of type tracepoint have no fields, so it is bytes: "},
		{"context of a group", []string{clang("reuseport.el"), "-type", "sk_reuseport", "-packet", "00", "-context", "hash=1", "-map", "quic_sockmap=sockhash:8:8:16"}, 2,
			"-context is not for programs that select a socket"},
		{"map without a value", []string{clang("socket.el"), "-packet", "00", "-map", "lengths"}, 2, "-map lengths: want NAME=TYPE:KEY:VALUE:ENTRIES or NAME:KEY=VALUE"},
		{"other map", []string{clang("socket.el"), "-packet", "00", "-map", "length:00=00"}, 2, "the program names no map length; did you mean lengths?"},
		{"key", []string{clang("socket.el"), "-packet", "00", "-map", "lengths:00=00"}, 2, "a key of 1 bytes; the map's have 4"},
		{"value", []string{clang("socket.el"), "-packet", "00", "-map", "lengths:u32:0=u64:0,00"}, 2, "a value of 9 bytes; the map's have 8"},
		{"piece", []string{clang("socket.el"), "-packet", "00", "-map", "lengths:u31:0=00"}, 2, `"u31:0" is neither hexadecimal nor one of u8:N`},
		{"number", []string{clang("socket.el"), "-packet", "00", "-map", "lengths:u32:x=00"}, 2, `"x" is no number of 32 bits`},
		{"socket", []string{clang("lookup.el"), "-program", "steer", "-map", "listeners:u32:0=socket:4"}, 2, "there is no socket 4: -sockets says how many there are, here 4 from 0 on"},
		{"not a socket", []string{clang("lookup.el"), "-program", "steer", "-map", "listeners:u32:0=00"}, 2, "the map holds sockets: want socket:N"},
		{"sockets", []string{clang("socket.el"), "-packet", "00", "-sockets", "0"}, 2, "-sockets 0: want a number from 1 to 4096"},
		{"map of a classic program", []string{textFile(t, "ret #0"), "-packet", "00", "-map", "x:00=00"}, 2, "-map: classic programs have no maps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runTool(append([]string{"run"}, tt.args...)...)
			if got.status != tt.status || !strings.Contains(got.stderr, tt.want) || got.stdout != "" {
				t.Errorf("%+v, want status %d and %s", got, tt.status, tt.want)
			}
		})
	}
}
