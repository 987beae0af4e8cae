package sockredir_test

import (
	"fmt"
	"log"

	"github.com/purebpf/purebpf/programs/sockredir"
)

// Without privileges the programs can be looked at.
func ExampleObject() {
	object, err := sockredir.Object(&sockredir.Options{MaxEntries: 1024})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range object.Programs() {
		fmt.Println(p.Type(), p.Name())
	}
	for _, m := range object.Maps() {
		fmt.Println(m.Type, m.Name, m.MaxEntries)
	}
	// Output:
	// sock_ops record_socket
	// sk_msg redirect_msg
	// sockhash sockets 1024
	// sk_storage plain_tcp 0
	// percpu_array counters 5
}
