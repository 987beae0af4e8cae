// Package bench compares purebpf with github.com/cilium/ebpf and with bare system calls. It is a module of its own, so
// that purebpf's users do not get the other library into their module graph.
//
//	cd internal/bench && go test -bench . ./...
//
// Ratios are what counts: both sides of a comparison run side by side in one process.
package bench
