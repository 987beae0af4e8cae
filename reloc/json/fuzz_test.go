package json_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	purejson "github.com/purebpf/purebpf/reloc/json"
)

// What is read is written and read again the same, and takes no memory but a multiple of the text.
func FuzzRead(f *testing.F) {
	f.Add([]byte(sampleText))
	f.Add([]byte(`{"version": 1, "classic": {"name": "x", "instructions": [{"op": 6, "jt": 0, "jf": 0, "k": 0, "text": "ret #0"}]}}`))
	f.Add([]byte(`{"version":1,"programs":[{"name":"a","type":1,"instructions":[{"op":149,"dst":0,"src":0,"off":0,"imm":0,"labels":["a"` +
		strings.Repeat(`,""`, 10000) + `]}]}]}`))
	f.Add([]byte(`{"version":1,"programs":[{"name":"a","type":1,"instructions":[{"op":149,"dst":0,"src":0,"off":0,"imm":0}` +
		strings.Repeat(`,{"op":149,"dst":0,"src":0,"off":0,"imm":0,"source":":1"}`, 1000) + `]}]}`))
	for _, o := range objects(f) {
		text, err := purejson.Append(nil, o)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 1<<14 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		o, err := purejson.Read("x", text)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<16+100*uint64(len(text)) {
			t.Errorf("%d bytes allocated for %d", n, len(text))
		}
		switch {
		case errors.Is(err, purejson.ErrClassic):
			p, _, err := purejson.ReadClassic("x", text)
			if err != nil {
				t.Fatal(err)
			}
			again, err := purejson.AppendClassic(nil, p)
			if err != nil {
				t.Fatal(err)
			}
			q, _, err := purejson.ReadClassic("x", again)
			if err != nil || q.String() != p.String() {
				t.Errorf("%v\n%s", err, again)
			}
		case err == nil:
			again, err := purejson.Append(nil, o)
			if err != nil {
				t.Fatal(err)
			}
			p, err := purejson.Read("x", again)
			if err != nil {
				t.Fatalf("%v\n%s", err, again)
			}
			if diff := diffObjects(o, p); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}
