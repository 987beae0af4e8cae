package sockredir

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/loader"
	"github.com/purebpf/purebpf/maps"
)

// Redirect is the redirection at work in a cgroup. Its methods may be called from any goroutine.
type Redirect struct {
	collection *loader.Collection
	sockets    *maps.Sockets[[keySize]byte]
	counters   *maps.PerCPU[uint32, counter]
	record     *loader.Link // to the cgroup
	redirect   *loader.Link // to sockets
}

// counter is one CPU's value in the counters map.
type counter struct{ Events, Bytes uint64 }

// Attach redirects the connections that processes of a cgroup will make among themselves. The cgroup is given by its
// directory in a cgroup file system of version 2; the cgroups below it are included. Connections that exist already stay
// with TCP. opts may be nil.
//
// A process brings its sockets into the cgroup by opening them after it has joined; an accepted socket belongs to the
// cgroup of the listening one. It needs Linux 5.15, CAP_BPF and CAP_NET_ADMIN; the error names the capability that is
// missing.
func Attach(cgroup string, opts *Options) (*Redirect, error) {
	r, err := attach(cgroup, opts)
	if err != nil {
		return nil, fmt.Errorf("redirect connections in a cgroup: %w", err)
	}
	return r, nil
}

func attach(cgroup string, opts *Options) (_ *Redirect, err error) {
	dir, err := openCgroup(cgroup)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	object, err := Object(opts)
	if err != nil {
		return nil, err
	}
	r := new(Redirect)
	if r.collection, err = loader.LoadObject(object, nil); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	sockets, _ := r.collection.Map(socketsMap)
	if r.sockets, err = maps.ViewSockets[[keySize]byte](sockets); err != nil {
		return nil, err
	}
	counters, _ := r.collection.Map(countersMap)
	if r.counters, err = maps.ViewPerCPU[uint32, counter](counters); err != nil {
		return nil, err
	}
	// A socket takes the map's program when it is put in, so the map has to have it before the first socket comes.
	redirect, _ := r.collection.Program(RedirectProgram)
	if r.redirect, err = loader.AttachSocketMap(sockets, redirect); err != nil {
		return nil, err
	}
	record, _ := r.collection.Program(RecordProgram)
	if r.record, err = loader.AttachCgroupFile(dir, record); err != nil {
		return nil, err
	}
	return r, nil
}

// openCgroup opens the directory of a cgroup. The kernel would say EBADF to whatever else it were, after everything had
// been loaded.
func openCgroup(path string) (*os.File, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &fs); err != nil {
		dir.Close()
		return nil, fmt.Errorf("statfs %s: %w", path, err)
	}
	if fs.Type != unix.CGROUP2_SUPER_MAGIC {
		dir.Close()
		return nil, fmt.Errorf("%s is not in a cgroup file system of version 2 (its type is %#x)", path, fs.Type)
	}
	return dir, nil
}

// Stats adds up the counters of all CPUs. What happens meanwhile may be counted or not.
func (r *Redirect) Stats() (Stats, error) {
	var sum [numCounters]counter
	for i := range sum {
		values, err := r.counters.Lookup(uint32(i))
		if err != nil {
			return Stats{}, fmt.Errorf("count redirected connections: %w", err)
		}
		for _, v := range values {
			sum[i].Events += v.Events
			sum[i].Bytes += v.Bytes
		}
	}
	traffic := func(i int) Traffic { return Traffic{Messages: sum[i].Events, Bytes: sum[i].Bytes} }
	return Stats{
		Recorded:   sum[counterRecorded].Events,
		Late:       sum[counterLate].Events,
		Refused:    sum[counterRefused].Events,
		Redirected: traffic(counterRedirected),
		Passed:     traffic(counterPassed),
	}, nil
}

// Close ends the recording of new connections and gives everything up. Pairs that are recorded stay redirected until
// they are closed: each socket holds the program, and that the map. With the last of them everything is gone from the
// kernel. Closing again does nothing.
func (r *Redirect) Close() error {
	var errs []error
	for _, l := range []*loader.Link{r.record, r.redirect} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	errs = append(errs, r.collection.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("end the redirection of connections: %w", err)
	}
	return nil
}
