//go:build linux

package sys

import "golang.org/x/sys/unix"

// ProgLoadAttr are the attributes of BPF_PROG_LOAD.
type ProgLoadAttr struct {
	ProgType           uint32  `bpf:"prog_type"`
	InsnCnt            uint32  `bpf:"insn_cnt"`
	Insns              Pointer `bpf:"insns"`
	License            Pointer `bpf:"license"`
	LogLevel           uint32  `bpf:"log_level"`
	LogSize            uint32  `bpf:"log_size"`
	LogBuf             Pointer `bpf:"log_buf"`
	KernVersion        uint32  `bpf:"kern_version"`
	ProgFlags          uint32  `bpf:"prog_flags"`
	ProgName           ObjName `bpf:"prog_name"`
	ProgIfindex        uint32  `bpf:"prog_ifindex"`
	ExpectedAttachType uint32  `bpf:"expected_attach_type"`
	ProgBTFFD          uint32  `bpf:"prog_btf_fd"`
	FuncInfoRecSize    uint32  `bpf:"func_info_rec_size"`
	FuncInfo           Pointer `bpf:"func_info"`
	FuncInfoCnt        uint32  `bpf:"func_info_cnt"`
	LineInfoRecSize    uint32  `bpf:"line_info_rec_size"`
	LineInfo           Pointer `bpf:"line_info"`
	LineInfoCnt        uint32  `bpf:"line_info_cnt"`
	AttachBTFID        uint32  `bpf:"attach_btf_id"`
	// AttachProgFD is also attach_btf_obj_fd.
	AttachProgFD    uint32  `bpf:"attach_prog_fd"`
	CoreReloCnt     uint32  `bpf:"core_relo_cnt"`
	FDArray         Pointer `bpf:"fd_array"`
	CoreRelos       Pointer `bpf:"core_relos"`
	CoreReloRecSize uint32  `bpf:"core_relo_rec_size"`
	// LogTrueSize is filled in by the kernel (from 6.4): the size that the whole log needs.
	LogTrueSize   uint32  `bpf:"log_true_size"`
	ProgTokenFD   int32   `bpf:"prog_token_fd"`
	FDArrayCnt    uint32  `bpf:"fd_array_cnt"`
	Signature     Pointer `bpf:"signature"`
	SignatureSize uint32  `bpf:"signature_size"`
	KeyringID     int32   `bpf:"keyring_id"`
}

// loadAttempts bounds the repetitions of BPF_PROG_LOAD. From the second one on all signals are blocked, so that only
// what cannot be blocked (a freezer, a debugger) makes more than two necessary.
const loadAttempts = 8

// ProgLoad loads a program.
//
// The verifier gives up with EAGAIN when a signal is pending; a profiler's SIGPROF would interrupt every attempt at a
// long program. After an EAGAIN the next attempt runs with all signals blocked. The process stays interruptible, since
// its other threads take the signals. The first attempt does without: keeping a goroutine on its thread makes the Go
// runtime start another thread when it is done for the first time, which takes half as long as loading a short program.
func ProgLoad(attr *ProgLoadAttr) (*FD, error) {
	fd, err := open(CmdProgLoad, attr)
	for attempt := 1; err == unix.EAGAIN && attempt < loadAttempts; attempt++ {
		before := blockSignals(everySignal())
		fd, err = open(CmdProgLoad, attr)
		restoreSignals(before)
	}
	return fd, err
}

// ProgAttachAttr are the attributes of BPF_PROG_ATTACH and BPF_PROG_DETACH.
type ProgAttachAttr struct {
	// TargetFD is also target_ifindex.
	TargetFD     uint32 `bpf:"target_fd"`
	AttachBPFFD  uint32 `bpf:"attach_bpf_fd"`
	AttachType   uint32 `bpf:"attach_type"`
	AttachFlags  uint32 `bpf:"attach_flags"`
	ReplaceBPFFD uint32 `bpf:"replace_bpf_fd"`
	// RelativeFD is also relative_id.
	RelativeFD       uint32 `bpf:"relative_fd"`
	ExpectedRevision uint64 `bpf:"expected_revision"`
}

// The attach flags of BPF_PROG_ATTACH.
const (
	AttachAllowOverride = 1 << 0 // BPF_F_ALLOW_OVERRIDE
	AttachAllowMulti    = 1 << 1 // BPF_F_ALLOW_MULTI
	AttachReplace       = 1 << 2 // BPF_F_REPLACE: ReplaceBPFFD is the program to take the place of
)

// ProgAttach attaches a program without a link.
func ProgAttach(attr *ProgAttachAttr) error { return call(CmdProgAttach, attr) }

// ProgDetach undoes ProgAttach.
func ProgDetach(attr *ProgAttachAttr) error { return call(CmdProgDetach, attr) }

// ProgQueryAttr are the attributes of BPF_PROG_QUERY. The kernel fills in AttachFlags, Count and Revision.
type ProgQueryAttr struct {
	// TargetFD is also target_ifindex.
	TargetFD    uint32  `bpf:"target_fd"`
	AttachType  uint32  `bpf:"attach_type"`
	QueryFlags  uint32  `bpf:"query_flags"`
	AttachFlags uint32  `bpf:"attach_flags"`
	ProgIDs     Pointer `bpf:"prog_ids"`
	// Count is prog_cnt: room in ProgIDs, then the number of programs, also with ENOSPC.
	Count           uint32 `bpf:"count"`
	_               uint32
	ProgAttachFlags Pointer `bpf:"prog_attach_flags"`
	LinkIDs         Pointer `bpf:"link_ids"`
	LinkAttachFlags Pointer `bpf:"link_attach_flags"`
	Revision        uint64  `bpf:"revision"`
}

