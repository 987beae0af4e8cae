package reloc_test

import _ "github.com/purebpf/purebpf/asm/golden" // the flag -update, so that `go test ./... -update` passes here
