package sockredir_test

import (
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/purebpf/purebpf/programs/sockredir"
)

func Example() {
	r, err := sockredir.Attach("/sys/fs/cgroup/proxy", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt

	stats, err := r.Stats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stats.Redirected.Bytes, "bytes bypassed TCP in", stats.Redirected.Messages, "messages")
}