// ProgQuery lists the programs attached to a target.
func ProgQuery(attr *ProgQueryAttr) error { return call(CmdProgQuery, attr) }

// ProgTestRunAttr are the attributes of BPF_PROG_TEST_RUN. The kernel fills in Retval, DataSizeOut, CtxSizeOut and
// Duration, which is the mean of one run in nanoseconds.
type ProgTestRunAttr struct {
	ProgFD      uint32  `bpf:"prog_fd"`
	Retval      uint32  `bpf:"retval"`
	DataSizeIn  uint32  `bpf:"data_size_in"`
	DataSizeOut uint32  `bpf:"data_size_out"`
	DataIn      Pointer `bpf:"data_in"`
	DataOut     Pointer `bpf:"data_out"`
	Repeat      uint32  `bpf:"repeat"`
	Duration    uint32  `bpf:"duration"`
	CtxSizeIn   uint32  `bpf:"ctx_size_in"`
	CtxSizeOut  uint32  `bpf:"ctx_size_out"`
	CtxIn       Pointer `bpf:"ctx_in"`
	CtxOut      Pointer `bpf:"ctx_out"`
	Flags       uint32  `bpf:"flags"`
	CPU         uint32  `bpf:"cpu"`
	BatchSize   uint32  `bpf:"batch_size"`
	_           uint32
}

// ProgTestRun runs a program on given data. It is not repeated when a signal interrupts it (EINTR), because the program
// may have run some of the times; signals are blocked during the call so that this does not happen.
func ProgTestRun(attr *ProgTestRunAttr) error {
	before := blockSignals(everySignal())
	err := call(CmdProgTestRun, attr)
	restoreSignals(before)
	return err
}

// ProgBindMapAttr are the attributes of BPF_PROG_BIND_MAP.
type ProgBindMapAttr struct {
	ProgFD uint32 `bpf:"prog_fd"`
	MapFD  uint32 `bpf:"map_fd"`
	Flags  uint32 `bpf:"flags"`
}

// ProgBindMap makes a map live as long as a program that does not use it.
func ProgBindMap(attr *ProgBindMapAttr) error { return call(CmdProgBindMap, attr) }

type enableStatsAttr struct {
	Type uint32 `bpf:"type"`
}

// EnableStats makes the kernel count the runs of every program and their time until the descriptor is closed.
func EnableStats() (*FD, error) {
	return open(CmdEnableStats, &enableStatsAttr{Type: 0}) // BPF_STATS_RUN_TIME
}

// ProgInfo is struct bpf_prog_info. The pointers are to room that the caller provides, with the number of elements, or
// of bytes for the two instruction buffers, in the field that belongs to each; the kernel replaces the numbers.
type ProgInfo struct {
	Type                 uint32  `bpf:"type"`
	ID                   uint32  `bpf:"id"`
	Tag                  [8]byte `bpf:"tag"`
	JitedProgLen         uint32  `bpf:"jited_prog_len"`
	XlatedProgLen        uint32  `bpf:"xlated_prog_len"`
	JitedProgInsns       Pointer `bpf:"jited_prog_insns"`
	XlatedProgInsns      Pointer `bpf:"xlated_prog_insns"`
	LoadTime             uint64  `bpf:"load_time"`
	CreatedByUID         uint32  `bpf:"created_by_uid"`
	NrMapIDs             uint32  `bpf:"nr_map_ids"`
	MapIDs               Pointer `bpf:"map_ids"`
	Name                 ObjName `bpf:"name"`
	Ifindex              uint32  `bpf:"ifindex"`
	GPLCompatible        uint32  `bpf:"gpl_compatible"` // a bit field of 1 bit
	NetnsDev             uint64  `bpf:"netns_dev"`
	NetnsIno             uint64  `bpf:"netns_ino"`
	NrJitedKsyms         uint32  `bpf:"nr_jited_ksyms"`
	NrJitedFuncLens      uint32  `bpf:"nr_jited_func_lens"`
	JitedKsyms           Pointer `bpf:"jited_ksyms"`
	JitedFuncLens        Pointer `bpf:"jited_func_lens"`
	BTFID                uint32  `bpf:"btf_id"`
	FuncInfoRecSize      uint32  `bpf:"func_info_rec_size"`
	FuncInfo             Pointer `bpf:"func_info"`
	NrFuncInfo           uint32  `bpf:"nr_func_info"`
	NrLineInfo           uint32  `bpf:"nr_line_info"`
	LineInfo             Pointer `bpf:"line_info"`
	JitedLineInfo        Pointer `bpf:"jited_line_info"`
	NrJitedLineInfo      uint32  `bpf:"nr_jited_line_info"`
	LineInfoRecSize      uint32  `bpf:"line_info_rec_size"`
	JitedLineInfoRecSize uint32  `bpf:"jited_line_info_rec_size"`
	NrProgTags           uint32  `bpf:"nr_prog_tags"`
	ProgTags             Pointer `bpf:"prog_tags"`
	RunTimeNS            uint64  `bpf:"run_time_ns"`
	RunCnt               uint64  `bpf:"run_cnt"`
	RecursionMisses      uint64  `bpf:"recursion_misses"`
	VerifiedInsns        uint32  `bpf:"verified_insns"`
	AttachBTFObjID       uint32  `bpf:"attach_btf_obj_id"`
	AttachBTFID          uint32  `bpf:"attach_btf_id"`
	_                    uint32
}
