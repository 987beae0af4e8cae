package vm

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// tracePrintk is bpf_trace_printk(format, size, up to 3 values).
func tracePrintk(c *Call) (uint64, error) {
	format, err := c.buffer(1, false)
	if err != nil {
		return 0, err
	}
	args := [3]uint64{c.Arg(3), c.Arg(4), c.Arg(5)}
	return c.print(format, args[:])
}

// traceVprintk is bpf_trace_vprintk(format, size, values, size of the values).
func traceVprintk(c *Call) (uint64, error) {
	format, err := c.buffer(1, false)
	if err != nil {
		return 0, err
	}
	size, err := c.Size(4, true)
	if err != nil {
		return 0, err
	}
	values, err := c.Read(3, size)
	if err != nil {
		return 0, err
	}
	if size%8 != 0 || size > 8*12 { // MAX_BPRINTF_VARARGS
		return EINVAL.Result(), nil
	}
	args := make([]uint64, size/8)
	for i := range args {
		args[i] = c.m.number(values[8*i : 8*i+8])
	}
	return c.print(format, args)
}

// print writes a line to the log and returns its length: bpf_bprintf_prepare of kernel/bpf/helpers.c for what it accepts.
func (c *Call) print(format []byte, args []uint64) (uint64, error) {
	end := bytes.IndexByte(format, 0)
	if end < 0 {
		return EINVAL.Result(), nil
	}
	var line []byte
	format = format[:end]
	for len(format) > 0 {
		ch := format[0]
		format = format[1:]
		switch {
		case ch >= 0x80 || ch < 0x20 && (ch < '\t' || ch > '\r'):
			return EINVAL.Result(), nil
		case ch != '%':
			line = append(line, ch)
			continue
		case len(format) > 0 && format[0] == '%':
			line = append(line, '%')
			format = format[1:]
			continue
		}
		v, rest, ok := parseVerb(format)
		if !ok || len(args) == 0 {
			return EINVAL.Result(), nil
		}
		text, err := c.verb(v, args[0])
		if err != nil {
			return 0, err
		}
		line = append(line, text...)
		format, args = rest, args[1:]
	}
	n := uint64(len(line))
	if log := c.Env().Log; log != nil {
		if n == 0 || line[n-1] != '\n' {
			line = append(line, '\n')
		}
		if _, err := log.Write(line); err != nil {
			return 0, fmt.Errorf("write to the log: %w", err)
		}
	}
	return n, nil
}

// verb is what follows a % sign.
type verb struct {
	zero, left, plus bool
	width            int
	long             bool // 64 bits
	kind             byte
}

func parseVerb(f []byte) (v verb, rest []byte, ok bool) {
	for ; len(f) > 0; f = f[1:] {
		switch f[0] {
		case '0':
			v.zero = true
			continue
		case '-':
			v.left = true
			continue
		case '+':
			v.plus = true
			continue
		case ' ':
			continue
		}
		break
	}
	for ; len(f) > 0 && f[0] >= '0' && f[0] <= '9' && v.width < 1000; f = f[1:] {
		v.width = 10*v.width + int(f[0]-'0')
	}
	for n := 0; n < 2 && len(f) > 0 && f[0] == 'l'; n++ {
		v.long, f = true, f[1:]
	}
	if len(f) == 0 {
		return v, nil, false
	}
	v.kind = f[0]
	switch v.kind {
	case 'd', 'i', 'u', 'x', 'X':
		return v, f[1:], true
	case 'c', 's', 'p':
		return v, f[1:], !v.long
	}
	return v, nil, false
}

// verb formats one value.
func (c *Call) verb(v verb, x uint64) (string, error) {
	signed := int64(x)
	switch v.kind {
	case 's':
		b, err := c.text(x)
		return v.pad(string(b)), err
	case 'p':
		return v.pad(fmt.Sprintf("%016x", x)), nil
	}
	if !v.long {
		x, signed = uint64(uint32(x)), int64(int32(uint32(x)))
	}
	var s string
	switch v.kind {
	case 'd', 'i':
		s = strconv.FormatInt(signed, 10)
		if v.plus && signed >= 0 {
			s = "+" + s
		}
	case 'u':
		s = strconv.FormatUint(x, 10)
	case 'x', 'X':
		s = strconv.FormatUint(x, 16)
		if v.kind == 'X' {
			s = strings.ToUpper(s)
		}
	case 'c':
		s = string([]byte{byte(x)})
	}
	return v.pad(s), nil
}

// text returns the bytes up to the next NUL at an address.
func (c *Call) text(addr uint64) ([]byte, error) {
	var text []byte
	for ; len(text) < 512; addr++ {
		b, err := c.m.memory(addr, 1, false)
		if err != nil {
			return nil, err
		}
		if b[0] == 0 {
			break
		}
		text = append(text, b[0])
	}
	return text, nil
}

// pad brings s to the width. Zeros come behind a sign.
func (v verb) pad(s string) string {
	missing := max(0, v.width-len(s))
	switch {
	case v.left:
		return s + strings.Repeat(" ", missing)
	case !v.zero || v.kind == 's' || v.kind == 'c':
		return strings.Repeat(" ", missing) + s
	case s != "" && (s[0] == '-' || s[0] == '+'):
		return s[:1] + strings.Repeat("0", missing) + s[1:]
	}
	return strings.Repeat("0", missing) + s
}
