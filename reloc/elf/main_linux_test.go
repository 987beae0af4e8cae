package elf

import (
	"testing"

	"github.com/purebpf/purebpf/internal/kerneltest"
)

func TestMain(m *testing.M) { kerneltest.Main(m) }
