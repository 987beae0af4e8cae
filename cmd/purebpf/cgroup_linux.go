package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// cgroupPaths returns where the cgroups with the given inode numbers are, as far as this process sees them. Links name
// cgroups by these numbers.
func cgroupPaths(wanted map[uint64]bool) map[uint64]string {
	paths := make(map[uint64]string)
	if len(wanted) == 0 {
		return paths
	}
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return paths
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[2] != "cgroup2" {
			continue
		}
		filepath.WalkDir(f[1], func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil // what cannot be read, is not there
			}
			if info, err := d.Info(); err == nil {
				if at, ok := info.Sys().(*syscall.Stat_t); ok && wanted[at.Ino] && paths[at.Ino] == "" {
					paths[at.Ino] = path
				}
			}
			return nil
		})
	}
	return paths
}
