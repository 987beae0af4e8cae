module github.com/purebpf/purebpf/internal/bench

go 1.26.0

replace github.com/purebpf/purebpf => ../..

require (
	github.com/cilium/ebpf v0.22.0
	github.com/purebpf/purebpf v0.0.0-00010101000000-000000000000
)

require golang.org/x/sys v0.49.0

require golang.org/x/net v0.62.0 // indirect
