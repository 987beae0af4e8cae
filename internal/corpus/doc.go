// Package corpus holds programs from the field written in the DSL, each beside the same in C: what the DSL must be able
// to say, and how short clang says it. The tests hold the number of instruction slots and the behaviour of both against
// each other.
package corpus
