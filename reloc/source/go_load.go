package source

// load writes the functions that load programs and make maps.
func (w *goWriter) load() {
	with := len(w.maps) > 0
	made := false
	for i := range w.maps {
		made = made || w.maps[i].makes()
	}
	if with {
		w.printf(`
// Load makes the maps that given leaves nil and loads the programs. The maps given stay the caller's; one that is not as the
// programs expect is refused with maps.ErrMismatch. Errors are also those of maps.Create and loader.Load. opts may be nil.
func Load(given Maps, opts *loader.Options) (*Objects, error) {
	o := &Objects{Maps: given, given: given}
`)
	} else {
		w.printf(`
// Load loads the programs. Errors are those of loader.Load. opts may be nil.
func Load(opts *loader.Options) (*Objects, error) {
	o := new(Objects)
`)
	}
	w.printf(`	if err := o.load(opts); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func (o *Objects) load(opts *loader.Options) (err error) {
`)
	if made {
		w.printf("\tfor _, m := range []struct {\n\t\tat   **maps.Raw\n\t\tspec func() asm.MapSpec\n\t}{\n")
		for i, name := range w.names.maps {
			if w.maps[i].makes() {
				w.printf("\t\t{&o.Maps.%s, %sSpec},\n", name, name)
			}
		}
		w.printf(`	} {
		if *m.at == nil {
			if *m.at, err = maps.Create(m.spec(), nil); err != nil {
				return err
			}
		}
	}
`)
	}
	argument := ""
	if with {
		argument = "o.Maps, "
	}
	for _, name := range w.names.programs {
		w.printf("\tif o.Programs.%s, err = Load%s(%sopts); err != nil {\n\t\treturn err\n\t}\n", name, name, argument)
	}
	w.printf(`	return nil
}

// Close closes the programs and the maps that Load made. What is attached stays attached. Closing again does nothing.
func (o *Objects) Close() error {
	var errs []error
	for _, p := range []*loader.Program{`)
	for i, name := range w.names.programs {
		if i > 0 {
			w.printf(", ")
		}
		w.printf("o.Programs.%s", name)
	}
	w.printf("} {\n\t\tif p != nil {\n\t\t\terrs = append(errs, p.Close())\n\t\t}\n\t}\n")
	if made {
		w.printf("\tfor _, m := range []struct{ made, given *maps.Raw }{\n")
		for i, name := range w.names.maps {
			if w.maps[i].makes() {
				w.printf("\t\t{o.Maps.%s, o.given.%s},\n", name, name)
			}
		}
		w.printf("\t} {\n\t\tif m.made != m.given && m.made != nil {\n\t\t\terrs = append(errs, m.made.Close())\n\t\t}\n\t}\n")
	}
	w.printf("\t*o = Objects{}\n\treturn errors.Join(errs...)\n}\n")

	for i, name := range w.names.programs {
		p := w.programs[i]
		if with {
			w.printf("\n// Load%s loads program %s, linked to the maps, which stay the caller's.", name, oneLine(p.Name()))
			w.printf(" It needs those that it refers to.\nfunc Load%s(m Maps, opts *loader.Options) (*loader.Program, error) {\n", name)
			w.printf("\tp, err := %sProgram()\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn m.load(p, opts)\n}\n", name)
		} else {
			w.printf("\n// Load%s loads program %s.\nfunc Load%s(opts *loader.Options) (*loader.Program, error) {\n", name, oneLine(p.Name()), name)
			w.printf("\tp, err := %sProgram()\n\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn loader.Load(p, opts)\n}\n", name)
		}
	}
	if with {
		w.link()
	}
}

// link writes what puts descriptors into a program.
func (w *goWriter) link() {
	w.printf(`
// load links a program to the maps and loads it.
func (m Maps) load(p *asm.Program, opts *loader.Options) (*loader.Program, error) {
	spec := p.Spec()
	for _, r := range spec.References {
		given, want := m.find(r.Symbol)
		if given == nil {
			return nil, fmt.Errorf("load program %%s: map %%s is nil", p.Name(), r.Symbol)
		}
		if want.Type != asm.MapUnspec {
			want.MaxEntries = 0 // may be any
			if err := given.Match(want); err != nil {
				return nil, fmt.Errorf("load program %%s: %%w", p.Name(), err)
			}
		}
		fd := given.FD()
		if fd < 0 {
			return nil, fmt.Errorf("load program %%s: map %%s is closed", p.Name(), r.Symbol)
		}
		spec.Instructions[r.Index].Imm |= int64(fd)
	}
	spec.Resolved, spec.References = spec.References, nil
	p, err := asm.NewProgram(spec)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.Load(p, opts)
	runtime.KeepAlive(m)
	return loaded, err
}

// find returns the map that a symbol stands for, and what the programs expect of it.
func (m Maps) find(symbol string) (*maps.Raw, asm.MapSpec) {
	switch symbol {
`)
	for i, name := range w.names.maps {
		spec := "asm.MapSpec{}"
		if w.maps[i].described {
			spec = name + "Spec()"
		}
		w.printf("\tcase %q:\n\t\treturn m.%s, %s\n", w.maps[i].Name, name, spec)
	}
	w.printf("\t}\n\treturn nil, asm.MapSpec{}\n}\n")
}
