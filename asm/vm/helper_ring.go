package vm

import (
	"fmt"

	"github.com/purebpf/purebpf/asm"
)

// ring returns the ring buffer that argument n is.
func (c *Call) ring(n int) (*Map, *ringStore, error) {
	m, err := c.Map(n)
	if err != nil {
		return nil, nil, err
	}
	s, ok := m.store.(*ringStore)
	if !ok {
		return nil, nil, fmt.Errorf("%w %d: map %s of type %v is not a ring buffer", ErrArgument, n, m.spec.Name, m.spec.Type)
	}
	return m, s, nil
}

const wakeupFlags = asm.RBNoWakeup | asm.RBForceWakeup

// ringOutput is bpf_ringbuf_output(ring buffer, data, size, flags).
func ringOutput(c *Call) (uint64, error) {
	_, s, err := c.ring(1)
	if err != nil {
		return 0, err
	}
	size, err := c.Size(3, true)
	if err != nil {
		return 0, err
	}
	data, err := c.Read(2, size)
	if err != nil {
		return 0, err
	}
	if c.Arg(4)&^wakeupFlags != 0 {
		return EINVAL.Result(), nil
	}
	b, at := s.reserve(uint64(size))
	if b == nil {
		return EAGAIN.Result(), nil
	}
	copy(b, data)
	s.commit(at, recordSubmitted)
	return 0, nil
}

// ringReserve is bpf_ringbuf_reserve(ring buffer, size, flags): the address of the record, or null.
func ringReserve(c *Call) (uint64, error) {
	m, s, err := c.ring(1)
	if err != nil {
		return 0, err
	}
	if c.Arg(3) != 0 {
		return 0, nil
	}
	b, at := s.reserve(c.Arg(2))
	if b == nil {
		return 0, nil
	}
	c.m.reserved++
	id := c.m.add(region{kind: regionRecord, read: true, write: true, data: b, of: m, at: at})
	return address(id, 0), nil
}

// ringSubmit is bpf_ringbuf_submit(record, flags).
func ringSubmit(c *Call) (uint64, error) { return commit(c, recordSubmitted) }

// ringDiscard is bpf_ringbuf_discard(record, flags).
func ringDiscard(c *Call) (uint64, error) { return commit(c, recordDiscarded) }

func commit(c *Call, to recordState) (uint64, error) {
	id, offset := split(c.Arg(1))
	if id >= uint64(len(c.m.regions)) || c.m.regions[id].kind != regionRecord || offset != 0 {
		return 0, c.argumentError(1, "is not what bpf_ringbuf_reserve returned")
	}
	r := c.m.regions[id]
	r.of.(*Map).store.(*ringStore).commit(r.at, to)
	c.m.drop(int(id))
	c.m.reserved--
	return 0, nil
}

// releaseRecords discards the records that a run left reserved, which the kernel does not let a program do.
func (m *Machine) releaseRecords() error {
	if m.reserved == 0 {
		return nil
	}
	m.reserved = 0
	name := ""
	for id := idDynamic; id < len(m.regions); id++ {
		if r := m.regions[id]; r.kind == regionRecord {
			ring := r.of.(*Map)
			ring.store.(*ringStore).commit(r.at, recordDiscarded)
			name = ring.spec.Name
		}
	}
	return fmt.Errorf("%w: a record of ring buffer %s is neither submitted nor discarded", ErrReference, name)
}

// ringQuery is bpf_ringbuf_query(ring buffer, flags).
func ringQuery(c *Call) (uint64, error) {
	m, s, err := c.ring(1)
	if err != nil {
		return 0, err
	}
	switch c.Arg(2) {
	case asm.RBAvailData:
		return s.producer - s.consumer, nil
	case asm.RBRingSize:
		return uint64(m.spec.MaxEntries), nil
	case asm.RBConsPos:
		return s.consumer, nil
	case asm.RBProdPos:
		return s.producer, nil
	}
	return 0, nil
}
