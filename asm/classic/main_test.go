package classic_test

import (
	"testing"

	_ "github.com/purebpf/purebpf/asm/golden" // the flag -update, so that `go test ./... -update` passes here
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }
