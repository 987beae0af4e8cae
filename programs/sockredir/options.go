package sockredir

// Options of Attach and Object. The zero value of each field is the default.
type Options struct {
	// MaxEntries is how many sockets are recorded at a time, two for each connection inside the cgroup. 0 stands for
	// DefaultMaxEntries. Sockets beyond it stay with TCP.
	MaxEntries uint32
}
