//go:build linux

package loader_test

import (
	"fmt"
	"log"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/reloc"
)

// One process loads and pins; another one opens what it needs. A command line does the same with purebpf load -pin and
// purebpf attach.
func ExampleCollection_Pin() {
	b := asm.NewBuilder("drop_all", asm.SocketFilter)
	b.Return(0)
	program, err := b.Program()
	check(err)
	object, err := reloc.NewObject(program)
	check(err)
	loaded, err := loader.LoadObject(object, nil)
	check(err)
	check(loaded.Pin(appDir))
	check(loaded.Close())

	pins, err := loader.Pins(appDir)
	check(err)
	for _, pin := range pins {
		fmt.Println(pin.Kind, filepath.Base(pin.Path))
	}
	opened, err := loader.OpenPinned(filepath.Join(appDir, "drop_all"), nil)
	check(err)
	defer opened.Close()
	fmt.Println(opened.Type())
}

// appDir is in a BPF file system. TestExamplePin runs the example in another one.
var appDir = "/sys/fs/bpf/app"

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func TestExamplePin(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF)
	appDir = filepath.Join(kerneltest.BPFFS(t), "app")
	if diff := cmp.Diff("program drop_all\nsocket_filter\n", printed(t, ExampleCollection_Pin)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
