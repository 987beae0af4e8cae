// Package kerneltest is for tests that need a kernel: it gives them privileges named, a network namespace, a
// cgroup and a bpf file system of their own, and leaves nothing behind when they fail, hang or are killed.
//
// A package with kernel tests hands its test run over:
//
//	func TestMain(m *testing.M) { kerneltest.Main(m) }
//
// and each test says first what it needs:
//
//	func TestRedirect(t *testing.T) {
//		kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN)
//		cgroup := kerneltest.CgroupJoin(t)
//		kerneltest.Sysctl(t, "net.ipv4.tcp_fastopen", "3")
//		...
//	}
//
// A test that lacks what it needs is skipped, and fails where the environment variable CI is set: a kernel test
// that nobody ran must not look like one that passed. The tests run in the sandbox that package sandbox makes;
// only loopback is there, and it is up.
//
// Import this package from test files only. Outside Linux it has Main alone, which runs the tests as they are.
package kerneltest

// Test binaries without golden files take -update too: go test ./... -update.
import _ "github.com/purebpf/purebpf/internal/goldenflag"
