package asm_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/btf"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// symbols returns the names of the kernel's functions by their distance from where calls of helpers are relative to.
func symbols(t *testing.T) map[int32][]string {
	t.Helper()
	file, err := os.Open("/proc/kallsyms")
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	type symbol struct {
		address uint64
		name    string
	}
	var all []symbol
	base := uint64(0)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || !strings.ContainsAny(fields[1], "tTwW") {
			continue
		}
		address, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if fields[2] == "__bpf_call_base" {
			base = address
		}
		all = append(all, symbol{address, fields[2]})
	}
	if base == 0 {
		t.Skip("the kernel hides the addresses of its functions")
	}
	names := make(map[int32][]string)
	for _, s := range all {
		if d := int64(s.address - base); d == int64(int32(d)) {
			names[int32(d)] = append(names[int32(d)], s.name)
		}
	}
	return names
}

// xlated loads a program and returns it as the kernel has rewritten it, nil if it does not load.
func (s setting) xlated(t *testing.T, insns []asm.Instruction) []byte {
	t.Helper()
	code, err := asm.AppendInstructions(nil, insns, binary.NativeEndian)
	if err != nil {
		t.Fatal(err)
	}
	attr := sys.ProgLoadAttr{
		ProgType: uint32(s.typ), ExpectedAttachType: uint32(s.at), AttachBTFID: uint32(s.target),
		InsnCnt: uint32(len(code) / 8), Insns: sys.BytesPointer(code), License: sys.StringPointer("GPL"),
	}
	if s.sleepable {
		attr.ProgFlags |= sleepable
	}
	fd, err := sys.ProgLoad(&attr)
	if err != nil {
		return nil
	}
	defer fd.Close()
	buf := make([]byte, 4096)
	info := sys.ProgInfo{XlatedProgLen: uint32(len(buf)), XlatedProgInsns: sys.BytesPointer(buf)}
	if err := sys.ObjGetInfo(fd.Int(), &info); err != nil {
		t.Fatal(err)
	}
	if info.XlatedProgInsns.IsNil() {
		t.Skip("the kernel hides the addresses of its functions")
	}
	return buf[:min(len(buf), int(info.XlatedProgLen))]
}

// readsAs returns the helper that a line of bpftool's dump of a program calls.
func readsAs(t *testing.T, typ asm.ProgramType, name string) (asm.Helper, error) {
	t.Helper()
	text := fmt.Sprintf(".program p %v\n0: (85) call %s#10212400\n1: (95) exit\n", typ, name)
	programs, err := asm.ParseText("dump", []byte(text))
	if err != nil {
		return 0, err
	}
	return asm.Helper(programs[0].At(0).Imm), nil
}

