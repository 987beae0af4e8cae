package json

import (
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

func (r *reader) classicProgram() error {
	var raw []bpf.RawInstruction
	at, err := r.object(func(name string) error {
		switch name {
		case "name":
			return r.text(&r.name)
		case "instructions":
			return r.array(func() error {
				var ins bpf.RawInstruction
				_, err := r.object(func(name string) error {
					switch name {
					case "op":
						return number(r.scanner, &ins.Op)
					case "jt":
						return number(r.scanner, &ins.Jt)
					case "jf":
						return number(r.scanner, &ins.Jf)
					case "k":
						return number(r.scanner, &ins.K)
					case "text", "source":
						return r.text(new(string))
					}
					return errUnknown
				}, "op", "jt", "jf", "k")
				raw = append(raw, ins)
				return err
			})
		}
		return errUnknown
	}, "instructions")
	if err != nil {
		return err
	}
	if r.classic, err = classic.Decode(raw); err != nil {
		return r.fail(at, err)
	}
	return nil
}
