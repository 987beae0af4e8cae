package kerneltest

var (
	OpenDescriptors = openDescriptors
	LeftNow         = leftNow
)
