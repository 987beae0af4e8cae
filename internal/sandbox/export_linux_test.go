package sandbox

var (
	MountCgroup2  = mountCgroup2
	CurrentCgroup = currentCgroup
)
