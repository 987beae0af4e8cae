// Package vm simulates the machine that BPF programs run on, and what surrounds them, without a kernel: programs run in
// go test, without privileges and on any system.
//
// A Machine runs one program of package asm on a Context, as often as one likes, and keeps its maps in between. This one
// selects a socket of a reuseport group by the first byte of a datagram:
//
//	m, err := vm.New(program, nil)
//	if err != nil {
//		return err
//	}
//	workers := m.Map("workers")
//	err = workers.UpdateSocket([]byte{1, 0, 0, 0}, worker, asm.UpdateAny)
//
//	datagram := &vm.ReuseportContext{Data: []byte{0x12, 0x34, 0x11, 0x51, 0, 12, 0, 0, 1, 'h', 'i', '!'}, Socket: listener}
//	verdict, err := m.Run(datagram)
//	fmt.Println(verdict == asm.SkPass, datagram.Selected == worker)
//
// What a program does shows in its result, in the context, and in the maps. A context has the fields of the kernel's
// struct, with its rules about who may read which of them how; packets have a part that can be accessed directly and one
// that cannot; maps and helpers return the kernel's error numbers in the kernel's cases. Options set time, random numbers
// and the CPU, add helpers, and make the machine a big-endian one.
//
// # Faults
//
// The kernel's verifier looks at all ways through a program before it runs, and refuses those that could do what they must
// not. The machine looks at the way that is taken: an access outside its memory, a field that may not be read, a helper that
// is not for this type of program end the run with a Fault, which names the Go line, the instruction and what is wrong with
// it. A program that runs here on every input that a test thinks of can still be refused by the verifier, which does not
// think of inputs.
//
// # Memory
//
// Memory is regions: the context, the packet, a stack frame for every function, the value of every map element, and others.
// An address is the number of a region in its upper 32 bits and an offset in its lower ones, and every access is checked
// against the bounds of its region. Addresses are the same in every run on the same input, and mean nothing after it.
//
// # Surroundings
//
// Sockets, groups, connections and the traffic between them are plain values that go on to live between the runs: see
// Network. Classic programs run on a machine of their own, Classic.
package vm
