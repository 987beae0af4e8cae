//go:build !linux

package main

import "errors"

var errNoKernel = errors.New("only Linux loads BPF programs")

func load(*console, []string, *loadFlags) error                  { return errNoKernel }
func attachPinned(*console, string, string, *attachFlags) error  { return errNoKernel }
func detachLink(*console, string) error                          { return errNoKernel }
func detachProgram(*console, string, string, *attachFlags) error { return errNoKernel }
func listLoaded(*console, []string, bool) error                  { return errNoKernel }
func showLoaded(*console, []string, bool) error                  { return errNoKernel }
func dumpLoaded(*console, []string, bool) error                  { return errNoKernel }
func listMaps(*console, []string, bool) error                    { return errNoKernel }
func showMaps(*console, []string, bool) error                    { return errNoKernel }
func dumpMaps(*console, []string, bool) error                    { return errNoKernel }
func probe(c *console, helpers, json bool) error                 { return errNoKernel }
