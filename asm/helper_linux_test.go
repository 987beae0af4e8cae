package asm_test

import (
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
)

// settingsOfAll are ways to load programs that between them have nearly all helpers.
func settingsOfAll(t *testing.T) []setting {
	t.Helper()
	all := settingsWithContext()
	for _, typ := range []asm.ProgramType{
		asm.Kprobe, asm.Tracepoint, asm.PerfEvent, asm.RawTracepoint, asm.RawTracepointWritable, asm.LircMode2,
	} {
		all = append(all, setting{typ: typ})
	}
	all = append(all,
		setting{typ: asm.Kprobe, at: asm.AttachTraceKprobeMulti},
		setting{typ: asm.Kprobe, at: asm.AttachTraceUprobeMulti},
		setting{typ: asm.Syscall, sleepable: true},
		setting{typ: asm.Netfilter, at: asm.AttachNetfilter},
	)
	attached := []struct {
		setting
		kind btf.Kind
	}{
		{setting{typ: asm.Tracing, at: asm.AttachTraceFexit, attachTo: "bpf_fentry_test1"}, btf.Func},
		{setting{typ: asm.Tracing, at: asm.AttachTraceRawTP, attachTo: "btf_trace_kfree_skb"}, btf.Typedef},
		{setting{typ: asm.Tracing, at: asm.AttachTraceIter, attachTo: "bpf_iter_task"}, btf.Func},
		{setting{typ: asm.Tracing, at: asm.AttachTraceIter, attachTo: "bpf_iter_tcp"}, btf.Func},
		{setting{typ: asm.LSM, at: asm.AttachLSMMAC, attachTo: "bpf_lsm_file_open"}, btf.Func},
		{setting{typ: asm.LSM, at: asm.AttachLSMMAC, attachTo: "bpf_lsm_file_open", sleepable: true}, btf.Func},
		{setting{typ: asm.LSM, at: asm.AttachLSMMAC, attachTo: "bpf_lsm_bprm_committed_creds", sleepable: true}, btf.Func},
		{setting{typ: asm.LSM, at: asm.AttachLSMCgroup, attachTo: "bpf_lsm_socket_post_create"}, btf.Func},
	}
	for _, s := range attached {
		if target, err := kernelTypes(t).Find(s.attachTo, s.kind); err == nil {
			s.target = target.ID
			all = append(all, s.setting)
		}
	}
	return all
}

// works reports whether the kernel loads any program in this setting.
func (s setting) works(t *testing.T) bool {
	for _, result := range []int64{0, 1} {
		if _, err := s.verify(t, "GPL", 0, mov(asm.R0, result), exit()); err == nil {
			return true
		}
	}
	return false
}

// noHelper reports whether the verifier said that a program type does not have a helper. Linux 6.10 changed the words.
func noHelper(log string) bool {
	return strings.Contains(log, "unknown func") || strings.Contains(log, "invalid func") ||
		strings.Contains(log, "program of this type cannot use helper")
}

// gplOnly is how it says that a program's licence forbids a call. It looks at that before it looks at arguments.
const gplOnly = "cannot call GPL"

// These are for programs with a GPL-compatible licence in all settings but the listed ones.
var freeIn = map[asm.Helper]func(setting) bool{
	asm.FnGetStackID: func(s setting) bool { return s.typ == asm.PerfEvent },
	asm.FnGetFuncIP:  func(s setting) bool { return s.typ == asm.Kprobe && s.at != 0 },
}

// Every helper is refused to programs with another licence where the table says so and only there, in every type of
// program that has it.
func TestGPLOnly(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	seen := map[asm.Helper]bool{}
	for _, s := range settingsOfAll(t) {
		if s.typ == asm.LSM || !s.works(t) {
			continue // LSM programs need the licence themselves
		}
		for h := asm.Helper(1); h.Valid(); h++ {
			log, err := s.verify(t, "Proprietary", 1, call(h), mov(asm.R0, 0), exit())
			if err != nil && noHelper(log) {
				continue
			}
			seen[h] = true
			want := h.GPLOnly()
			if free := freeIn[h]; free != nil && free(s) {
				want = false
			}
			if got := strings.Contains(log, gplOnly); got != want {
				t.Errorf("%v: %v: GPL only: %v, the table says %v\n%s", s, h, got, want, log)
			}
		}
	}
	for h := asm.Helper(1); h.Valid(); h++ {
		if !seen[h] {
			t.Logf("%v: no program without GPL-compatible licence has it in this kernel", h)
		}
	}
	if len(seen) < 130 {
		t.Errorf("only %d helpers were tried", len(seen))
	}
}
