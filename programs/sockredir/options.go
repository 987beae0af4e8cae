package sockredir

// Options of Attach and Object. The zero value of each field is the default.
type Options struct {
	MaxEntries uint32
}
