package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/purebpf/purebpf/loader"
)

// kernelProgram is what prog list and prog show print.
type kernelProgram struct {
	ID       uint32       `json:"id"`
	Type     string       `json:"type"`
	Name     string       `json:"name,omitempty"`
	Tag      string       `json:"tag"`
	GPL      bool         `json:"gpl_compatible"`
	LoadedAt time.Time    `json:"loaded_at"`
	UID      uint32       `json:"uid"`
	Xlated   int          `json:"translated_bytes"`
	JITed    int          `json:"compiled_bytes"`
	Verified uint32       `json:"verified_instructions,omitempty"`
	Maps     []uint32     `json:"map_ids,omitempty"`
	BTF      uint32       `json:"btf_id,omitempty"`
	Runs     uint64       `json:"runs,omitempty"`
	RunTime  int64        `json:"run_time_ns,omitempty"`
	Misses   uint64       `json:"recursion_misses,omitempty"`
	Links    []kernelLink `json:"links,omitempty"`
	Pinned   []string     `json:"pinned,omitempty"`
}

// kernelLink is what holds a program somewhere.
type kernelLink struct {
	ID     uint32   `json:"id"`
	Type   string   `json:"type"`
	At     string   `json:"at,omitempty"`
	Target string   `json:"target"`
	Pinned []string `json:"pinned,omitempty"`
}

// listLoaded is prog list.
func listLoaded(c *console, args []string, json bool) error {
	programs, err := describePrograms(args)
	if err != nil {
		return err
	}
	if json {
		return c.printJSON(programs)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "ID\tTYPE\tNAME\tTAG\tLOADED\tUID\tBYTES\tCOMPILED\tMAPS\tATTACHED TO\n")
	for _, p := range programs {
		var at []string
		for _, l := range p.Links {
			at = append(at, l.Target)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", p.ID, p.Type, orDash(p.Name), p.Tag, p.LoadedAt.Format(time.DateTime), p.UID,
			p.Xlated, p.JITed, orDash(joinIDs(p.Maps)), orDash(strings.Join(at, ", ")))
	}
	return w.Flush()
}

// showLoaded is prog show.
func showLoaded(c *console, args []string, json bool) error {
	programs, err := describePrograms(args)
	if err != nil {
		return err
	}
	if json {
		return c.printJSON(programs)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for i, p := range programs {
		if i > 0 {
			fmt.Fprintln(w)
		}
		p.print(w)
	}
	return w.Flush()
}

func (p *kernelProgram) print(w *tabwriter.Writer) {
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("program", "%s", orDash(p.Name))
	row("id", "%d", p.ID)
	row("type", "%s", p.Type)
	row("tag", "%s", p.Tag)
	license := "not compatible with the GPL"
	if p.GPL {
		license = "compatible with the GPL"
	}
	row("licence", "%s", license)
	row("loaded", "%s, by user %d", p.LoadedAt.Format(time.DateTime), p.UID)
	row("instructions", "%d bytes as the kernel rewrote them, %d bytes compiled", p.Xlated, p.JITed)
	if p.Verified > 0 {
		row("verified", "%d instructions", p.Verified)
	}
	row("maps", "%s", orDash(joinIDs(p.Maps)))
	if p.BTF != 0 {
		row("types (BTF)", "%d", p.BTF)
	}
	if p.Runs > 0 {
		row("runs", "%d, %v each", p.Runs, time.Duration(p.RunTime/int64(p.Runs)))
	}
	if p.Misses > 0 {
		row("left out", "%d runs, because the program was running", p.Misses)
	}
	for _, l := range p.Links {
		at := ""
		if l.At != "" {
			at = " at " + l.At
		}
		pinned := ""
		if len(l.Pinned) > 0 {
			pinned = ", pinned at " + strings.Join(l.Pinned, ", ")
		}
		row("attached", "to %s%s by link %d%s", l.Target, at, l.ID, pinned)
	}
	for _, path := range p.Pinned {
		row("pinned", "%s", path)
	}
}

func joinIDs(ids []uint32) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatUint(uint64(id), 10)
	}
	return strings.Join(words, ",")
}

