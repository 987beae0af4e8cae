//go:build !linux

package main

// Example is for Linux; here nothing asks for it.
func Example() {}
