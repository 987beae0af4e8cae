//go:build !race

package classic_test

const allocationFactor = 1
