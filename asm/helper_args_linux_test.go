package asm_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/kerneltest"
	"github.com/purebpf/purebpf/internal/sys"
)

// complaint returns what the verifier wants in a register instead of what it found, "" if it has no complaint of that
// kind: "ctx" of "R1 type=scalar expected=ctx".
func complaint(log string, r asm.Register) string {
	_, text, _ := strings.Cut(log, fmt.Sprintf("\nR%d type=", r))
	text, _, _ = strings.Cut(text, "\n")
	_, wants, _ := strings.Cut(text, " expected=")
	return wants
}

// expected lists, for kinds that take pointers, what the verifier wants instead of a number. ArgStack is not here: it
// comes after a function, and to pass one takes BTF.
var expected = map[asm.ArgKind]*regexp.Regexp{
	asm.ArgContext:       regexp.MustCompile(`^ctx$`),
	asm.ArgContextOrSock: regexp.MustCompile(`^ctx$|^sock_common, sock, .*ptr_`),
	asm.ArgMap:           regexp.MustCompile(`^map_ptr$`),
	asm.ArgMapKey:        regexp.MustCompile(`^fp, pkt, `),
	asm.ArgMapValue:      regexp.MustCompile(`^fp, pkt, `),
	asm.ArgMem:           regexp.MustCompile(`^fp, pkt, `),
	asm.ArgMem4:          regexp.MustCompile(`^fp, pkt, `),
	asm.ArgMem8:          regexp.MustCompile(`^fp, pkt, `),
	asm.ArgMem20:         regexp.MustCompile(`^fp, pkt, `),
	asm.ArgMem40:         regexp.MustCompile(`^fp, pkt, `),
	asm.ArgSockCommon:    regexp.MustCompile(`^sock_common, sock, `),
	asm.ArgSock:          regexp.MustCompile(`^sock_common, sock, .*ptr_|^sock$`),
	asm.ArgBTF:           regexp.MustCompile(`^ptr_, `),
	asm.ArgPerCPUBTF:     regexp.MustCompile(`^percpu_ptr_`),
	asm.ArgRingBufMem:    regexp.MustCompile(`^ringbuf_mem$`),
	asm.ArgFunc:          regexp.MustCompile(`^func$`),
	asm.ArgString:        regexp.MustCompile(`^map_value$`),
	asm.ArgSpinLock:      regexp.MustCompile(`^map_value, `),
	asm.ArgTimer:         regexp.MustCompile(`^map_value$`),
	asm.ArgKptr:          regexp.MustCompile(`^map_value, `),
	asm.ArgDynptr:        regexp.MustCompile(`^fp, dynptr_ptr$`),
}

const (
	keySize   = 12 // of the map that is given to helpers
	valueSize = 20
	memSize   = 64 // of the memory that is given to helpers
)

