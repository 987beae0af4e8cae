package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// kernelNames returns the names of the functions at the given distances from the one that calls of helpers are relative to.
// It is empty where the kernel hides its addresses from this process.
func kernelNames(calls map[int]int32) map[int32]string {
	file, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil
	}
	defer file.Close()
	base := uint64(0)
	eachSymbol(file, func(address uint64, name string) bool {
		if name == "__bpf_call_base" {
			base = address
		}
		return base == 0
	})
	if base == 0 {
		return nil
	}
	wanted := make(map[uint64]int32)
	for _, distance := range calls {
		wanted[base+uint64(int64(distance))] = distance
	}
	names := make(map[int32]string)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil
	}
	eachSymbol(file, func(address uint64, name string) bool {
		if distance, ok := wanted[address]; ok && (names[distance] == "" || strings.HasPrefix(name, "bpf_")) {
			names[distance] = name
		}
		return true
	})
	return names
}

// eachSymbol calls f for the functions of a table like /proc/kallsyms, until it returns false.
func eachSymbol(r io.Reader, f func(address uint64, name string) bool) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		address, rest, _ := strings.Cut(lines.Text(), " ")
		kind, name, ok := strings.Cut(rest, " ")
		if !ok || kind != "T" && kind != "t" && kind != "W" && kind != "w" {
			continue
		}
		name, _, _ = strings.Cut(name, "\t") // behind it the module
		if n, err := strconv.ParseUint(address, 16, 64); err == nil && !f(n, name) {
			return
		}
	}
}