// Of every helper in every kind of program, as far as a program that calls it can be made here, the function that the
// kernel has put in its place is read as the helper.
func TestKernelImplementations(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	names := symbols(t)
	hash := func(kind asm.MapType, key, value uint32) int64 {
		return testMap(t, sys.MapCreateAttr{MapType: uint32(kind), KeySize: key, ValueSize: value, MaxEntries: 1})
	}
	c := caller{hash: hash(asm.MapHash, keySize, valueSize), progArray: hash(asm.MapProgArray, 4, 4),
		ringBuf: testMap(t, sys.MapCreateAttr{MapType: uint32(asm.MapRingBuf), MaxEntries: uint32(os.Getpagesize())})}
	perf, stacks, devices := hash(asm.MapPerfEventArray, 4, 4), hash(asm.MapStackTrace, 4, 80), hash(asm.MapDevMap, 4, 4)
	queue, stack, hashedDevices := hash(asm.MapQueue, 0, valueSize), hash(asm.MapStack, 0, valueSize), hash(asm.MapDevMapHash, 4, 4)
	reuseport, lru, array := hash(asm.MapReuseportSockArray, 4, 8), hash(asm.MapLRUHash, keySize, valueSize), hash(asm.MapArray, 4, valueSize)
	seen := make(map[string]bool)
	for _, c.setting = range settingsOfAll(t) {
		if !c.works(t) {
			continue
		}
		for c.helper = 1; c.helper.Valid(); c.helper++ {
			for _, fd := range []int64{c.hash, perf, stacks, devices, reuseport, lru, array, queue, stack, hashedDevices} {
				code, ok := c.whole(fd)
				if !ok {
					break
				}
				rewritten := c.xlated(t, code)
				for at := 0; at+16 <= len(rewritten); at += 8 {
					// The marked instruction stands behind the call.
					insn := rewritten[at : at+8]
					if insn[0] != 0x85 || insn[1] != 0 || !bytes.Equal(rewritten[at+8:at+16], marker) {
						continue
					}
					found := names[int32(binary.NativeEndian.Uint32(insn[4:]))]
					if slices.Contains(found, c.helper.Name()) {
						continue
					}
					for _, name := range found {
						if h, err := readsAs(t, c.typ, name); !seen[name] && (err != nil || h != c.helper) {
							t.Errorf("%v: %s stands for %v, is read as %v: %v", c.setting, name, c.helper, h, err)
						}
						seen[name] = true
					}
				}
				if !needsMap(c.helper) {
					break
				}
			}
		}
	}
	t.Logf("%d functions: %v", len(seen), slices.Sorted(maps.Keys(seen)))
	if len(seen) < 60 {
		t.Errorf("only %d functions", len(seen))
	}
}

// marker is r9 = 4711, which stands behind the call of a helper.
var marker = func() []byte {
	code, err := asm.AppendInstructions(nil, []asm.Instruction{mov(asm.R9, 4711)}, binary.NativeEndian)
	if err != nil {
		panic(err)
	}
	return code
}()

func needsMap(h asm.Helper) bool {
	for _, kind := range h.Args() {
		if kind.Kind() == asm.ArgMap {
			return true
		}
	}
	return false
}

// whole is a program that calls the helper with what it takes, if that can be had here.
func (c *caller) whole(fd int64) ([]asm.Instruction, bool) {
	socket := c.socket()
	code := append(socket, movReg(asm.R6, asm.R1), mov(asm.R0, 0))
	for off := -memSize; off < 0; off += 8 {
		code = append(code, store(asm.R10, off, asm.R0, 8))
	}
	for i, kind := range c.args() {
		if kind == asm.ArgNone {
			break
		}
		r := asm.R1 + asm.Register(i)
		right := []asm.Instruction{mov(r, 0)}
		switch {
		case kind.Kind() == asm.ArgMap && c.helper != asm.FnTailCall && c.helper != asm.FnRingBufReserve:
			right = []asm.Instruction{mapFD(r, fd)}
		case kind.Has(asm.ArgOptional):
		default:
			right = c.right(r, kind, socket != nil)
		}
		if right == nil {
			return nil, false
		}
		code = append(code, right...)
	}
	return append(code, call(c.helper), mov(asm.R9, 4711), mov(asm.R0, 0), exit()), true
}

// Each function that the kernel has for helpers, which its macro BPF_CALL_n leaves a typedef btf_NAME of, is a helper or
// read as one, but for those that only the kernel's own programs call.
func TestKernelFunctionsAreHelpers(t *testing.T) {
	own := []string{"bpf_skb_get_nlattr", "bpf_skb_get_pay_offset", "bpf_skb_load_helper_", "dtor_kfunc_t", "kfunc_filter_t", "trace_"}
	count := 0
	eachType(t, func(typ btf.Type) {
		name, ok := strings.CutPrefix(typ.Name, "btf_")
		if !ok || typ.Kind != btf.Typedef {
			return
		}
		for _, prefix := range own {
			if strings.HasPrefix(name, prefix) {
				return
			}
		}
		count++
		if _, err := readsAs(t, asm.UnspecProgram, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	if count < 180 {
		t.Errorf("only %d functions", count)
	}
}