// Each helper is called with a wrong value in each of its arguments, those before being right, and the verifier's
// complaint is compared with the table.
func TestHelperArguments(t *testing.T) {
	kerneltest.Need(t, kerneltest.CAP_BPF, kerneltest.CAP_NET_ADMIN, kerneltest.CAP_PERFMON)
	needRulesOf618(t)
	c := caller{
		hash: testMap(t, sys.MapCreateAttr{
			MapType: uint32(asm.MapHash), KeySize: keySize, ValueSize: valueSize, MaxEntries: 1,
		}),
		progArray: testMap(t, sys.MapCreateAttr{
			MapType: uint32(asm.MapProgArray), KeySize: 4, ValueSize: 4, MaxEntries: 1,
		}),
		ringBuf: testMap(t, sys.MapCreateAttr{
			MapType: uint32(asm.MapRingBuf), MaxEntries: uint32(os.Getpagesize()),
		}),
		readOnly: testMap(t, sys.MapCreateAttr{
			MapType: uint32(asm.MapArray), KeySize: 4, ValueSize: memSize, MaxEntries: 1, MapFlags: uint32(asm.MapReadOnlyProg),
		}),
	}
	var settings []setting
	for _, s := range settingsOfAll(t) {
		first := !slices.ContainsFunc(settings, func(o setting) bool { return o.typ == s.typ })
		if s.works(t) && (first || s.attachTo != "") {
			settings = append(settings, s)
		}
	}
	compared, results := map[asm.ArgKind]int{}, map[asm.ReturnKind]int{}
	for c.helper = 1; c.helper.Valid(); c.helper++ {
		tried := false
		for _, c.setting = range settings {
			log, err := c.verify(t, "GPL", 1, call(c.helper), mov(asm.R0, 0), exit())
			if err != nil && (noHelper(log) || notHere(log)) {
				continue
			}
			tried = true
			c.compare(t, compared, results)
		}
		if !tried {
			t.Logf("%v: no program has it in this kernel", c.helper)
		}
	}
	for kind := range expected {
		if compared[kind] == 0 {
			t.Errorf("no argument was a %v", kind)
		}
	}
	for _, result := range []asm.ReturnKind{
		asm.ReturnInteger, asm.ReturnVoid, asm.ReturnBTF, asm.ReturnMapValue | asm.ReturnOrNull,
		asm.ReturnMem | asm.ReturnOrNull, asm.ReturnSocket | asm.ReturnOrNull, asm.ReturnSockCommon | asm.ReturnOrNull,
		asm.ReturnTCPSock | asm.ReturnOrNull, asm.ReturnBTF | asm.ReturnOrNull,
	} {
		if results[result] == 0 {
			t.Errorf("no helper returned %v", result)
		}
	}
	t.Logf("arguments compared: %v", compared)
	t.Logf("results compared: %v", results)
}

func testMap(t *testing.T, attr sys.MapCreateAttr) int64 {
	t.Helper()
	fd, err := sys.MapCreate(&attr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fd.Close() })
	return int64(fd.Int())
}

// notHere reports whether the verifier refused a helper that the program type has, but not in the place the program is
// for.
func notHere(log string) bool {
	return strings.Contains(log, "not allowed") || strings.Contains(log, "might sleep")
}

// args returns what the helper takes in this setting. That is what the table says except for these helpers, which some
// program types have in a form of their own.
func (c *caller) args() [5]asm.ArgKind {
	args := c.helper.Args()
	traces := c.typ == asm.Tracing || c.typ == asm.Syscall
	switch c.helper {
	case asm.FnGetSocketCookie:
		if traces || c.typ == asm.SkReuseport {
			args[0] = asm.ArgSock | asm.ArgOrNull
		}
	case asm.FnSkStorageGet, asm.FnSkStorageDelete:
		if traces {
			args[1] = asm.ArgBTF | asm.ArgOrNull
		}
	case asm.FnXDPGetBuffLen:
		if traces {
			args[0] = asm.ArgBTF
		}
	case asm.FnSkAssign:
		if c.typ != asm.SkLookup {
			args[1] = asm.ArgSock
		}
	}
	return args
}

// socket puts into r7 a socket that the context has, if it has one.
func (c *caller) socket() []asm.Instruction {
	for f := range c.typ.Context().Fields() {
		if k := f.Pointer().Kind(); (k == asm.PointerSocket || k == asm.PointerSockCommon) && f.ReadableBy(c.typ, c.at) {
			return append([]asm.Instruction{load(asm.R7, asm.R1, f.Offset(), 8)}, exitIfZero(asm.R7)...)
		}
	}
	return nil
}

// A caller calls one helper in one kind of program.
type caller struct {
	setting
	helper asm.Helper

	// Descriptors of maps.
	hash      int64 // of keySize and valueSize
	progArray int64
	ringBuf   int64
	readOnly  int64 // one element of memSize, which programs cannot write
}

