package main

import (
	"context"
	"fmt"
	"time"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/asm/classic"
	"github.com/purebpf/purebpf/internal/reuseport"
	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
	"github.com/purebpf/purebpf/reloc"
)

// loads is how often a program is loaded to find out how long it takes. The fastest counts, for what made the others
// slower is not the program.
const loads = 5

// loadTime returns how long the kernel takes to load a program.
func loadTime(p program) (time.Duration, error) {
	if p.classic != nil {
		return attachTime(p.classic)
	}
	linked, release, err := link(p.extended)
	if err != nil {
		return 0, err
	}
	defer release()
	return fastest(func() error {
		loaded, err := loader.Load(linked, nil)
		if err != nil {
			return err
		}
		return loaded.Close()
	})
}

// link links a program with maps that it may use until release is called.
func link(p *asm.Program) (linked *asm.Program, release func(), err error) {
	var created []*maps.Raw
	release = func() {
		for _, m := range created {
			m.Close()
		}
	}
	symbols := make(reloc.Symbols)
	for _, spec := range p.Maps() {
		m, err := maps.Create(spec, nil)
		if err != nil {
			release()
			return nil, nil, err
		}
		created = append(created, m)
		symbols[spec.Name] = reloc.Map(m.FD(), spec)
	}
	if linked, err = reloc.Link(p, symbols); err != nil {
		release()
		return nil, nil, err
	}
	return linked, release, nil
}

// attachTime returns how long it takes to attach a classic program, which loads it.
func attachTime(p *classic.Program) (time.Duration, error) {
	conns, err := reuseport.Config{}.ListenPacket(context.Background(), "udp4", "127.0.0.1:0", 1)
	if err != nil {
		return 0, fmt.Errorf("attach %s: %w", p.Name(), err)
	}
	defer conns[0].Close()
	raw := p.Raw()
	return fastest(func() error { return loader.AttachReuseportClassic(conns[0], raw) })
}

func fastest(f func() error) (time.Duration, error) {
	best := time.Duration(-1)
	for range loads {
		start := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		if took := time.Since(start); best < 0 || took < best {
			best = took
		}
	}
	return best, nil
}
