//go:build linux

package maps_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/maps"
)

// create makes a map until the end of the test.
func create(t testing.TB, spec asm.MapSpec) *maps.Raw {
	t.Helper()
	m, err := maps.Create(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// printed prints all elements, and makes sure that JSON is JSON.
func printed(t testing.TB, m *maps.Raw, n maps.Notation) []string {
	t.Helper()
	p, err := m.Printer(n)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	all := m.Iterate()
	for key, value := range all.All() {
		k, v := p.AppendKey(nil, key), p.AppendValue(nil, value)
		if n == maps.JSON && (!json.Valid(k) || !json.Valid(v)) {
			t.Errorf("no JSON: %s: %s", k, v)
		}
		lines = append(lines, fmt.Sprintf("%s: %s", k, v))
	}
	if err := all.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func u32(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }
func u64(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }

func TestPrint(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	flow := asm.NewStruct("flow", asm.Member{Name: "addr", Size: asm.B, Count: 4}, asm.Member{Name: "port", Size: asm.H},
		asm.Member{Size: asm.H}, asm.Member{Name: "words", Size: asm.W, Count: 2})
	flowBytes := func(port uint16) []byte {
		b := append([]byte{127, 0, 0, 1}, binary.NativeEndian.AppendUint16(nil, port)...)
		return append(append(append(b, 0, 0), u32(7)...), u32(8)...)
	}
	for _, test := range []struct {
		name       string
		spec       asm.MapSpec
		key, value []byte
		text, json string
	}{
		{"bytes", asm.MapSpec{Type: asm.MapHash, KeySize: 3, ValueSize: 8}, []byte{1, 2, 255}, []byte("abcdefgh"),
			"01 02 ff: 61 62 63 64 65 66 67 68", `"0102ff": "6162636465666768"`},
		{"array", asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 2}, u32(0), []byte{1, 2},
			"0: 01 02", `0: "0102"`},
		{"key with a layout", asm.MapSpec{Type: asm.MapHash, KeySize: 16, ValueSize: 8, Key: flow}, flowBytes(443), u64(1 << 63),
			"{addr: 7f 00 00 01, port: 443, words: [7, 8]}: 9223372036854775808",
			`{"addr":[127,0,0,1],"port":443,"words":[7,8]}: 9223372036854775808`},
		{"value with a layout", asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 16, Value: flow}, u32(0), flowBytes(80),
			"0: {addr: 7f 00 00 01, port: 80, words: [7, 8]}",
			`0: {"addr":[127,0,0,1],"port":80,"words":[7,8]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := test.spec
			spec.Name, spec.MaxEntries = "printed", 1
			m := create(t, spec)
			if err := m.Update(test.key, test.value, asm.UpdateAny); err != nil {
				t.Fatal(err)
			}
			info, err := m.Info()
			if err != nil {
				t.Fatal(err)
			}
			// By the layouts of the spec, and by what the kernel was told.
			again, err := maps.OpenID(info.ID, maps.ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			for _, m := range []*maps.Raw{m, again} {
				if diff := cmp.Diff([]string{test.text}, printed(t, m, maps.Text)); diff != "" {
					t.Errorf("text (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{test.json}, printed(t, m, maps.JSON)); diff != "" {
					t.Errorf("JSON (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// A value of three bytes has five bytes between it and that of the next CPU.
func TestPrintPerCPU(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_SYS_ADMIN)
	cpus, err := maps.PossibleCPUs()
	if err != nil {
		t.Fatal(err)
	}
	m := create(t, asm.MapSpec{Name: "printed", Type: asm.MapPerCPUHash, KeySize: 4, ValueSize: 3, MaxEntries: 1})
	value := make([]byte, m.ValueLen())
	var text, js []string
	for cpu := range cpus {
		value[8*cpu], value[8*cpu+2] = byte(cpu), 0xaa
		text = append(text, fmt.Sprintf("cpu%d: %02x 00 aa", cpu, cpu))
		js = append(js, fmt.Sprintf(`"%02x00aa"`, cpu))
	}
	if err := m.Update([]byte{1, 2, 3, 4}, value, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"01 02 03 04: [" + strings.Join(text, ", ") + "]"}, printed(t, m, maps.Text)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`"01020304": [` + strings.Join(js, ",") + "]"}, printed(t, m, maps.JSON)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// Maps of the kernel's objects show which: cookies and ids.
func TestPrintObjects(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_SYS_ADMIN)
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sockets, err := maps.NewSockets[uint32](asm.MapSpec{Name: "sockets", Type: asm.MapSockMap, MaxEntries: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sockets.Close()
	if err := sockets.Update(2, conn, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	cookie, err := sockets.Cookie(2)
	if err != nil {
		t.Fatal(err)
	}
	inner := asm.MapSpec{Name: "inner", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	outer, err := maps.NewObjects[uint32](asm.MapSpec{Name: "outer", Type: asm.MapArrayOfMaps, MaxEntries: 2, Inner: &inner}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	in := create(t, inner)
	if err := outer.Update(1, in, asm.UpdateAny); err != nil {
		t.Fatal(err)
	}
	info, err := in.Info()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		m          *maps.Raw
		text, json string
	}{
		{sockets.Raw, fmt.Sprintf("2: cookie %d", cookie), fmt.Sprintf(`2: {"cookie":%d}`, cookie)},
		{outer.Raw, fmt.Sprintf("1: map %d", info.ID), fmt.Sprintf(`1: {"map":%d}`, info.ID)},
	} {
		if diff := cmp.Diff([]string{test.text}, printed(t, test.m, maps.Text)); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{test.json}, printed(t, test.m, maps.JSON)); diff != "" {
			t.Errorf("JSON (-want +got):\n%s", diff)
		}
	}
}

// A process that may not read types prints bytes.
func TestPrintUnprivileged(t *testing.T) {
	kerneltest.Unprivileged(t, func(t *testing.T) {
		counts := asm.NewStruct("counts", asm.Member{Name: "packets", Size: asm.W})
		m := create(t, asm.MapSpec{Name: "printed", Type: asm.MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Value: counts})
		file, err := m.File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		again, err := maps.Adopt(int(file.Fd()), asm.MapSpec{Type: asm.MapArray, KeySize: 4, ValueSize: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if diff := cmp.Diff([]string{"0: {packets: 0}"}, printed(t, m, maps.Text)); diff != "" {
			t.Errorf("by the spec (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"0: 00 00 00 00"}, printed(t, again, maps.Text)); diff != "" {
			t.Errorf("without a spec (-want +got):\n%s", diff)
		}
	}, kerneltest.CAP_BPF)
}
