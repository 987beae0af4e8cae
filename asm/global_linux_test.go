package asm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/maps"
)

// TestGlobals reads variables and constants as they begin, changes them, and finds them changed from outside and in the
// next run.
func TestGlobals(t *testing.T) {
	limit := binary.NativeEndian.AppendUint32(nil, 3)
	p := inKernel(t, func(b *asm.Builder) {
		max := b.Rodata("max", limit)
		text := b.Rodata("text", []byte("hello"))
		start := b.Data("start", numbers(1000, 5))
		runs := b.BSS("runs", 8)
		count := b.Addr(runs)
		n := b.Load(count.U64(0))
		b.If(n.Ge(b.Load(b.Addr(max).U32(0))), func() { b.Return(0) })
		b.Add(n, 1)
		b.Store(count.U64(0), n)
		variable := b.Addr(start)
		b.AtomicAdd(variable.U64(0), b.Load(variable.U64(8)))
		sum := b.Load(variable.U64(0))
		b.Add(sum, b.Load(b.Addr(text).U8(4))) // o
		b.Return(sum)
	})
	for run, want := range []uint32{1005 + 'o', 1010 + 'o', 1015 + 'o', 0, 0} {
		if got, _ := p.run(t, numbers()); got != want {
			t.Errorf("run %d: %d, want %d", run, got, want)
		}
	}
	for _, section := range []struct {
		name string
		want []byte
	}{
		{asm.SectionRodata, []byte("\x03\x00\x00\x00\x00\x00\x00\x00hello\x00\x00\x00")},
		{asm.SectionData, numbers(1015, 5)},
		{asm.SectionBSS, numbers(3)[:8]},
	} {
		if section.name == asm.SectionRodata {
			section.want = append(append(limit, 0, 0, 0, 0), "hello\x00\x00\x00"...)
		}
		got := make([]byte, len(section.want))
		if err := p.mapOf(t, section.name).Lookup(make([]byte, 4), got, 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(section.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", section.name, diff)
		}
	}
	if err := p.mapOf(t, asm.SectionRodata).Update(make([]byte, 4), make([]byte, 16), asm.UpdateAny); !errors.Is(err, syscall.EPERM) {
		t.Errorf("writing to constants: %v, want EPERM", err)
	}
	if err := p.mapOf(t, asm.SectionBSS).Update(make([]byte, 4), make([]byte, 8), asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.run(t, numbers()); got != 1020+'o' {
		t.Errorf("after the count was reset: %d, want %d", got, 1020+'o')
	}
}

// TestCounters counts and reads what was counted by name.
func TestCounters(t *testing.T) {
	stats := asm.NewCounters("stats", "packets", "bytes", "large", "never")
	p := inKernel(t, func(b *asm.Builder) {
		pkt := b.Packet()
		b.Count(stats, "packets", 1)
		b.Count(stats, "bytes", pkt.Len())
		b.If(pkt.Len().Gt(100), func() { b.Count(stats, "large", 1) })
		b.Return(b.CallFunc("again"))
		b.Function("again", 0, func([]asm.Register) {
			b.Count(stats, "packets", 10)
			b.Return(7)
		})
	})
	for _, n := range []int{50, 100, 101, 1000} {
		if got, _ := p.run(t, make([]byte, n)); got != 7 {
			t.Errorf("result %d, want 7", got)
		}
	}
	got, err := maps.ReadCounters(p.mapOf(t, "stats"), stats)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{"packets": 44, "bytes": 1251, "large": 2, "never": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPrintk reads what programs print, where the trace file system can be reached.
func TestPrintk(t *testing.T) {
	p := inKernel(t, func(b *asm.Builder) {
		v := input(b, 2)
		b.Printk("purebpf test: nothing to say")
		b.Printk("purebpf test: %d%% of %lld, %llx\n", 50, v[0], v[1])
		b.Return(1)
	})
	pipe, err := os.OpenFile("/sys/kernel/tracing/trace_pipe", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Logf("not read: %v", err)
	} else {
		defer pipe.Close()
	}
	if got, _ := p.run(t, numbers(1<<40, 0xfeed)); got != 1 {
		t.Errorf("result %d, want 1", got)
	}
	if err != nil {
		return
	}
	var read bytes.Buffer
	buf := make([]byte, 4096)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		pipe.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, _ := pipe.Read(buf)
		read.Write(buf[:n])
		if text := read.String(); strings.Contains(text, "purebpf test: nothing to say") && strings.Contains(text, "purebpf test: 50% of 1099511627776, feed") {
			return
		}
	}
	t.Errorf("the trace pipe has %q", read.String())
}
