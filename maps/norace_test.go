//go:build linux && !race

package maps

const raceDetector = false
