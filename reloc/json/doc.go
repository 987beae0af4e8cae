// Package json writes objects and classic programs as JSON, completely, and reads them again. The form is for scripts and
// for eyes: an instruction is a line.
//
//	text, err := json.Append(nil, object)
//	...
//	object, err = json.Read("select.json", text)
//
// # The form
//
// A document is an object with these members. Those in brackets are left out when they are zero or empty; all others have
// to be there. No others may.
//
//	version       1
//	[maps]        what programs say of maps, each:
//	  name, type
//	  [key_size] [value_size] [max_entries] [flags] [extra] [numa_node]
//	  [contents]    of element 0, in hexadecimal
//	  [pin_by_name] true
//	  [key] [value] layouts, each: name, members, each: [name], [count], and size in bytes with [signed] true, or, for a
//	                member that is a struct, struct, another layout. A number or array alone has "" for a name, and one
//	                member without
//	  [inner]       what the maps inside are, another map
//	programs      each:
//	  name, type
//	  [attach_type] [attach_to] [flags] [license]
//	  [maps]        the names of those among maps that it describes
//	  instructions  each:
//	    op, dst, src, off, imm   the fields of asm.Instruction
//	    [text]      the instruction in words, not read
//	    [function]  the name of the function that begins here
//	    [labels]    names of this place
//	    [reference] what to put in: kind ("map", "map value", "subprogram", "function") and symbol
//	    [resolved]  what was put in when it was linked, alike
//	    [source]    the place in the author's source, file:line
//	    [comment]   on that line
//
// A classic program has instead of maps and programs
//
//	classic
//	  [name]
//	  instructions  each: op, jt, jf, k, and for readers only [text] and [source]
//
// Types are the kernel's names in lower case, such as sk_reuseport and reuseport_sockarray, or numbers where they have no
// name here. Numbers are integers, and exact: those of imm and extra beyond 2^53, which some readers of JSON round, are
// strings of decimal digits. An attach type that is left out is 0.
//
// Version 1 will be read by all versions of this package. Members may be added to it.
package json
