package graph_test

import (
	"testing"

	_ "github.com/purebpf/purebpf/asm/golden" // the flag -update
	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }
