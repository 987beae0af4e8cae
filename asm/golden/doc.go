// Package golden holds programs against files that one can review by eye, in tests of any project:
//
//	func TestDropAll(t *testing.T) {
//		b := asm.NewBuilder("drop_all", asm.XDP)
//		b.Return(asm.XDPDrop)
//		program, err := b.Program()
//		if err != nil {
//			t.Fatal(err)
//		}
//		golden.Check(t, program, "testdata/drop_all.golden")
//	}
//
// The file has the text of each instruction beside its bytes, for little-endian and for big-endian targets:
//
//	slot  little endian            big endian               text
//	drop_all:
//	   0  b7 00 00 00 01 00 00 00  b7 00 00 00 00 00 00 01  r0 = 1
//	   1  95 00 00 00 00 00 00 00  95 00 00 00 00 00 00 00  exit
//
// When the program has changed, the test fails and shows the lines that differ.
//
//	go test -update
//
// writes the files; review them as you review code, they belong into the repository.
//
// # The flag -update
//
// Every test binary that imports this package takes -update. For `go test ./... -update` a package without golden files
// imports it for the flag alone:
//
//	import _ "github.com/purebpf/purebpf/asm/golden"
//
// The package defines the flag only when it is on the command line and nobody has defined it before, so a test binary
// in which somebody else defines -update runs undisturbed. To update there, too:
//
//   - replace your own definition of the flag by a call of [Update], or
//   - run GOLDEN_UPDATE=1 go test. Where this environment variable is set, the package defines no flag and takes the
//     value of theirs: GOLDEN_UPDATE=1 go test -update rewrites all golden files, theirs and those of this package.
//     Without it such a binary stops at "flag redefined: update" when it is given -update.
package golden
