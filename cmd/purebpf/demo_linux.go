package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/purebpf/purebpf/internal/capability"
	"github.com/purebpf/purebpf/internal/sandbox"
)

// demonstrate runs the program again in a sandbox, and there shows what the programs do.
func demonstrate(c *console, all []program) error {
	missing, err := missingCapabilities()
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		hint := "run it as root"
		if os.Geteuid() == 0 {
			hint = "root of a container or a user namespace is not enough"
		}
		return simulate(c.stdout, all, fmt.Sprintf("this process lacks %s, so nothing was loaded: %s", capability.List(missing), hint))
	}
	var failure error
	status, err := sandbox.Run(func(s *sandbox.Sandbox) int {
		failure = show(c, all, s)
		return 0
	})
	switch {
	case err != nil:
		return onlyAssembled(c, all, err)
	case failure != nil:
		return failure
	case status != 0:
		return exitStatus(status)
	}
	return nil
}

// missingCapabilities returns those of the demonstration that this process lacks.
func missingCapabilities() ([]capability.Capability, error) {
	need := []capability.Capability{
		capability.CAP_SYS_ADMIN, // makes the namespaces
		capability.CAP_NET_ADMIN, // sets loopback up in them, attaches to the cgroup
		capability.CAP_BPF,
	}
	if os.Geteuid() != 0 {
		need = append(need, capability.CAP_DAC_OVERRIDE) // makes the cgroup, below one that is root's
	}
	return capability.Missing(need...)
}

// onlyAssembled shows the programs and returns why there is no more to show.
func onlyAssembled(c *console, all []program, reason error) error {
	if err := table(c.stdout, notLoaded(all)); err != nil {
		return err
	}
	return reason
}

// patience is how long traffic may take on a machine that is busy with something else; it takes a fraction of a second.
const patience = 20 * time.Second

// show measures every program and prints the table, with dashes for what failed.
func show(c *console, all []program, s *sandbox.Sandbox) error {
	rows := notLoaded(all)
	traffics := make(map[string]traffic)
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	for i := range rows {
		rows[i].load, err = loadTime(rows[i].program)
		note(err)
	}
	traffics[dcidName], err = runDCID()
	note(err)
	traffics[bytemodName], err = runBytemod()
	note(err)
	redirected, err := runSockredir(s)
	note(err)
	traffics[recordName], traffics[redirectName] = redirected.sockets, redirected.messages

	for i, r := range rows {
		rows[i].traffic = traffics[r.name]
		for _, mistake := range rows[i].mistakes() {
			errs = append(errs, errors.New(mistake))
		}
	}
	if err := table(c.stdout, rows); err != nil {
		return err
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if _, err := fmt.Fprintf(c.stdout, legend, redirected.packets, redirected.packetsWithout); err != nil {
		return err
	}
	return nil
}

const legend = `
LOAD is the kernel's time to verify and compile, the fastest of 5. RIGHT is how much went where it should:
  dcid       datagrams to the one of 4 sockets that made their connection ID, from 64 ports, half sent by UDP_SEGMENT
  bytemod    datagrams to the one of 4 sockets with the number of their first byte modulo 4, from 16 ports
  sockredir  TCP sockets and messages past TCP to the peer: %d packets on loopback, %d without it
WITHOUT IT is the same traffic, measured again after the program was taken away.

All traffic went where it should.
`
