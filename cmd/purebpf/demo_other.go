//go:build !linux

package main

// demonstrate shows what the programs, which only Linux can load, do in the simulator.
func demonstrate(c *console, all []program) error {
	return simulate(c.stdout, all, "BPF programs are for Linux")
}
