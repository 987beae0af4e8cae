// Package vm simulates the machine that BPF programs run on, and what surrounds them, without a kernel: programs run in
// go test, without privileges and on any system.
package vm
