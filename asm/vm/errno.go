package vm

import "strconv"

// Errno is an error number of Linux. Helpers return its negative to the program, and the operations on maps return it as
// an error. The numbers are those of most architectures, x86-64 and arm64 among them, whatever system the simulator runs
// on.
type Errno int32

// The error numbers that helpers, maps and sockets return.
const (
	EPERM           Errno = 1
	ENOENT          Errno = 2
	E2BIG           Errno = 7
	EAGAIN          Errno = 11
	ENOMEM          Errno = 12
	EACCES          Errno = 13
	EFAULT          Errno = 14
	EBUSY           Errno = 16
	EEXIST          Errno = 17
	ENODEV          Errno = 19
	EINVAL          Errno = 22
	ENOSPC          Errno = 28
	ERANGE          Errno = 34
	EPIPE           Errno = 32
	ENODATA         Errno = 61
	EBADFD          Errno = 77
	EMSGSIZE        Errno = 90
	EPROTOTYPE      Errno = 91
	ESOCKTNOSUPPORT Errno = 94
	EOPNOTSUPP      Errno = 95
	EAFNOSUPPORT    Errno = 97
	EADDRINUSE      Errno = 98
	EADDRNOTAVAIL   Errno = 99
	ENETUNREACH     Errno = 101
	ECONNREFUSED    Errno = 111
	ESTALE          Errno = 116
	ENOTSUPP        Errno = 524 // not in errno.h, but programs and user space see it
)

// Result returns what a helper that fails with e leaves in r0.
func (e Errno) Result() uint64 { return uint64(-int64(e)) }

// Error returns the name, such as ENOENT.
func (e Errno) Error() string {
	switch e {
	case EPERM:
		return "EPERM"
	case ENOENT:
		return "ENOENT"
	case E2BIG:
		return "E2BIG"
	case EAGAIN:
		return "EAGAIN"
	case ENOMEM:
		return "ENOMEM"
	case EACCES:
		return "EACCES"
	case EFAULT:
		return "EFAULT"
	case EBUSY:
		return "EBUSY"
	case EEXIST:
		return "EEXIST"
	case ENODEV:
		return "ENODEV"
	case EINVAL:
		return "EINVAL"
	case ENOSPC:
		return "ENOSPC"
	case ERANGE:
		return "ERANGE"
	case EPIPE:
		return "EPIPE"
	case ENODATA:
		return "ENODATA"
	case EBADFD:
		return "EBADFD"
	case EMSGSIZE:
		return "EMSGSIZE"
	case EPROTOTYPE:
		return "EPROTOTYPE"
	case ESOCKTNOSUPPORT:
		return "ESOCKTNOSUPPORT"
	case EOPNOTSUPP:
		return "EOPNOTSUPP"
	case EAFNOSUPPORT:
		return "EAFNOSUPPORT"
	case EADDRINUSE:
		return "EADDRINUSE"
	case EADDRNOTAVAIL:
		return "EADDRNOTAVAIL"
	case ENETUNREACH:
		return "ENETUNREACH"
	case ECONNREFUSED:
		return "ECONNREFUSED"
	case ESTALE:
		return "ESTALE"
	case ENOTSUPP:
		return "ENOTSUPP"
	}
	return "errno " + strconv.Itoa(int(e))
}
