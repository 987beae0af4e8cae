package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// How large a static, stripped binary may be, as a multiple of the same with golang.org/x/sys alone: what it should be,
// and what the test holds it to so that it does not grow, with the builder and with a generated package. The difference is
// what explains failures: the verifier's log, source lines, the text of instructions, the reasons for a missing permission.
const (
	aimedSize        = 1.10
	maxSize          = 1.30
	maxGeneratedSize = 1.22
)

// TestBinarySize builds the four commands below size as static, stripped binaries, runs them and compares their sizes.
func TestBinarySize(t *testing.T) {
	size := make(map[string]float64)
	for _, name := range []string{"bare", "generated", "purebpf", "cilium"} {
		binary := filepath.Join(t.TempDir(), name)
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./size/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
		info, err := os.Stat(binary)
		if err != nil {
			t.Fatal(err)
		}
		size[name] = float64(info.Size())
		// It makes a map, loads a program and attaches it: a binary that does not work may be as small as it likes.
		if out, err := exec.Command(binary).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	ratio, generated := size["purebpf"]/size["bare"], size["generated"]/size["bare"]
	t.Logf("bare %.0f bytes, purebpf %.0f (%.2fx, the aim is %.2fx), generated code alone %.0f (%.2fx), cilium %.0f (%.2fx)", size["bare"],
		size["purebpf"], ratio, aimedSize, size["generated"], generated, size["cilium"], size["cilium"]/size["bare"])
	if ratio > maxSize {
		t.Errorf("purebpf's binary is %.3f times the size of the bare one, want at most %.2f", ratio, maxSize)
	}
	if generated > maxGeneratedSize {
		t.Errorf("the binary with generated code is %.3f times the size of the bare one, want at most %.2f", generated, maxGeneratedSize)
	}
}
