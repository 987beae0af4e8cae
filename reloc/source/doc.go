// Package source writes programs as source code: as C, for projects that load their programs themselves, and as Go.
//
// AppendC writes arrays of struct bpf_insn with what a loader has to know beside them, AppendNginx the form in which nginx
// keeps the program of its QUIC module, AppendClassicC arrays of struct sock_filter. All compile without warnings against
// the kernel's headers:
//
//	object, err := reloc.NewObject(program)
//	...
//	c, err := source.AppendC(nil, object)
//	...
//	err = os.WriteFile("select.c", c, 0o666)
//
// AppendGo writes a Go package that has the instructions as data and functions with types to load them: what needs the
// program at run time then needs neither the code that wrote it nor a file. AppendClassicGo does it for a classic program.
// With a package made of the program first_worker, which names its map workers,
//
//	objects, err := firstworker.Load(firstworker.Maps{}, nil)
//	...
//	defer objects.Close()
//	err = loader.AttachReuseport(conn, objects.FirstWorker)
//	...
//	sockets, err := maps.ViewSockets[uint32](objects.Workers)
//
// Calls of functions are resolved when the source is written, and functions of other programs of the object copied behind
// the program that calls them, as reloc.Object.Link does. References to maps stay, by name. Names that are no identifiers
// become some: what does not fit is replaced by '_', and the second of two names that became the same gets a number.
//
// What comes out depends on the programs alone, not on the machine or the place where they were built: of positions in the
// author's source the name of the file and the line are kept.
package source
