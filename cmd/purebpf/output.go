package main

import "encoding/json"

// printJSON prints what a script reads: v, indented, and a line end.
func (c *console) printJSON(v any) error {
	e := json.NewEncoder(c.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
