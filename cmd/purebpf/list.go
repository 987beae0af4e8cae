package main

import (
	"fmt"
	"text/tabwriter"
)

var listCommand = command{
	name: "list", summary: "name the programs",
	help: `
Prints a line for each program that the tool ships: its name, its type, its instructions as the kernel counts them, its
bytes and what it does. Other commands take the name in place of a file; sockredir is the two programs that begin so.`,
	examples: []string{"purebpf list", "purebpf list -json"},
	setup: func(f *flags) action {
		json := f.on("json", "print it for a script")
		return func(c *console, _ []string) error { return listPrograms(c, *json) }
	},
}

// listedShipped is a program in the list.
type listedShipped struct {
	Name         string `json:"name"`
	Type         string `json:"type"`
	Instructions int    `json:"instructions"`
	Bytes        int    `json:"bytes"`
	Summary      string `json:"summary"`
}

func listPrograms(c *console, json bool) error {
	all, err := programs()
	if err != nil {
		return err
	}
	var rows []listedShipped
	for _, p := range all {
		instructions, bytes := p.size()
		rows = append(rows, listedShipped{p.name, p.kind(), instructions, bytes, p.summary})
	}
	if json {
		return c.printJSON(rows)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "PROGRAM\tTYPE\tINSNS\tBYTES\tWHAT IT DOES\n")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", r.Name, r.Type, r.Instructions, r.Bytes, r.Summary)
	}
	return w.Flush()
}
