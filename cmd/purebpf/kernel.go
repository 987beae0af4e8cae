package main

import (
	"slices"
)

// kernelCommands are the commands that ask the kernel.
func kernelCommands() []command {
	return []command{loadCommand, attachCommand, detachCommand, progCommand, mapCommand, probeCommand}
}

// loadFlags are the flags of load.
type loadFlags struct {
	input     *inputFlags
	pin       string
	maps      []string
	byName    string
	log, json bool
}

var loadCommand = command{
	name: "load", args: "INPUT...", summary: "give programs to the kernel, and pin them with their maps",
	help: `
Makes the maps of one or more inputs of any format, which are taken for one object, links the programs to them
and loads them. Then it prints what is in the kernel now: which programs and maps, how large they are and how
many instructions the verifier went through.

Without -pin that is all: programs and maps are gone with this process. With -pin they are pinned in a new
directory of a BPF file system, each under its name, all or none; rm -r DIR takes them out again, unless they
are attached. Maps that say that they are pinned by name (LIBBPF_PIN_BY_NAME) are shared with what is pinned in
the directory -by-name.

A program that the verifier refuses is an error with the deciding line of its log; -log shows all of it.`,
	examples: []string{
		"purebpf load dcid",
		"purebpf load sockredir -pin /sys/fs/bpf/sockredir",
		"purebpf load counter.o -map counts=/sys/fs/bpf/counts -log",
		"purebpf load filter.bpf -type socket_filter",
	},
	setup: func(f *flags) action {
		in := f.input()
		pin := f.path("pin", "DIR", "", "the directory to make and pin all programs and maps in")
		maps := f.list("map", "NAME=MAP", "use a map that is there already: pinned at a path, or id:N, or of a name")
		byName := f.path("by-name", "DIR", "/sys/fs/bpf", "where maps are that say they are pinned by name; only with -pin")
		log := f.on("log", "print the verifier's log, of programs that it accepts, too")
		json := f.on("json", "print it for a script")
		return func(c *console, args []string) error {
			if len(args) == 0 {
				_, err := oneInput(args)
				return err
			}
			return load(c, args, &loadFlags{input: in, pin: *pin, maps: *maps, byName: *byName, log: *log, json: *json})
		}
	},
}

// attachFlags are the flags of attach and detach.
type attachFlags struct {
	at, pin, mode string
}

// places are the attach types that a program may have to be told.
func places() []string {
	return []string{
		"cgroup_inet_ingress", "cgroup_inet_egress", "cgroup_inet_sock_create", "cgroup_inet_sock_release",
		"cgroup_inet4_post_bind", "cgroup_inet6_post_bind", "cgroup_inet4_bind", "cgroup_inet6_bind", "cgroup_inet4_connect",
		"cgroup_inet6_connect", "cgroup_udp4_sendmsg", "cgroup_udp6_sendmsg", "cgroup_udp4_recvmsg", "cgroup_udp6_recvmsg",
		"cgroup_inet4_getpeername", "cgroup_inet6_getpeername", "cgroup_inet4_getsockname", "cgroup_inet6_getsockname",
		"cgroup_unix_connect", "cgroup_unix_sendmsg", "cgroup_unix_recvmsg", "cgroup_unix_getpeername",
		"cgroup_unix_getsockname", "cgroup_getsockopt", "cgroup_setsockopt", "sk_skb_stream_parser", "sk_skb_stream_verdict",
		"sk_skb_verdict", "tcx_ingress", "tcx_egress",
	}
}

func (f *flags) place() *string {
	return f.choice("at", "PLACE", "", "the attach type, for types of programs with more than one: tcx_ingress, ...", places()...)
}

const whatTargetsAre = `
What TARGET is depends on the type of the program:
  sock_ops, cgroup_*             the directory of a cgroup (version 2)
  sk_msg, sk_skb                 a sockmap or sockhash: where it is pinned, or id:N, or its name
  sk_lookup, flow_dissector      the file of a network namespace: /proc/self/ns/net, /run/netns/NAME
  xdp, sched_cls                 a network interface of this network namespace: eth0
  raw_tracepoint                 a tracepoint: sched_switch
Programs of type sk_reuseport and socket_filter are attached to sockets, by the process that has the socket.`

const whatProgramsAre = `
A program is the path where it is pinned, id:N, tag:TAG or its name.`

var attachCommand = command{
	name: "attach", args: "PATH|id:N|NAME TARGET", summary: "attach a loaded program, and pin the link",
	help: `
Attaches a program and pins the link that holds it there: beside the program, under its name and "_link", or
where -pin says. detach takes it off again. On a kernel that has no link for the place (before Linux 5.7 for
cgroups, 6.10 for socket maps) the program is attached without, and stays until it is detached.` + "\n" + whatTargetsAre + "\n" + whatProgramsAre,
	examples: []string{
		"purebpf attach /sys/fs/bpf/sockredir/record_socket /sys/fs/cgroup/web",
		"purebpf attach /sys/fs/bpf/sockredir/redirect_msg /sys/fs/bpf/sockredir/sockets",
		"purebpf attach id:17 eth0 -at tcx_ingress -pin /sys/fs/bpf/eth0_in",
	},
	setup: func(f *flags) action {
		at := f.place()
		pin := f.path("pin", "PATH", "", "where to pin the link, by default where the program is pinned, with _link behind")
		mode := f.choice("mode", "", "any", "how an xdp program runs: in the driver, in the kernel, or as it can", "any", "generic", "driver")
		return func(c *console, args []string) error {
			if len(args) != 2 {
				return misuse("attach which program to what? PATH TARGET")
			}
			return attachPinned(c, args[0], args[1], &attachFlags{at: *at, pin: *pin, mode: *mode})
		}
	},
}

