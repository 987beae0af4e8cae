package vm

import "github.com/purebpf/purebpf/asm"

// builtin returns what this package has for a helper in programs of a type, nil if nothing.
func builtin(h asm.Helper, t asm.ProgramType) HelperFunc {
	switch h {
	case asm.FnMapLookupElem:
		return mapLookup
	}
	return nil
}

func mapLookup(c *Call) (uint64, error) {
	m, err := c.Map(1)
	if err != nil {
		return 0, err
	}
	key, err := c.Read(2, int(m.spec.KeySize))
	if err != nil {
		return 0, err
	}
	elem := m.store.find(key)
	if elem < 0 {
		return 0, nil
	}
	return c.m.valueAddress(m, elem), nil
}
