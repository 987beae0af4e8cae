//go:build linux

package loader_test

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// TestRawTracepoint counts system calls, of which this test makes many.
func TestRawTracepoint(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_PERFMON, kerneltest.CAP_SYS_ADMIN)
	if err := loader.HaveLink(loader.LinkRawTracepoint); err != nil {
		t.Skip(err)
	}
	m := counter(t)
	p := load(t, counting(t, "count_calls", asm.RawTracepoint, m, 1))
	link, err := loader.AttachRawTracepoint("sys_enter", p)
	if errors.Is(err, unix.ENOENT) {
		t.Skip(err) // without CONFIG_FTRACE_SYSCALLS
	}
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	unix.Getpid()
	if counted(t, m) == 0 {
		t.Error("the program did not run at a system call")
	}
	info, err := link.Info()
	if err != nil || info.Type != loader.LinkRawTracepoint || info.Tracepoint != "sys_enter" || info.ProgramID != infoOf(t, p).ID {
		t.Errorf("info %+v, %v", info, err)
	}
	wantError(t, "detach", link.Detach(), "detach raw_tracepoint program count_calls to tracepoint sys_enter: links of this type are detached by")
	if err := link.Detach(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v is not errors.ErrUnsupported", err)
	}
	path := filepath.Join(kerneltest.BPFFS(t), "link")
	if err := link.Pin(path); err != nil {
		t.Fatal(err)
	}
	if err := link.Close(); err != nil {
		t.Fatal(err)
	}
	counted(t, m)
	unix.Getpid()
	if counted(t, m) == 0 {
		t.Error("the pinned program does not run any more")
	}

	_, err = loader.AttachRawTracepoint("no_such_tracepoint", p)
	wantError(t, "name", err, "attach raw_tracepoint program count_calls to tracepoint no_such_tracepoint: no such file or directory (the kernel has no such tracepoint")
	_, err = loader.AttachRawTracepoint("sys_enter\x00x", p)
	wantError(t, "NUL", err, `attach to tracepoint "sys_enter\x00x": invalid argument`)
	_, err = loader.AttachRawTracepoint("sys_enter", load(t, returning(t, "xdp", asm.XDP, xdpPass)))
	wantError(t, "type", err, "attach to tracepoint sys_enter: wrong type: it is a xdp program, and must be raw_tracepoint")
}
