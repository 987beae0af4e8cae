// Package sockredir short-cuts TCP connections inside one machine.
package sockredir
