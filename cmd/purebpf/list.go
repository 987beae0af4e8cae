package main

import (
	"fmt"
	"text/tabwriter"
)

var listCommand = command{
	name: "list", summary: "name the programs",
	help: `
Prints a line for each program: its name, its type, its instructions as the kernel counts them, its bytes and what it
does.`,
	examples: []string{"purebpf list"},
	setup: func(*flags) action {
		return func(c *console, _ []string) error { return listPrograms(c) }
	},
}

func listPrograms(c *console) error {
	all, err := programs()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "PROGRAM\tTYPE\tINSNS\tBYTES\tWHAT IT DOES\n")
	for _, p := range all {
		instructions, bytes := p.size()
		fmt.Fprintf(w, "%s\t%v\t%d\t%d\t%s\n", p.name, p.kind(), instructions, bytes, p.summary)
	}
	return w.Flush()
}
