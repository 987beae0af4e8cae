//go:build race

package classic_test

// allocationFactor is how much more the race detector may allocate.
const allocationFactor = 2
