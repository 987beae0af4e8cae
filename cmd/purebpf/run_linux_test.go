package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/reloc"
)

// kernelPrograms are in text what TestRunLikeKernel runs besides objects of clang's.
const (
	swapText = `
.program swap xdp
	r2 = *(u32 *)(r1 + xdp_md.data)
	r3 = *(u32 *)(r1 + xdp_md.data_end)
	r4 = r2
	r4 += 12
	if r4 > r3 goto out
	r5 = *(u32 *)(r2 + 0)
	r6 = *(u32 *)(r2 + 6)
	*(u32 *)(r2 + 6) = r5
	*(u32 *)(r2 + 0) = r6
	r2 = 4
	call bpf_xdp_adjust_head
out:
	r0 = 3
	exit
`
	markText = `
.program mark sched_cls
	r6 = r1
	r2 = *(u32 *)(r1 + __sk_buff.data)
	r3 = *(u32 *)(r1 + __sk_buff.data_end)
	r4 = r2
	r4 += 34
	if r4 > r3 goto out
	r5 = *(u8 *)(r2 + 22)
	r5 -= 1
	*(u8 *)(r2 + 22) = r5
	r5 = *(u32 *)(r6 + __sk_buff.priority)
	*(u32 *)(r6 + __sk_buff.mark) = r5
out:
	r0 = *(u32 *)(r6 + __sk_buff.protocol)
	exit
`
	loadText = `
.program load socket_filter
	r6 = r1
	r7 = *(u32 *)(r1 + __sk_buff.len)
	r0 = *(u16 *)skb[2]
	r0 += r7
	exit
`
	egressText = `
.program egress cgroup_skb cgroup_inet_egress
	r0 = *(u32 *)(r1 + __sk_buff.len)
	r0 &= 1
	exit
`
)

// What run prints is what BPF_PROG_TEST_RUN says of the same program and packet: the result, and the packet afterwards.
func TestRunLikeKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	tests := []struct {
		file, program string
		at            startAt
	}{
		{clang("xdp.el"), "firewall", atLink},
		{clang("xdp.v4"), "drop_blocked", atLink},
		{clang("xdp.plain"), "pass_all", atLink},
		{textFile(t, swapText), "swap", atLink},
		{clang("tc.el"), "set_mark", atLink},
		{clang("tc.v1"), "only_long", atLink},
		{textFile(t, markText), "mark", atLink},
		{clang("socket.el"), "count_by_length", atNetwork},
		{clang("constant.el"), "look_up", atNetwork},
		{clang("nolicense.el"), "keep", atNetwork},
		{clang("atomic.v4"), "atomics", atNetwork},
		{clang("atomic.el"), "arithmetic", atNetwork},
		{clang("data.el"), "mix", atNetwork},
		{clang("order.el"), "alone", atLink},
		{textFile(t, loadText), "load", atNetwork},
		{clang("cgroup.el"), "count_egress", atNetwork},
		{textFile(t, egressText), "egress", atNetwork},
		{clang("lwt.el"), "out", atNetwork},
		{clang("lwt.el"), "xmit", atNetwork},
	}
	packet, err := parseHex(etherIP + ip4UDP)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.program, func(t *testing.T) {
			for _, size := range []int{42, 43, 64, 200, 1514} {
				frame := append(packet[:len(packet):len(packet)], make([]byte, size-len(packet))...)
				run := runInKernel(t, tt.file, tt.program, frame)
				given := frame
				args := []string{"run", tt.file, "-json", "-program", tt.program}
				if tt.at == atNetwork {
					given = frame[etherLen:]
					args = append(args, "-start", "network")
				}
				got := runTool(append(args, "-packet", hex.EncodeToString(given))...)
				var report simulatedReport
				if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || got.status != 0 {
					t.Fatalf("%+v: %v", got, err)
				}
				after := hex.EncodeToString(given)
				if changed := report.Runs[0].PacketAfter; changed != "" {
					after = changed
				}
				want := result{int(int32(run.Return)), hex.EncodeToString(run.Data[len(frame)-len(given):]), ""}
				if diff := cmp.Diff(want, result{int(int32(report.Runs[0].Result)), after, ""}, cmp.AllowUnexported(result{})); diff != "" {
					t.Errorf("%d bytes (-kernel +run):\n%s", size, diff)
				}
			}
		})
	}
}

// runInKernel runs a program of a file, with new maps.
func runInKernel(t *testing.T, file, name string, packet []byte) *loader.RunResult {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in, err := (&document{name: file, data: data}).read("")
	if err != nil {
		t.Fatal(err)
	}
	program, err := in.program(name)
	if err == nil {
		program, err = withFunctions(in.object, program)
	}
	var o *reloc.Object
	if err == nil {
		o, err = reloc.NewObject(program)
	}
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := loader.LoadObject(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	p, _ := loaded.Program(name)
	run, err := p.Run(&loader.RunOptions{Data: packet})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// A context with fields: the kernel changes the same of them.
func TestRunContextLikeKernel(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	packet, err := parseHex(etherIP + ip4UDP)
	if err != nil {
		t.Fatal(err)
	}
	file := clang("tc.el")
	for _, priority := range []string{"0", "6", "0x10001", "0x10002", "0x10003", "0x10004", "77"} {
		n, err := parseNumber(priority, 4)
		if err != nil {
			t.Fatal(err)
		}
		got := runTool("run", file, "-json", "-program", "set_mark", "-packet", hex.EncodeToString(packet), "-context", "priority="+priority)
		var report simulatedReport
		if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || got.status != 0 {
			t.Fatalf("%+v: %v", got, err)
		}
		mark := uint64(0)
		for _, c := range report.Runs[0].Context {
			mark = c.Is[0]
		}
		want := markInKernel(t, file, packet, uint32(n))
		if uint32(mark) != want {
			t.Errorf("priority %s: mark %d, in the kernel %d", priority, mark, want)
		}
	}
}

// markInKernel returns the mark that set_mark gives a packet of a priority.
func markInKernel(t *testing.T, file string, packet []byte, priority uint32) uint32 {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in, err := (&document{name: file, data: data}).read("")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := loader.LoadObject(in.object, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	p, _ := loaded.Program("set_mark")
	skb := make([]byte, asm.ContextSkBuff.Size())
	byteOrder("").PutUint32(skb[asm.SkBuffPriority.Offset():], priority)
	run, err := p.Run(&loader.RunOptions{Data: packet, Context: skb})
	if err != nil {
		t.Fatal(err)
	}
	return byteOrder("").Uint32(run.Context[asm.SkBuffMark.Offset():])
}
