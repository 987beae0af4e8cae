// Package corpus holds programs from the field written in the DSL, each beside the same in C: what the DSL must be able
// to say, and how short clang says it. The tests hold the number of instruction slots and the behaviour of both against
// each other.
//
// The C is testdata/NAME.c, NAME being the program's. What clang makes of it is recorded in testdata/NAME.clang.
package corpus

import "github.com/purebpf/purebpf/asm"

// Programs returns what makes each program.
func Programs() []func() (*asm.Program, error) {
	return []func() (*asm.Program, error){
		AllowList, CountProtocols, Decapsulate, DNSFilter, FilterPorts, HashFlow, LearnMAC, MarkDSCP, SelectDCID,
		SkipExtensions, Steer, SYNGuard, TokenBucket, Translate,
	}
}
