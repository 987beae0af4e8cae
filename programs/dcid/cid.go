package dcid

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
)

// cookieLen is the size of a socket cookie, and so of the map's keys.
const cookieLen = 8

// key is the map's key for the socket of a cookie: the bytes that connection IDs of its worker begin with.
type key [cookieLen]byte

func makeKey(cookie uint64) (k key) {
	binary.BigEndian.PutUint64(k[:], cookie)
	return k
}

// appendCID appends a connection ID of length bytes: the key, then random bytes.
func appendCID(b []byte, k key, length int) []byte {
	b = append(b, k[:]...)
	random := len(b)
	b = slices.Grow(b, length-cookieLen)[:random+length-cookieLen]
	rand.Read(b[random:]) // never fails
	return b
}