// compare counts what it could compare by kinds.
func (c *caller) compare(t *testing.T, compared map[asm.ArgKind]int, results map[asm.ReturnKind]int) {
	t.Helper()
	// r6 is the context, r7 perhaps a socket, the memSize bytes at r10-memSize are set, r1 to r5 cannot be read.
	socket := c.socket()
	code := append(socket, movReg(asm.R6, asm.R1), mov(asm.R0, 0))
	for off := -memSize; off < 0; off += 8 {
		code = append(code, store(asm.R10, off, asm.R0, 8))
	}
	code = append(code, call(asm.FnGetPrandomU32))
	args := c.args()
	for i, kind := range args {
		if kind == asm.ArgNone {
			break
		}
		r := asm.R1 + asm.Register(i)
		if kind.Has(asm.ArgOptional) || kind.Kind() == asm.ArgAnything && unchecked[c.helper] {
			code = append(code, mov(r, 0))
			continue
		}
		for _, problem := range c.wrong(t, code, r, kind) {
			t.Errorf("%v: %v: argument %d, %v: %s", c.setting, c.helper, i+1, kind, problem)
		}
		compared[kind.Kind()]++
		right := c.right(r, kind, socket != nil)
		if right == nil {
			return
		}
		code = append(code, right...)
	}
	log, _ := c.verify(t, "GPL", 2, append(code, call(c.helper), movReg(asm.R2, asm.R0), mov(asm.R0, 0), exit())...)
	switch state := result(log); {
	case state == "":
		return // refused for other reasons than its arguments
	case !resultStates[c.helper.Returns()].MatchString(state):
		t.Errorf("%v: %v: returns %q, the table says %v", c.setting, c.helper, state, c.helper.Returns())
	}
	results[c.helper.Returns()]++
}

// unchecked has an argument that the helper wants to be 0 and the verifier does not look at.
var unchecked = map[asm.Helper]bool{asm.FnGetBranchSnapshot: true}

// right puts into r what an argument of the kind takes; nil if that cannot be had here.
func (c *caller) right(r asm.Register, kind asm.ArgKind, socket bool) []asm.Instruction {
	if socket {
		switch kind.Kind() {
		case asm.ArgSock, asm.ArgSockCommon:
			return []asm.Instruction{movReg(r, asm.R7)}
		}
	}
	switch kind.Kind() {
	case asm.ArgAnything:
		return []asm.Instruction{mov(r, 0)}
	case asm.ArgSize, asm.ArgSizeOrZero, asm.ArgAllocSize:
		return []asm.Instruction{mov(r, 8)}
	case asm.ArgContext:
		return []asm.Instruction{movReg(r, asm.R6)}
	case asm.ArgMap:
		switch {
		case c.helper == asm.FnTailCall && !c.sleepable:
			return []asm.Instruction{mapFD(r, c.progArray)}
		case c.helper == asm.FnRingBufReserve:
			return []asm.Instruction{mapFD(r, c.ringBuf)}
		}
		return []asm.Instruction{mapFD(r, c.hash)}
	case asm.ArgMapKey, asm.ArgMapValue, asm.ArgMem, asm.ArgMem4, asm.ArgMem8, asm.ArgMem20, asm.ArgMem40:
		return []asm.Instruction{movReg(r, asm.R10), add(r, -memSize)}
	}
	if kind.Has(asm.ArgOrNull) {
		return []asm.Instruction{mov(r, 0)}
	}
	return nil
}

