//go:build linux

package loader_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
)

// verdicts sums answers up, by their names.
func verdicts(answers ...loader.Answer) map[string]string {
	all := make(map[string]string)
	for _, a := range answers {
		all[a.Name] = a.Verdict().String()
	}
	return all
}

func TestProbe(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON, kerneltest.CAP_SYS_ADMIN)
	before := bpfDescriptors(t)
	r := loader.Probe(nil)
	if after := bpfDescriptors(t); after != before {
		t.Errorf("%d descriptors of BPF objects before, %d after", before, after)
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Release + "\n"; got != string(release) {
		t.Errorf("release %q, want %q", got, release)
	}
	for _, c := range r.Capabilities {
		if !c.Held || c.Namespaced {
			t.Errorf("%v is held: %+v", c.Capability, c)
		}
	}
	// What every kernel since 5.10 has.
	features := verdicts(r.Features...)
	for _, name := range []string{"subprograms", "bounded loops", "more than 4096 instructions", "global data", "source lines (BTF)", "batches of map elements"} {
		if features[name] != "yes" {
			t.Errorf("%s: %s, want yes", name, features[name])
		}
	}
	if got := verdicts(r.Instructions...); got["v1"] != "yes" || got["v2"] != "yes" {
		t.Errorf("instructions %v", got)
	}
	for _, p := range r.Programs {
		if diff := cmp.Diff(loader.HaveProgramType(p.Type) == nil, p.Verdict() == loader.Yes); diff != "" || len(p.Missing) > 0 || len(p.Helpers) > 0 {
			t.Errorf("programs of type %v: %+v", p.Type, p)
		}
	}
	if len(r.Programs) != int(asm.Netfilter) || len(r.Maps) != int(asm.MapInsnArray) {
		t.Errorf("%d types of programs, %d of maps", len(r.Programs), len(r.Maps))
	}
	for _, m := range r.Maps {
		if m.Type == asm.MapArray && m.Verdict() != loader.Yes {
			t.Errorf("arrays: %v", m.Err)
		}
	}
	for _, l := range r.Links {
		if l.Type == loader.LinkCgroup && l.Verdict() != loader.Yes {
			t.Errorf("links to cgroups: %v", l.Err)
		}
	}
	for _, s := range r.Settings {
		want, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(s.Name, ".", "/"))
		if errors.Is(err, os.ErrNotExist) && errors.Is(s.Err, os.ErrNotExist) {
			continue
		}
		if err != nil || s.Err != nil || s.Value+"\n" != string(want) {
			t.Errorf("%s is %q, %v; want %q, %v", s.Name, s.Value, s.Err, want, err)
		}
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil || r.Memlock != limit.Cur {
		t.Errorf("memlock %d, want %d", r.Memlock, limit.Cur)
	}
}

func TestProbeHelpers(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	start := time.Now()
	r := loader.Probe(&loader.ProbeOptions{Helpers: true})
	t.Logf("took %v", time.Since(start))
	for _, p := range r.Programs {
		got := make(map[string]string)
		for _, h := range p.Helpers {
			got[h.Name] = h.Verdict().String()
			if h.Name != h.Helper.Name() {
				t.Errorf("%s is helper %v", h.Name, h.Helper)
			}
		}
		if p.Type != asm.SkReuseport {
			continue
		}
		for name, want := range map[string]string{
			"bpf_sk_select_reuseport": "yes", "bpf_map_lookup_elem": "yes", "bpf_redirect_map": "no", "bpf_trace_printk": "unknown",
		} {
			if got[name] != want {
				t.Errorf("%s in sk_reuseport programs: %q, want %s", name, got[name], want)
			}
		}
	}
}

// TestProbeUnprivileged asks as a process that may load no sk_msg program.
func TestProbeUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		r := loader.Probe(nil)
		held := make(map[string]bool)
		for _, c := range r.Capabilities {
			held[c.String()] = c.Held
		}
		if diff := cmp.Diff(map[string]bool{"CAP_BPF": true, "CAP_NET_ADMIN": false, "CAP_PERFMON": false, "CAP_SYS_ADMIN": false}, held); diff != "" {
			t.Errorf("capabilities (-want +got):\n%s", diff)
		}
		for _, a := range r.Features {
			if a.Name == "bounded loops" && a.Verdict() == loader.Denied && capabilityNames(a.MissingCapabilities()) != "[CAP_PERFMON]" {
				t.Errorf("loops: %v", a.Err)
			}
			if a.Name == "global data" && a.Verdict() != loader.Yes {
				t.Errorf("global data: %v", a.Err)
			}
		}
		for _, p := range r.Programs {
			switch p.Type {
			case asm.SkMsg:
				if p.Verdict() != loader.Denied {
					t.Errorf("sk_msg: %v", p.Err)
				}
				if diff := cmp.Diff("[CAP_NET_ADMIN]", capabilityNames(p.Missing)); diff != "" {
					t.Errorf("sk_msg misses (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff("[CAP_NET_ADMIN]", capabilityNames(p.MissingCapabilities())); diff != "" {
					t.Errorf("the answer about sk_msg misses (-want +got):\n%s", diff)
				}
			case asm.Kprobe:
				if diff := cmp.Diff("[CAP_PERFMON]", capabilityNames(p.Missing)); diff != "" {
					t.Errorf("kprobe misses (-want +got):\n%s", diff)
				}
			case asm.SkReuseport:
				if p.Verdict() != loader.Yes || len(p.Missing) > 0 {
					t.Errorf("sk_reuseport: %v, missing %v", p.Err, p.Missing)
				}
			}
		}
		for _, m := range r.Maps {
			if m.Type == asm.MapSockHash && (m.Verdict() != loader.Denied || capabilityNames(m.MissingCapabilities()) != "[CAP_NET_ADMIN]") {
				t.Errorf("sockhash: %v", m.Err)
			}
		}
	}, kerneltest.CAP_BPF)
}

func capabilityNames(caps []loader.Capability) string {
	names := make([]string, len(caps))
	for i, c := range caps {
		names[i] = c.String()
	}
	return "[" + strings.Join(names, " ") + "]"
}
