package dcid

import (
	"bytes"
	"testing"
)

// A connection ID begins with the cookie in network byte order: for the cookie 0x0102030405060708 the bytes 1 to 8.
func TestAppendCID(t *testing.T) {
	prefix := []byte{0xff}
	cookie := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	for length := MinCIDLength; length <= MaxCIDLength; length++ {
		got := appendCID(prefix, makeKey(0x0102030405060708), length)
		switch {
		case len(got) != 1+length:
			t.Errorf("length %d: %d bytes were appended", length, len(got)-1)
		case got[0] != 0xff:
			t.Errorf("length %d: what was there became %#x", length, got[0])
		case !bytes.Equal(got[1:9], cookie):
			t.Errorf("length %d: cookie % x, want % x", length, got[1:9], cookie)
		}
	}
}

func TestAppendCIDIsRandom(t *testing.T) {
	const n = 1000
	seen := make(map[string]bool)
	var ones [MaxCIDLength]byte
	zeros := ones
	for range n {
		id := appendCID(nil, makeKey(1), MaxCIDLength)
		seen[string(id)] = true
		for i, c := range id {
			ones[i] |= c
			zeros[i] |= ^c
		}
	}
	if len(seen) != n {
		t.Errorf("%d different connection IDs of %d", len(seen), n)
	}
	for i := cookieLen; i < MaxCIDLength; i++ {
		if ones[i] != 0xff || zeros[i] != 0xff {
			t.Errorf("byte %d: bits that were never set %08b, never clear %08b", i, ^ones[i], ^zeros[i])
		}
	}
}

func TestAppendCIDAllocations(t *testing.T) {
	buf := make([]byte, 0, MaxCIDLength)
	if n := testing.AllocsPerRun(100, func() { appendCID(buf, makeKey(1), MaxCIDLength) }); n != 0 {
		t.Errorf("%v allocations into a given buffer", n)
	}
}
