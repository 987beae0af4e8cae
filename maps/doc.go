// Package maps creates BPF maps and gives Go programs access to what is in them.
//
// A map is described by an asm.MapSpec, which programs refer to by name, and becomes real with New or Create:
//
//	type Flow struct {
//		Addr [4]byte
//		Port uint32
//	}
//
//	flows, err := maps.New[Flow, uint64](asm.MapSpec{Name: "flows", Type: asm.MapHash, MaxEntries: 1024}, nil)
//	if err != nil {
//		return err
//	}
//	defer flows.Close()
//	err = flows.Update(Flow{[4]byte{127, 0, 0, 1}, 443}, 1, asm.UpdateAny)
//	bytes, err := flows.Lookup(Flow{[4]byte{127, 0, 0, 1}, 443})
//	if errors.Is(err, maps.ErrKeyNotExist) { ... }
//
//	all := flows.Iterate()
//	for flow, bytes := range all.All() { ... }
//	if err := all.Err(); err != nil { ... }
//
// # Views
//
// There is one object, Raw, which speaks in bytes and serves every type of map. Around it are views that speak in Go
// types. None of their methods on single elements allocates.
//
//   - Map: keys and values of fixed size.
//   - PerCPU: a value for every CPU.
//   - Queue: queues, stacks and bloom filters, which have no keys.
//   - Sockets: sockmap, sockhash, reuseport_sockarray and xskmap. Sockets go in as anything with SyscallConn, and their
//     cookies come out.
//   - Objects: maps whose values are other BPF objects: maps of maps, tail call tables.
//
// New makes the map and its view at once and takes the sizes from the Go types; View puts a Map around a Raw that was
// created, opened or adopted. Every view embeds the *Raw, whose remaining methods (Close, Pin, Info, Freeze, Inherit) are
// thereby the view's.
//
// Keys and values are memory in the byte order of the machine: what a program stores with one 32-bit store is a uint32.
// Types with pointers, with machine-dependent sizes or with padding are refused when the view is made. Padding matters:
// its bytes are part of a key for the kernel and undefined in Go.
//
// # What others made
//
// OpenPinned, OpenID and Find open maps of other processes. A Printer prints keys and values by the types that the kernel
// keeps with the map:
//
//	found, err := maps.Find(maps.Named("flows"))
//	...
//	for _, m := range found {
//		p, err := m.Printer(maps.Text)
//		...
//		all := m.Iterate()
//		for key, value := range all.All() {
//			line := p.AppendValue(append(p.AppendKey(nil, key), ": "...), value)
//			...
//		}
//	}
//
// # Descriptors
//
// A map has one descriptor with one owner. It is close-on-exec unless Inherit is called, and never 0, 1 or 2. Close may
// race with other methods: they finish, or fail with os.ErrClosed. The map itself lives as long as something in the
// kernel refers to it: a loaded program, a pin in a BPF file system, a descriptor elsewhere.
//
// # Errors
//
// Errors name the operation, the map and its type, and keep the kernel's errno for errors.Is. ErrKeyNotExist,
// ErrKeyExist, ErrFull, ErrEmpty and ErrBatchEnd say what the errno means. EPERM at creation names the missing
// capability.
package maps
