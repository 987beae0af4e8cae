package asm

import "fmt"

// call holds the arguments against what the helper takes.
func (c *checker) call(i *inst) {
	h := Helper(i.ins.Imm)
	helper := i.ins.Src == CallHelper && h.Valid()
	var args [5]value
	for n := range args {
		switch {
		case n < i.args:
			args[n] = c.read(i, R1+Register(n))
		case i.args < 0: // whatever is there
			args[n] = c.at[R1+Register(n)]
		}
	}
	for n := range args {
		if helper && n < i.args {
			c.argument(i, h, n, args)
		} else {
			c.lose(args[n])
		}
	}
	result := value{kind: someValue}
	if helper {
		result = returned(i, h)
	}
	c.set(R0, result)
	c.clobber(i)
}

// returned is what is known of a helper's result.
func returned(i *inst, h Helper) value {
	ret := h.Returns()
	var v value
	switch ret.Kind() {
	case ReturnInteger:
		return value{kind: number}
	case ReturnMapValue:
		v.kind = mapValue
	case ReturnMem:
		v.kind = memoryAt
	case ReturnSocket:
		v.kind, v.pointer = fieldTarget, PointerSocket
	case ReturnSockCommon:
		v.kind, v.pointer = fieldTarget, PointerSockCommon
	case ReturnTCPSock:
		v.kind, v.pointer = fieldTarget, PointerTCPSock
	case ReturnPerCPU, ReturnBTF:
		v.kind = kernelAt
	case ReturnVoid:
		return value{gone: i}
	default:
		return value{kind: someValue}
	}
	if ret.OrNull() {
		v.null, v.origin = notTested, i
	}
	return v
}

// argument checks argument n, counted from 0.
func (c *checker) argument(i *inst, h Helper, n int, args [5]value) {
	v, want := args[n], h.Args()[n]
	refuse := func(what, mend string) {
		c.fail(i, fmt.Errorf("%w: argument %d is %s, %v takes a %v; %s", ErrOperand, n+1, what, h, want.Kind(), mend))
	}
	switch {
	case want.Kind() == ArgAnything || v.kind == someValue:
		c.lose(v)
	case v.null != notNull && !want.Has(ArgOrNull):
		c.fail(i, fmt.Errorf("%w: argument %d: %v; call inside an If that it is not, or Return where it is", ErrNull, n+1, v.nullReason()))
	case v.null == isNull || v.kind == number && want.Has(ArgOrNull) && (!v.known || v.n == 0):
	case !want.takes(v):
		refuse(v.String(), want.mend())
	case want.Kind() == ArgSize && v.known && v.n <= 0:
		refuse(fmt.Sprint(v.n), "there is at least one byte")
	case want.Kind() == ArgFunc || want.Kind() == ArgStack || want.Kind() == ArgDynptr:
		c.lose(v)
	case v.object != nil && want.memory():
		c.memoryArgument(i, h, n, args)
	}
}

// memoryArgument holds the size of a stack object against the memory that a helper reads or writes.
func (c *checker) memoryArgument(i *inst, h Helper, n int, args [5]value) {
	v, want := args[n], h.Args()[n]
	size := c.argumentSize(h, n, args)
	if size < 0 || !v.known {
		if v.known && !want.Has(ArgUninit) && !want.Has(ArgWritten) {
			c.readStack(i, v.object, v.n, 1)
		}
		c.lose(v)
		return
	}
	if v.n < 0 || v.n+size > int64(v.object.size) {
		c.fail(i, fmt.Errorf("%w: argument %d: %v takes %s from byte %d of %s on, which has %s; make the object larger or the size smaller",
			ErrStack, n+1, h, bytes(int(size)), v.n, v.object.name, bytes(v.object.size)))
		return
	}
	if !want.Has(ArgUninit) && !want.Has(ArgWritten) {
		c.readStack(i, v.object, v.n, size)
		return
	}
	c.stack.store(v.object, v.n, size)
}

// argumentSize returns how many bytes the helper takes at argument n, -1 when that is not known.
func (c *checker) argumentSize(h Helper, n int, args [5]value) int64 {
	want := h.Args()[n]
	switch want.Kind() {
	case ArgMem:
		if next := n + 1; next < 5 && (h.Args()[next].Kind() == ArgSize || h.Args()[next].Kind() == ArgSizeOrZero) && args[next].known {
			return args[next].n
		}
	case ArgMapKey, ArgMapValue:
		for _, m := range c.a.b.spec.Maps {
			if m.Name != args[0].symbol || m.Name == "" {
				continue
			}
			if want.Kind() == ArgMapKey {
				return int64(m.KeySize)
			}
			return int64(m.ValueSize)
		}
	default:
		if size := want.FixedSize(); size > 0 {
			return int64(size)
		}
	}
	return -1
}

// memory reports whether the argument is the address of memory that the program may own.
func (a ArgKind) memory() bool {
	k := a.Kind()
	return k == ArgMapKey || k == ArgMapValue || k >= ArgMem && k <= ArgMem40
}

// takes reports whether v may be such an argument.
func (a ArgKind) takes(v value) bool {
	packet := v.kind == fieldTarget && (v.pointer == PointerPacket || v.pointer == PointerPacketMeta)
	socket := v.kind == kernelAt || v.kind == mapValue || // of a map of sockets
		v.kind == fieldTarget && (v.pointer.target() == ContextSock || v.pointer.target() == ContextTCPSock)
	switch k := a.Kind(); k {
	case ArgContext:
		return v.kind == contextAt
	case ArgContextOrSock:
		return v.kind == contextAt || socket
	case ArgMap:
		return v.kind == mapAt || v.kind == mapValue // a map of maps has maps
	case ArgSize, ArgSizeOrZero, ArgAllocSize:
		return !v.isPointer()
	case ArgSockCommon, ArgSock:
		return socket
	case ArgRingBufMem:
		return v.kind == memoryAt
	case ArgFunc:
		return v.kind == funcAt
	case ArgStack, ArgDynptr:
		return v.kind == stackAt
	case ArgString, ArgSpinLock, ArgTimer:
		return v.kind == mapValue
	default:
		if a.memory() {
			return v.kind == stackAt || v.kind == mapValue || v.kind == memoryAt || packet
		}
		return true
	}
}

// mend says where an argument of the kind comes from.
func (a ArgKind) mend() string {
	switch a.Kind() {
	case ArgContext, ArgContextOrSock:
		return "Builder.Context returns it"
	case ArgMap:
		return "name one with asm.Map"
	case ArgSize, ArgSizeOrZero, ArgAllocSize:
		return "give the number of bytes"
	case ArgSockCommon, ArgSock:
		return "a context field or another helper gives one"
	case ArgRingBufMem:
		return "bpf_ringbuf_reserve gives one"
	case ArgFunc:
		return "name one with asm.Func"
	case ArgStack, ArgDynptr:
		return "give a stack object"
	case ArgString:
		return "make one with Rodata"
	case ArgSpinLock, ArgTimer:
		return "it is in a map value that was looked up"
	}
	return "give a stack object, or an address in a map value or the packet"
}
