//go:build linux

package loader

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/asm"
	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sys"
)

// Info is what the kernel tells of a program. Fields that an older kernel does not know are zero.
type Info struct {
	ID   uint32
	Type asm.ProgramType
	Name string // at most 15 bytes
	// Tag is the hash of the instructions, 16 hexadecimal digits: alike for programs that differ in their maps only.
	Tag           string
	GPLCompatible bool
	// LoadTime is when it was loaded, after the machine was booted (CLOCK_BOOTTIME).
	LoadTime time.Duration
	UID      uint32 // of the process that loaded it
	MapIDs   []uint32
	BTFID    uint32
	// XlatedSize and JITedSize are the bytes of the program as the kernel rewrote it, and of its machine code, which is 0
	// without a JIT compiler. Both are 0 for a process without CAP_BPF.
	XlatedSize, JITedSize int
	// VerifiedInstructions is how many the verifier went through, counting each as often as it did (Linux 5.16).
	VerifiedInstructions uint32
	// RunCount and RunTime are counted while statistics are enabled, see EnableStats. RunCount comes from 5.1.
	RunCount uint64
	RunTime  time.Duration
	// RecursionMisses are the runs left out because the program was running already (Linux 5.12).
	RecursionMisses uint64
}

// Info asks the kernel about the program.
func (p *Program) Info() (*Info, error) {
	info, err := p.info()
	var ids []uint32
	// The program's maps do not change, so the second call finds as many as the first.
	if err == nil && info.NrMapIDs > 0 {
		ids = make([]uint32, info.NrMapIDs)
		room := sys.ProgInfo{NrMapIDs: info.NrMapIDs, MapIDs: sys.SlicePointer(ids)}
		err = use(p.fd, func(n int) error { return sys.ObjGetInfo(n, &room) })
	}
	if err != nil {
		return nil, fmt.Errorf("info of program %s: %w", p.name, err)
	}
	return &Info{
		ID:                   info.ID,
		Type:                 asm.ProgramType(info.Type),
		Name:                 info.Name.String(),
		Tag:                  hex.EncodeToString(info.Tag[:]),
		GPLCompatible:        info.GPLCompatible&gplBit() != 0,
		LoadTime:             time.Duration(info.LoadTime),
		UID:                  info.CreatedByUID,
		MapIDs:               ids,
		BTFID:                info.BTFID,
		XlatedSize:           int(info.XlatedProgLen),
		JITedSize:            int(info.JitedProgLen),
		VerifiedInstructions: info.VerifiedInsns,
		RunCount:             info.RunCnt,
		RunTime:              time.Duration(info.RunTimeNS),
		RecursionMisses:      info.RecursionMisses,
	}, nil
}

// gplBit is where C puts the first bit field of 32 bits: at the low end, or on big-endian machines at the high end.
func gplBit() uint32 {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return 1 << 31
	}
	return 1
}

// Xlated returns the program as the kernel rewrote it, in the machine's byte order: map descriptors are replaced by ids,
// context accesses by those to the kernel's structs, helper calls by offsets. asm.Decode does not take all of it. EPERM
// without CAP_BPF, or with the sysctl net.core.bpf_jit_harden.
func (p *Program) Xlated() ([]byte, error) {
	info, err := p.info()
	if err != nil {
		return nil, fmt.Errorf("dump program %s: %w", p.name, err)
	}
	if info.XlatedProgLen == 0 {
		return nil, fmt.Errorf("dump program %s: %w", p.name, sys.ExplainPermission(unix.EPERM, capability.CAP_BPF))
	}
	buf := make([]byte, info.XlatedProgLen)
	room := sys.ProgInfo{XlatedProgLen: info.XlatedProgLen, XlatedProgInsns: sys.BytesPointer(buf)}
	if err := use(p.fd, func(n int) error { return sys.ObjGetInfo(n, &room) }); err != nil {
		return nil, fmt.Errorf("dump program %s: %w", p.name, err)
	}
	if room.XlatedProgInsns.IsNil() {
		return nil, fmt.Errorf("dump program %s: %w (the sysctl net.core.bpf_jit_harden or kernel.kptr_restrict forbids it)", p.name, unix.EPERM)
	}
	return buf[:min(len(buf), int(room.XlatedProgLen))], nil
}

// EnableStats makes the kernel count the runs of all programs and the time they take, which makes every run slower by
// some tens of nanoseconds, until the result is closed. It needs Linux 5.8 and CAP_SYS_ADMIN.
func EnableStats() (io.Closer, error) {
	fd, err := sys.EnableStats()
	if err != nil {
		return nil, fmt.Errorf("enable statistics of programs: %w", sys.ExplainPermission(err, capability.CAP_SYS_ADMIN))
	}
	return fd, nil
}
