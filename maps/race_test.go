//go:build linux && race

package maps

// raceDetector says that sync.Pool drops some of what it is given, on purpose.
const raceDetector = true
