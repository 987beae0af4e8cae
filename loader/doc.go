// Package loader gives programs to the kernel and attaches them: to sockets, to socket maps, to cgroups, to network
// namespaces and interfaces, to tracepoints.
//
// Load takes one linked program. LoadObject takes several with the maps they name, makes the maps, links and loads:
//
//	b := asm.NewBuilder("drop_short", asm.SocketFilter)
//	b.DeclareMap(asm.MapSpec{Name: "dropped", Type: asm.MapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
//	b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffLen)) // of UDP header and payload; returned, it keeps all of the datagram
//	b.JumpIf(asm.R0.Ge(8+4), "keep")
//	b.LdMapValue(asm.R1, "dropped", 0)
//	b.Mov(asm.R2, 1)
//	b.AtomicAdd(asm.R1.U64(0), asm.R2)
//	b.Mov(asm.R0, 0)
//	b.Label("keep")
//	b.Exit()
//	program, err := b.Program()
//	...
//	object, err := reloc.NewObject(program)
//	...
//	loaded, err := loader.LoadObject(object, nil)
//	...
//	defer loaded.Close()
//	dropShort, _ := loaded.Program("drop_short")
//	err = loader.AttachSocketFilter(conn, dropShort) // conn is a *net.UDPConn
//
// # Errors
//
// A program that the verifier rejects gives a *VerifierError. Its text is the deciding line of the verifier's log with the
// author's source line and the instruction:
//
//	load socket_filter program drop_short: main.go:31: instruction 8: exit: R0 !read_ok: permission denied
//
// and with %+v all of the log. Every error keeps the kernel's errno for errors.Is, and a missing privilege is named as the
// capability that is missing. What this kernel does not have is errors.ErrUnsupported; the functions Have... ask for it
// beforehand, by trying, and Probe asks for everything at once.
//
// # What is attached, and for how long
//
// The functions for sockets set an option of the socket: the program stays with the socket, or the reuseport group,
// whatever happens to the Program. The others return a Link: the program is attached until the Link is closed, or the
// process ends, unless it is pinned. Sockets come as anything with SyscallConn, so that this package does not need package
// net.
//
// # What outlives the process
//
// Programs, maps and links are pinned in a BPF file system, one by one (Pin), or all programs and maps of a collection in a
// directory of their own, as one step:
//
//	err = loaded.Pin("/sys/fs/bpf/app")
//	...
//	program, err := loader.OpenPinned("/sys/fs/bpf/app/record", nil) // in another process
//	link, err := loader.AttachCgroup("/sys/fs/cgroup/app", program)
//	err = link.Pin("/sys/fs/bpf/app/record_link")
//
// Maps that say so (asm.MapSpec.PinByName) are shared with what is pinned already, see CollectionOptions.PinPath. Whatever
// is in the kernel, by whomever, is found with Find, Links and Pins.
//
// # Cost
//
// Load makes one bpf(2) call and nothing else, as long as it succeeds: no probe, no log. The log is asked for in a second
// call after a failure.
//
// The package is for Linux; elsewhere it is empty.
package loader
