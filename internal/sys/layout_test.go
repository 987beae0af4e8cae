//go:build linux

package sys

import (
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/purebpf/purebpf/internal/btf"
)

// TestLayout holds every structure that goes to the kernel against the BTF of the running one: each field at its
// offset and with its size, and no field of the kernel left out.
func TestLayout(t *testing.T) {
	kernel, err := btf.Kernel()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the kernel has no BTF")
	} else if err != nil {
		t.Fatal(err)
	}
	attr, err := kernel.Find("bpf_attr", btf.Union)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		value any
		// kernel is the name of a structure, or a member of union bpf_attr as "attr.member", or its anonymous member that
		// has a certain field as "attr:field".
		kernel string
		// also are second names of fields, from unions.
		also string
	}{
		{value: MapCreateAttr{}, kernel: "attr:map_type"},
		{value: MapElemAttr{}, kernel: "attr:key", also: "next_key"},
		{value: MapBatchAttr{}, kernel: "attr.batch"},
		{value: ProgLoadAttr{}, kernel: "attr:prog_type", also: "attach_btf_obj_fd"},
		{value: ProgAttachAttr{}, kernel: "attr:attach_bpf_fd", also: "target_ifindex relative_id"},
		{value: ProgQueryAttr{}, kernel: "attr.query", also: "target_ifindex prog_cnt"},
		{value: ProgTestRunAttr{}, kernel: "attr.test"},
		{value: ProgBindMapAttr{}, kernel: "attr.prog_bind_map"},
		{value: enableStatsAttr{}, kernel: "attr.enable_stats"},
		{value: ObjAttr{}, kernel: "attr:pathname"},
		{value: IDAttr{}, kernel: "attr:next_id", also: "prog_id map_id btf_id link_id"},
		{value: ObjInfoAttr{}, kernel: "attr.info"},
		{value: BTFLoadAttr{}, kernel: "attr:btf"},
		{value: LinkCreateAttr{}, kernel: "attr.link_create", also: "map_fd target_ifindex iter_info iter_info_len perf_event " +
			"kprobe_multi tracing netfilter tcx uprobe_multi netkit cgroup"},
		{value: LinkUpdateAttr{}, kernel: "attr.link_update", also: "new_map_fd old_map_fd"},
		{value: linkDetachAttr{}, kernel: "attr.link_detach"},
		{value: RawTracepointOpenAttr{}, kernel: "attr.raw_tracepoint"},
		{value: MapInfo{}, kernel: "bpf_map_info"},
		{value: ProgInfo{}, kernel: "bpf_prog_info"},
		{value: BTFInfo{}, kernel: "bpf_btf_info"},
		{value: LinkInfo{}, kernel: "bpf_link_info", also: "raw_tracepoint tracing cgroup iter netns xdp struct_ops netfilter " +
			"kprobe_multi uprobe_multi perf_event tcx netkit sockmap"},
		{value: CgroupLinkInfo{}, kernel: "bpf_link_info.cgroup"},
		{value: NetNSLinkInfo{}, kernel: "bpf_link_info.netns"},
		{value: DeviceLinkInfo{}, kernel: "bpf_link_info.tcx"},
		{value: DeviceLinkInfo{}, kernel: "bpf_link_info.netkit"},
		{value: SockMapLinkInfo{}, kernel: "bpf_link_info.sockmap"},
		{value: RawTracepointLinkInfo{}, kernel: "bpf_link_info.raw_tracepoint"},
	} {
		typ := reflect.TypeOf(test.value)
		t.Run(typ.Name()+"/"+test.kernel, func(t *testing.T) {
			structure, err := lookup(kernel, attr, test.kernel)
			if err != nil {
				t.Skip("unknown to this kernel: ", err)
			}
			compare(t, kernel, structure, typ, strings.Fields(test.also))
		})
	}
}

