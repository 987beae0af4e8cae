// Package loader loads programs into the kernel and attaches them.
package loader
