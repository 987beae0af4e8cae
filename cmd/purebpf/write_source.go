package main

import (
	"fmt"
	"slices"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	"github.com/purebpf/purebpf/reloc/json"
	"github.com/purebpf/purebpf/reloc/source"
)

func writeC(in *input, o *outputOptions) ([]byte, error) {
	if in.classic != nil {
		return source.AppendClassicC(nil, in.classic, in.nameOfClassic()), nil
	}
	object, err := in.typed(o)
	if err != nil {
		return nil, err
	}
	return source.AppendC(nil, object)
}

// typed is selected for what cannot do without the types of programs.
func (in *input) typed(o *outputOptions) (*reloc.Object, error) {
	object, err := in.selected(o)
	if err == nil && !slices.ContainsFunc(object.Programs(), func(p *asm.Program) bool { return !isFunction(p) }) {
		err = fmt.Errorf("%s does not say the type of its programs: say it by -type", in.name)
	}
	return object, err
}

func writeNginx(in *input, o *outputOptions) ([]byte, error) {
	p, err := in.needProgram(o)
	if err != nil {
		return nil, err
	}
	return source.AppendNginx(nil, p, &source.NginxOptions{Symbol: o.symbol, ProgramType: o.ctype})
}

func writeGo(in *input, o *outputOptions) ([]byte, error) {
	opts := &source.GoOptions{Package: o.pkg}
	if in.classic != nil {
		return source.AppendClassicGo(nil, in.classic, in.nameOfClassic(), opts)
	}
	object, err := in.typed(o)
	if err != nil {
		return nil, err
	}
	return source.AppendGo(nil, object, opts)
}

func writeJSON(in *input, o *outputOptions) ([]byte, error) {
	if in.classic != nil {
		return json.AppendClassic(nil, in.classic)
	}
	object, err := in.selected(o)
	if err != nil {
		return nil, err
	}
	return json.Append(nil, object)
}