// TestLinkInfoTarget checks where the union in struct bpf_link_info begins and that it is not cut.
func TestLinkInfoTarget(t *testing.T) {
	kernel, err := btf.Kernel()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the kernel has no BTF")
	} else if err != nil {
		t.Fatal(err)
	}
	info, err := kernel.Find("bpf_link_info", btf.Struct)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := kernel.Fields(info)
	if err != nil {
		t.Fatal(err)
	}
	target, _ := reflect.TypeFor[LinkInfo]().FieldByName("Target")
	if raw, _ := reflect.TypeFor[rawTracepointLinkInfo]().FieldByName("Target"); raw.Offset != target.Offset {
		t.Errorf("the target of raw tracepoints is at %d, Target at %d", raw.Offset, target.Offset)
	}
	if raw, all := reflect.TypeFor[rawTracepointLinkInfo]().Size(), reflect.TypeFor[LinkInfo]().Size(); raw != all {
		t.Errorf("the info of raw tracepoints has %d bytes, LinkInfo %d", raw, all)
	}
	for _, f := range fields {
		if f.Name == "cgroup" && f.Offset != uint64(target.Offset) {
			t.Errorf("the union is at %d, Target at %d", f.Offset, target.Offset)
		}
		if end := uint64(target.Offset + target.Type.Size()); f.Offset+f.Size > end {
			t.Errorf("%s ends at %d, Target at %d", f.Name, f.Offset+f.Size, end)
		}
	}
}

func lookup(kernel *btf.Spec, attr btf.Type, name string) (btf.Type, error) {
	if field, ok := strings.CutPrefix(name, "attr:"); ok {
		for _, m := range attr.Members {
			t, err := kernel.Resolve(m.Type)
			if err != nil {
				return t, err
			}
			fields, err := kernel.Fields(t)
			if err != nil {
				return t, err
			}
			for _, f := range fields {
				if m.Name == "" && f.Name == field {
					return t, nil
				}
			}
		}
		return btf.Type{}, btf.ErrNotFound
	}
	outer, member, ok := strings.Cut(name, ".")
	if outer == "attr" {
		return kernel.Member(attr, member)
	}
	t, err := kernel.Find(outer, btf.Struct)
	if err == nil && ok {
		return kernel.Member(t, member)
	}
	return t, err
}

func compare(t *testing.T, kernel *btf.Spec, structure btf.Type, typ reflect.Type, also []string) {
	fields, err := kernel.Fields(structure)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]btf.Field{}
	for _, f := range fields {
		want[f.Name] = f
	}
	covered := map[string]bool{}
	for _, name := range also {
		covered[name] = true
	}
	end := uintptr(0)
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Offset != end {
			t.Errorf("%s: Go pads from %d to %d; 32-bit machines do not", f.Name, end, f.Offset)
		}
		end = f.Offset + f.Type.Size()
		name := f.Tag.Get("bpf")
		if name == "" {
			if f.Name != "_" && f.Name != "Target" {
				t.Errorf("%s has no kernel name", f.Name)
			}
			continue
		}
		covered[name] = true
		k, err := find(kernel, structure, want, name)
		if err != nil {
			if uint64(f.Offset) < uint64(structure.Size) {
				t.Errorf("%s: the kernel has no %s", f.Name, name)
			}
			continue // a later kernel's
		}
		if k.Offset != uint64(f.Offset) || k.Size != uint64(f.Type.Size()) {
			t.Errorf("%s is at %d with %d bytes, the kernel's %s at %d with %d", f.Name, f.Offset, f.Type.Size(), name, k.Offset, k.Size)
		}
	}
	if end != typ.Size() {
		t.Errorf("Go pads the end from %d to %d; 32-bit machines do not", end, typ.Size())
	}
	for _, f := range fields {
		if !covered[f.Name] && f.Offset < uint64(typ.Size()) {
			t.Errorf("no field for the kernel's %s", f.Name)
		}
	}
}