// describePrograms describes the programs that args name, all if there are none.
func describePrograms(args []string) ([]kernelProgram, error) {
	var infos []*loader.Info
	if len(args) == 0 {
		_, err := loader.Find(func(i *loader.Info) bool {
			infos = append(infos, i)
			return false
		})
		if err != nil {
			return nil, err
		}
	}
	for _, arg := range args {
		programs, err := openPrograms(arg, nil)
		if err != nil {
			return nil, err
		}
		for _, p := range programs {
			info, infoErr := p.Info()
			if err == nil {
				err = infoErr
			}
			infos = append(infos, info)
			p.Close()
		}
		if err != nil {
			return nil, err
		}
	}
	links, pins := linksByProgram(), allPins()
	inCgroups := make(map[uint64]bool)
	for _, i := range infos {
		for _, l := range links[i.ID] {
			if l.Type == loader.LinkCgroup {
				inCgroups[l.CgroupID] = true
			}
		}
	}
	cgroups := cgroupPaths(inCgroups)
	boot := bootTime()
	programs := make([]kernelProgram, 0, len(infos))
	for _, i := range infos {
		p := kernelProgram{
			ID: i.ID, Type: i.Type.String(), Name: i.Name, Tag: i.Tag, GPL: i.GPLCompatible,
			LoadedAt: boot.Add(i.LoadTime).Truncate(time.Second), UID: i.UID, Xlated: i.XlatedSize, JITed: i.JITedSize,
			Verified: i.VerifiedInstructions, Maps: i.MapIDs, BTF: i.BTFID, Runs: i.RunCount, RunTime: int64(i.RunTime), Misses: i.RecursionMisses,
		}
		for _, l := range links[i.ID] {
			p.Links = append(p.Links, describeLink(l, pins, cgroups))
		}
		p.Pinned = pinsOf(pins, loader.ProgramObject, i.ID)
		programs = append(programs, p)
	}
	return programs, nil
}

// bootTime is when the machine was booted.
func bootTime() time.Time {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Unix(0, 0)
	}
	return time.Now().Add(-time.Duration(up.Nano()))
}

// linksByProgram lists all links, as far as this process may.
func linksByProgram() map[uint32][]loader.LinkInfo {
	of := make(map[uint32][]loader.LinkInfo)
	links, _ := loader.Links(nil)
	for _, l := range links {
		of[l.ProgramID] = append(of[l.ProgramID], l)
	}
	return of
}

func describeLink(l loader.LinkInfo, pins []loader.Pinned, cgroups map[uint64]string) kernelLink {
	k := kernelLink{ID: l.ID, Type: l.Type.String(), Target: l.Type.String(), Pinned: pinsOf(pins, loader.LinkObject, l.ID)}
	if l.CgroupID == 0 && l.NetNSInode == 0 && l.MapID == 0 && l.Interface == 0 && l.Tracepoint == "" {
		switch l.Type {
		case loader.LinkCgroup, loader.LinkNetNS, loader.LinkSocketMap, loader.LinkXDP, loader.LinkTCX:
			k.At, k.Target = l.AttachType.String(), "nothing any more"
			return k
		}
	}
	switch l.Type {
	case loader.LinkCgroup:
		k.At, k.Target = l.AttachType.String(), fmt.Sprintf("cgroup %d", l.CgroupID)
		if path := cgroups[l.CgroupID]; path != "" {
			k.Target = "cgroup " + path
		}
	case loader.LinkNetNS:
		k.At, k.Target = l.AttachType.String(), fmt.Sprintf("network namespace %d", l.NetNSInode)
	case loader.LinkSocketMap:
		k.At, k.Target = l.AttachType.String(), fmt.Sprintf("map %d", l.MapID)
	case loader.LinkXDP, loader.LinkTCX:
		k.At, k.Target = l.AttachType.String(), fmt.Sprintf("interface %d", l.Interface)
	case loader.LinkRawTracepoint:
		k.Target = "tracepoint " + l.Tracepoint
	}
	return k
}

// pinsOf returns the paths where an object is pinned.
func pinsOf(pins []loader.Pinned, kind loader.ObjectKind, id uint32) (paths []string) {
	for _, pin := range pins {
		if pin.Kind == kind && pin.ID == id {
			paths = append(paths, pin.Path)
		}
	}
	return paths
}
