package asm_test

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
)

// Every constant of constants.go has the kernel's name at the beginning of its comment, by which texts may call it.
func TestParseConstants(t *testing.T) {
	fset := token.NewFileSet()
	count := 0
	ast.Inspect(parse(t, fset, "constants.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := strings.FieldsFunc(spec.Comment.Text(), func(r rune) bool { return r == ':' || r == ' ' || r == '\n' })[0]
		value, err := types.Eval(fset, nil, token.NoPos, types.ExprString(spec.Values[0]))
		if err != nil {
			t.Fatal(err)
		}
		want, ok := constant.Int64Val(value.Value)
		if !ok || want != int64(int32(want)) && want != int64(uint32(want)) {
			return true // no immediate
		}
		count++
		if got := parseOne(t, "w0 = "+name).At(0).Imm; got != int64(int32(want)) {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
		return true
	})
	if count < 130 {
		t.Errorf("only %d constants", count)
	}
	for flag, want := range map[string]asm.UpdateFlags{"BPF_ANY": asm.UpdateAny, "BPF_NOEXIST": asm.UpdateNoExist,
		"BPF_EXIST": asm.UpdateExist, "BPF_F_LOCK": asm.UpdateLock} {
		if got := parseOne(t, "r0 = "+flag).At(0).Imm; got != int64(want) {
			t.Errorf("%s is %d, want %d", flag, got, want)
		}
	}
}