// find looks up "name" or "member.name".
func find(kernel *btf.Spec, structure btf.Type, fields map[string]btf.Field, name string) (btf.Field, error) {
	outer, inner, ok := strings.Cut(name, ".")
	f, found := fields[outer]
	if !found {
		return f, btf.ErrNotFound
	}
	if !ok {
		return f, nil
	}
	member, err := kernel.Member(structure, outer)
	if err != nil {
		return f, err
	}
	nested, err := kernel.Fields(member)
	if err != nil {
		return f, err
	}
	for _, n := range nested {
		if n.Name == inner {
			n.Offset += f.Offset
			return n, nil
		}
	}
	return f, btf.ErrNotFound
}

// TestCommands compares the numbers of the commands with enum bpf_cmd.
func TestCommands(t *testing.T) {
	kernel, err := btf.Kernel()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the kernel has no BTF")
	} else if err != nil {
		t.Fatal(err)
	}
	enum, err := kernel.Find("bpf_cmd", btf.Enum)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]int64{}
	for _, v := range enum.Values {
		numbers[v.Name] = v.Value
	}
	for name, cmd := range map[string]Cmd{
		"BPF_MAP_CREATE": CmdMapCreate, "BPF_MAP_LOOKUP_ELEM": CmdMapLookupElem, "BPF_MAP_UPDATE_ELEM": CmdMapUpdateElem,
		"BPF_MAP_DELETE_ELEM": CmdMapDeleteElem, "BPF_MAP_GET_NEXT_KEY": CmdMapGetNextKey, "BPF_PROG_LOAD": CmdProgLoad,
		"BPF_OBJ_PIN": CmdObjPin, "BPF_OBJ_GET": CmdObjGet, "BPF_PROG_ATTACH": CmdProgAttach,
		"BPF_PROG_DETACH": CmdProgDetach, "BPF_PROG_TEST_RUN": CmdProgTestRun, "BPF_PROG_GET_NEXT_ID": CmdProgGetNextID,
		"BPF_MAP_GET_NEXT_ID": CmdMapGetNextID, "BPF_PROG_GET_FD_BY_ID": CmdProgGetFDByID,
		"BPF_MAP_GET_FD_BY_ID": CmdMapGetFDByID, "BPF_OBJ_GET_INFO_BY_FD": CmdObjGetInfoByFD,
		"BPF_PROG_QUERY": CmdProgQuery, "BPF_RAW_TRACEPOINT_OPEN": CmdRawTracepointOpen, "BPF_BTF_LOAD": CmdBTFLoad,
		"BPF_BTF_GET_FD_BY_ID": CmdBTFGetFDByID, "BPF_TASK_FD_QUERY": CmdTaskFDQuery,
		"BPF_MAP_LOOKUP_AND_DELETE_ELEM": CmdMapLookupAndDeleteElem, "BPF_MAP_FREEZE": CmdMapFreeze,
		"BPF_BTF_GET_NEXT_ID": CmdBTFGetNextID, "BPF_MAP_LOOKUP_BATCH": CmdMapLookupBatch,
		"BPF_MAP_LOOKUP_AND_DELETE_BATCH": CmdMapLookupAndDeleteBatch, "BPF_MAP_UPDATE_BATCH": CmdMapUpdateBatch,
		"BPF_MAP_DELETE_BATCH": CmdMapDeleteBatch, "BPF_LINK_CREATE": CmdLinkCreate, "BPF_LINK_UPDATE": CmdLinkUpdate,
		"BPF_LINK_GET_FD_BY_ID": CmdLinkGetFDByID, "BPF_LINK_GET_NEXT_ID": CmdLinkGetNextID,
		"BPF_ENABLE_STATS": CmdEnableStats, "BPF_ITER_CREATE": CmdIterCreate, "BPF_LINK_DETACH": CmdLinkDetach,
		"BPF_PROG_BIND_MAP": CmdProgBindMap, "BPF_TOKEN_CREATE": CmdTokenCreate,
		"BPF_PROG_STREAM_READ_BY_FD": CmdProgStreamReadByFD,
	} {
		if want, known := numbers[name]; known && want != int64(cmd) {
			t.Errorf("%s is %d, want %d", name, cmd, want)
		}
	}
}