// wrong puts into r what an argument of the kind does not take and returns what is odd about the complaints.
func (c *caller) wrong(t *testing.T, code []asm.Instruction, r asm.Register, kind asm.ArgKind) (problems []string) {
	t.Helper()
	attempt := func(insns ...asm.Instruction) string {
		program := append(code[:len(code):len(code)], insns...)
		log, _ := c.verify(t, "GPL", 1, append(program, call(c.helper), mov(asm.R0, 0), exit())...)
		return log
	}
	want := func(text, log string) {
		if !strings.Contains(log, text) {
			problems = append(problems, fmt.Sprintf("no %q in the log:\n%s", text, log))
		}
	}
	switch kind.Kind() {
	case asm.ArgAnything:
		want(fmt.Sprintf("R%d !read_ok", r), attempt())
		return problems
	case asm.ArgSize, asm.ArgSizeOrZero, asm.ArgAllocSize:
		want(fmt.Sprintf("R%d type=fp expected=scalar", r), attempt(movReg(r, asm.R10)))
		if kind != asm.ArgAllocSize {
			refused := strings.Contains(attempt(mov(r, 0)), fmt.Sprintf("R%d invalid zero-sized read", r))
			if refused != (kind == asm.ArgSize) {
				problems = append(problems, fmt.Sprintf("size 0 refused: %v", refused))
			}
		}
		return problems
	}

	// A number other than 0, and 0.
	if wants := complaint(attempt(mov(r, 1)), r); !expected[kind.Kind()].MatchString(wants) {
		problems = append(problems, fmt.Sprintf("want %v, the verifier wants %q", expected[kind.Kind()], wants))
	}
	if refused := complaint(attempt(mov(r, 0)), r) != ""; refused == kind.Has(asm.ArgOrNull) {
		problems = append(problems, fmt.Sprintf("null refused: %v", refused))
	}

	// Memory that is too short by all of its size.
	size := kind.FixedSize()
	switch kind.Kind() {
	case asm.ArgMapKey:
		size = keySize
	case asm.ArgMapValue:
		size = valueSize
	}
	if size != 0 {
		want(fmt.Sprintf("stack R%d off=0 size=%d", r, size), attempt(movReg(r, asm.R10)))
	}

	// Memory that cannot be written.
	if size != 0 || kind.Kind() == asm.ArgMem {
		insns := []asm.Instruction{{Op: 0x18, Dst: r, Src: 2, Imm: c.readOnly}}
		if kind.Kind() == asm.ArgMem {
			insns = append(insns, mov(r+1, 8))
		}
		refused := strings.Contains(attempt(insns...), "write into map forbidden")
		if refused != (kind.Has(asm.ArgUninit) || kind.Has(asm.ArgWritten)) {
			problems = append(problems, fmt.Sprintf("memory must be writable: %v", refused))
		}
	}
	return problems
}

// resultStates are the verifier's names for what may be in r0 after a call.
var resultStates = map[asm.ReturnKind]*regexp.Regexp{
	asm.ReturnInteger:                       regexp.MustCompile(`^scalar$`),
	asm.ReturnVoid:                          regexp.MustCompile(`^!read_ok$`),
	asm.ReturnMapValue:                      regexp.MustCompile(`^map_value$`),
	asm.ReturnMapValue | asm.ReturnOrNull:   regexp.MustCompile(`^map_value_or_null$`),
	asm.ReturnMem | asm.ReturnOrNull:        regexp.MustCompile(`^(ringbuf_|)mem_or_null$`),
	asm.ReturnSocket | asm.ReturnOrNull:     regexp.MustCompile(`^sock_or_null$`),
	asm.ReturnSockCommon | asm.ReturnOrNull: regexp.MustCompile(`^sock_common_or_null$`),
	asm.ReturnTCPSock | asm.ReturnOrNull:    regexp.MustCompile(`^tcp_sock_or_null$`),
	asm.ReturnBTF:                           regexp.MustCompile(`^(trusted_)?ptr_[a-z]`),
	asm.ReturnBTF | asm.ReturnOrNull:        regexp.MustCompile(`^(trusted_)?ptr_or_null_`),
}

// result finds in a log of level 2 what the call left in r0, which is copied to r2 after it; "" if the verifier did not
// get that far.
func result(log string) string {
	if strings.Contains(log, "R0 !read_ok") {
		return "!read_ok"
	}
	// The first time that the instruction is in the log is where all of them are listed.
	_, log, _ = strings.Cut(log, "r10 -8) = r0  ")
	_, log, _ = strings.Cut(log, "(bf) r2 = r0  ")
	log, _, _ = strings.Cut(log, "\n")
	if _, state, ok := strings.Cut(strings.Replace(log, "R2_w=", "R2=", 1), "R2="); ok {
		return word.FindString(state)
	}
	return ""
}

var word = regexp.MustCompile(`^[a-z_]+`)

func mapFD(dst asm.Register, fd int64) asm.Instruction {
	return asm.Instruction{Op: 0x18, Dst: dst, Src: 1, Imm: fd}
}

func add(dst asm.Register, imm int64) asm.Instruction {
	return asm.Instruction{Op: 0x07, Dst: dst, Imm: imm}
}