var detachCommand = command{
	name: "detach", args: "PATH|id:N [TARGET]", summary: "detach what is attached, and remove the pin of its link",
	help: `
With one argument, detaches a link, given by the path where it is pinned or as id:N, and removes its pins. The
path of a program stands for the link that attach pinned beside it.

With two, detaches a program from TARGET, however it is attached there.` + "\n" + whatTargetsAre + "\n" + whatProgramsAre,
	examples: []string{
		"purebpf detach /sys/fs/bpf/sockredir/record_socket_link",
		"purebpf detach /sys/fs/bpf/sockredir/record_socket",
		"purebpf detach id:17 /sys/fs/cgroup/web",
	},
	setup: func(f *flags) action {
		at := f.place()
		return func(c *console, args []string) error {
			switch {
			case len(args) == 1 && *at == "":
				return detachLink(c, args[0])
			case len(args) == 2:
				return detachProgram(c, args[0], args[1], &attachFlags{at: *at})
			}
			return misuse("detach what? LINK, or PROGRAM TARGET")
		}
	},
}

var progCommand = command{
	name: "prog", args: "[list|show|dump] [PATH|id:N|tag:TAG|NAME]", summary: "list the programs in the kernel, or show some",
	help: `
  list   a line for each program, or for each of the given ones
  show   all that the kernel tells of the given ones, where they are attached and pinned
  dump   the instructions of one as the kernel rewrote them, with lines of its source, names of helpers and of maps

dump prints names of helpers where this process may read kernel addresses (/proc/kallsyms), offsets otherwise.
The output is a program again for the other commands, as far as the kernel did not put its own code in.
` + whatProgramsAre + ` Several programs may have one name.`,
	examples: []string{"purebpf prog", "purebpf prog show redirect_msg", "purebpf prog dump id:17", "purebpf prog list -json"},
	setup:    listAction("prog", listLoaded, showLoaded, dumpLoaded),
}

var mapCommand = command{
	name: "map", args: "[list|show|dump] [PATH|id:N|NAME]", summary: "list the maps in the kernel, or show what is in some",
	help: `
  list   a line for each map, or for each of the given ones
  show   all that the kernel tells of the given ones, and where they are pinned
  dump   keys and values of the given ones, by their types where the kernel knows them (BTF), else as bytes

Of a per-CPU map the values are those of all possible CPUs. Maps of sockets show the cookies of the sockets
(SO_COOKIE), maps of maps and of programs their ids. Of a queue or stack only the next element can be seen.

A map is the path where it is pinned, id:N or its name. Several maps may have one name.`,
	examples: []string{"purebpf map", "purebpf map dump counts", "purebpf map dump /sys/fs/bpf/dcid/workers -json"},
	setup:    listAction("map", listMaps, showMaps, dumpMaps),
}

// listAction is the setup of a command with the verbs list, show and dump.
func listAction(what string, list, show, dump func(c *console, args []string, json bool) error) func(f *flags) action {
	return func(f *flags) action {
		json := f.on("json", "print it for a script")
		return func(c *console, args []string) error {
			verbs := []string{"list", "show", "dump"}
			verb := "list"
			if len(args) > 0 {
				if verb = args[0]; !slices.Contains(verbs, verb) {
					return misuse("%s what? %s%s", what, alternatives(verbs), didYouMean(verb, verbs))
				}
				args = args[1:]
			}
			switch verb {
			case "list":
				return list(c, args, *json)
			case "show":
				if len(args) == 0 {
					return misuse("show which %s?", what)
				}
				return show(c, args, *json)
			}
			if len(args) == 0 {
				return misuse("dump which %s?", what)
			}
			return dump(c, args, *json)
		}
	}
}

var probeCommand = command{
	name: "probe", summary: "say what this kernel has, and what this process may do with it",
	help: `
Asks the kernel for instructions, types of programs, maps and links, by trying each; nothing is concluded from
its version. What this process may not try is "denied", with the capability that is missing. It prints the
capabilities and the settings that decide on that, too.

Nothing is attached, and nothing stays loaded.`,
	examples: []string{"purebpf probe", "purebpf probe -helpers", "purebpf probe -json"},
	setup: func(f *flags) action {
		helpers := f.on("helpers", "ask for every helper in programs of every type, too; it takes some seconds")
		json := f.on("json", "print it for a script")
		return func(c *console, _ []string) error { return probe(c, *helpers, *json) }
	},
}
