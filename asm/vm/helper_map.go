package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// mapFor returns the map that argument 1 is if programs may use it so: check_map_func_compatibility and
// check_map_access_type of kernel/bpf/verifier.c. reads and writes say what the helper does to values.
func (c *Call) mapFor(what string, reads, writes bool) (*Map, error) {
	m, err := c.Map(1)
	if err != nil {
		return nil, err
	}
	wrong := ""
	switch m.spec.Type {
	case asm.MapQueue, asm.MapStack:
		if what != "push" && what != "pop" && what != "peek" {
			wrong = "takes bpf_map_push_elem, bpf_map_pop_elem and bpf_map_peek_elem"
		}
	case asm.MapRingBuf:
		wrong = "takes the helpers of ring buffers"
	case asm.MapProgArray:
		wrong = "takes bpf_tail_call"
	case asm.MapSkStorage:
		wrong = "takes bpf_sk_storage_get and bpf_sk_storage_delete"
	case asm.MapReuseportSockArray:
		wrong = "takes bpf_sk_select_reuseport"
	case asm.MapSockMap, asm.MapSockHash:
		wrong = c.socketMapUse(what)
	default:
		if what == "push" || what == "pop" || what == "peek" {
			wrong = "is neither queue nor stack"
		}
	}
	switch {
	case wrong != "":
		return nil, fmt.Errorf("%w 1: map %s of type %v %s", ErrArgument, m.spec.Name, m.spec.Type, wrong)
	case reads && m.spec.Flags&asm.MapWriteOnlyProg != 0:
		return nil, fmt.Errorf("%w 1: programs may not read map %s", ErrArgument, m.spec.Name)
	case writes && m.spec.Flags&asm.MapReadOnlyProg != 0:
		return nil, fmt.Errorf("%w 1: programs may not write to map %s", ErrArgument, m.spec.Name)
	}
	return m, nil
}

// socketMapUse says why the type of program may not use a SOCKMAP or SOCKHASH in this way.
func (c *Call) socketMapUse(what string) string {
	t := c.m.main.source.Type()
	switch what {
	case "lookup":
		switch t {
		case asm.SkLookup, asm.SchedCLS, asm.SchedACT, asm.XDP, asm.SkSKB, asm.UnspecProgram:
			return ""
		}
		return fmt.Sprintf("is of no use to a lookup in %v programs, which have no bpf_sk_release for the socket", t)
	case "delete", "update": // may_update_sockmap
		switch t {
		case asm.SocketFilter, asm.SchedCLS, asm.SchedACT, asm.XDP, asm.SkReuseport, asm.FlowDissector, asm.SkLookup, asm.UnspecProgram:
			return ""
		case asm.SockOps:
			if what == "delete" {
				return ""
			}
			return "takes bpf_sock_map_update and bpf_sock_hash_update in sock_ops programs"
		}
		return fmt.Sprintf("cannot be changed by %v programs", t)
	}
	return "is neither queue nor stack"
}

// mapLookup is bpf_map_lookup_elem(map, key): the address of the value, or null.
func mapLookup(c *Call) (uint64, error) {
	m, err := c.mapFor("lookup", true, false)
	if err != nil {
		return 0, err
	}
	key, err := c.Read(2, int(m.spec.KeySize))
	if err != nil {
		return 0, err
	}
	elem := m.store.find(key)
	if elem < 0 {
		return 0, nil
	}
	switch s := m.store.(type) {
	case *socketStore:
		return c.m.socketAddress(s.sockets[elem], regionSocket), nil
	case *hashStore:
		s.touch(elem)
	}
	return c.m.valueAddress(m, elem), nil
}

// mapLookupPerCPU is bpf_map_lookup_percpu_elem(map, key, cpu).
func mapLookupPerCPU(c *Call) (uint64, error) {
	m, err := c.mapFor("lookup", true, false)
	if err != nil {
		return 0, err
	}
	if !m.spec.Type.PerCPU() {
		return 0, fmt.Errorf("%w 1: map %s of type %v has no value for every CPU", ErrArgument, m.spec.Name, m.spec.Type)
	}
	key, err := c.Read(2, int(m.spec.KeySize))
	if err != nil {
		return 0, err
	}
	elem, cpu := m.store.find(key), uint32(c.Arg(3))
	if elem < 0 || cpu >= CPUs {
		return 0, nil
	}
	return c.m.valueAddressOn(m, elem, int(cpu)), nil
}

// mapUpdate is bpf_map_update_elem(map, key, value, flags). The value for a socket map is a socket.
func mapUpdate(c *Call) (uint64, error) {
	m, err := c.mapFor("update", false, true)
	if err != nil {
		return 0, err
	}
	key, err := c.Read(2, int(m.spec.KeySize))
	if err != nil {
		return 0, err
	}
	flags := asm.UpdateFlags(c.Arg(4))
	if s, ok := m.store.(*socketStore); ok {
		socket, err := c.Socket(3)
		if err != nil {
			return 0, err
		}
		if socket == nil {
			return 0, c.argumentError(3, "is not a socket")
		}
		return s.putChecked(key, socket, flags).Result(), nil
	}
	value, err := c.Read(3, int(m.spec.ValueSize))
	if err != nil {
		return 0, err
	}
	return m.store.update(key, value, flags, c.m.cpu).Result(), nil
}

// mapDelete is bpf_map_delete_elem(map, key).
func mapDelete(c *Call) (uint64, error) {
	m, err := c.mapFor("delete", false, true)
	if err != nil {
		return 0, err
	}
	key, err := c.Read(2, int(m.spec.KeySize))
	if err != nil {
		return 0, err
	}
	return m.store.remove(key).Result(), nil
}

// mapPush is bpf_map_push_elem(map, value, flags).
func mapPush(c *Call) (uint64, error) {
	m, err := c.mapFor("push", false, true)
	if err != nil {
		return 0, err
	}
	value, err := c.Read(2, int(m.spec.ValueSize))
	if err != nil {
		return 0, err
	}
	return m.store.update(nil, value, asm.UpdateFlags(c.Arg(3)), 0).Result(), nil
}

// mapPop is bpf_map_pop_elem(map, value).
func mapPop(c *Call) (uint64, error) { return take(c, "pop", true) }

// mapPeek is bpf_map_peek_elem(map, value).
func mapPeek(c *Call) (uint64, error) { return take(c, "peek", false) }

func take(c *Call, what string, remove bool) (uint64, error) {
	m, err := c.mapFor(what, true, remove)
	if err != nil {
		return 0, err
	}
	value, err := c.Write(2, int(m.spec.ValueSize))
	if err != nil {
		return 0, err
	}
	return m.store.(*queueStore).take(value, remove).Result(), nil
}
