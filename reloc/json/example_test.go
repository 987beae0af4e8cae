package json_test

import (
	"fmt"
	"log"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/reloc"
	purejson "github.com/purebpf/purebpf/reloc/json"
)

func Example() {
	b := asm.NewBuilder("pass_all", asm.SocketFilter)
	b.NoLines()
	b.Ldx(asm.R0, asm.R1.Field(asm.SkBuffLen))
	b.Exit()
	p, err := b.Program()
	if err != nil {
		log.Fatal(err)
	}
	object, err := reloc.NewObject(p)
	if err != nil {
		log.Fatal(err)
	}
	text, err := purejson.Append(nil, object)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", text)
	object, err = purejson.Read("pass_all.json", text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(object.Programs()[0].At(0))
	// Output:
	// {
	// 	"version": 1,
	// 	"programs": [
	// 		{
	// 			"name": "pass_all",
	// 			"type": "socket_filter",
	// 			"license": "Dual MIT/GPL",
	// 			"instructions": [
	// 				{"op": 97, "dst": 0, "src": 1, "off": 0, "imm": 0, "text": "r0 = *(u32 *)(r1 + 0)", "function": "pass_all"},
	// 				{"op": 149, "dst": 0, "src": 0, "off": 0, "imm": 0, "text": "exit"}
	// 			]
	// 		}
	// 	]
	// }
	// r0 = *(u32 *)(r1 + 0)
}
