package generated_test

import (
	"testing"

	"github.com/purebpf/purebpf/asm/golden"
	"github.com/purebpf/purebpf/internal/generated"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/source"
)

// The packages are what purebpf makes of the programs now.
func TestFresh(t *testing.T) {
	for name, write := range map[string]func() (*reloc.Object, error){"firstworker": generated.FirstWorker, "whole": generated.Whole} {
		o, err := write()
		if err != nil {
			t.Fatal(err)
		}
		text, err := source.AppendGo(nil, o, &source.GoOptions{Package: name})
		if err != nil {
			t.Fatal(err)
		}
		golden.CheckText(t, string(text), name+"/"+name+".go")
	}
	p, err := generated.Short()
	if err != nil {
		t.Fatal(err)
	}
	text, err := source.AppendClassicGo(nil, p, "", &source.GoOptions{Package: "short"})
	if err != nil {
		t.Fatal(err)
	}
	golden.CheckText(t, string(text), "short/short.go")
}
