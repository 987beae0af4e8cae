package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/purebpf/purebpf/internal/sys"
	"github.com/purebpf/purebpf/loader"
)

// probed is what probe prints.
type probed struct {
	Release      string             `json:"release"`
	Machine      string             `json:"machine"`
	Capabilities []probedCapability `json:"capabilities"`
	Settings     []probedSetting    `json:"settings"`
	Lockdown     string             `json:"lockdown,omitempty"`
	Memlock      *uint64            `json:"memlock_bytes"` // null without a limit
	Instructions []probedAnswer     `json:"instructions"`
	Features     []probedAnswer     `json:"features"`
	Programs     []probedAnswer     `json:"program_types"`
	Maps         []probedAnswer     `json:"map_types"`
	Links        []probedAnswer     `json:"link_types"`
}

type probedCapability struct {
	Name       string `json:"name"`
	Held       bool   `json:"held"`
	Namespaced bool   `json:"in_user_namespace_only,omitempty"`
}

type probedSetting struct {
	Name    string `json:"name"`
	Value   string `json:"value,omitempty"`
	Meaning string `json:"meaning,omitempty"`
	Error   string `json:"error,omitempty"`
}

type probedAnswer struct {
	Name    string         `json:"name"`
	Verdict string         `json:"verdict"` // yes, no, denied, unknown
	Missing []string       `json:"missing_capabilities,omitempty"`
	Reason  string         `json:"reason,omitempty"` // of denied and unknown
	Helpers []probedAnswer `json:"helpers,omitempty"`
}

// probe is the command of that name.
func probe(c *console, helpers, json bool) error {
	report := loader.Probe(&loader.ProbeOptions{Helpers: helpers})
	p := describeProbe(report)
	if json {
		return c.printJSON(p)
	}
	return p.print(c)
}

func describeProbe(r *loader.Report) *probed {
	p := &probed{Release: r.Release, Machine: r.Machine, Lockdown: r.Lockdown}
	if r.Memlock != loader.MemlockUnlimited {
		p.Memlock = &r.Memlock
	}
	for _, held := range r.Capabilities {
		p.Capabilities = append(p.Capabilities, probedCapability{held.Capability.String(), held.Held, held.Namespaced})
	}
	for _, s := range r.Settings {
		setting := probedSetting{Name: s.Name, Value: s.Value, Meaning: s.Meaning}
		if s.Err != nil {
			setting.Error = s.Err.Error()
		}
		p.Settings = append(p.Settings, setting)
	}
	for _, a := range r.Instructions {
		p.Instructions = append(p.Instructions, describeAnswer(a, nil))
	}
	for _, a := range r.Features {
		p.Features = append(p.Features, describeAnswer(a, nil))
	}
	for _, a := range r.Programs {
		answer := describeAnswer(a.Answer, a.Missing)
		for _, h := range a.Helpers {
			answer.Helpers = append(answer.Helpers, describeAnswer(h.Answer, nil))
		}
		p.Programs = append(p.Programs, answer)
	}
	for _, a := range r.Maps {
		p.Maps = append(p.Maps, describeAnswer(a.Answer, nil))
	}
	for _, a := range r.Links {
		p.Links = append(p.Links, describeAnswer(a.Answer, nil))
	}
	return p
}

func describeAnswer(a loader.Answer, missing []loader.Capability) probedAnswer {
	answer := probedAnswer{Name: a.Name, Verdict: a.Verdict().String()}
	switch a.Verdict() {
	case loader.Denied:
		if len(missing) == 0 {
			missing = a.MissingCapabilities()
		}
		for _, m := range missing {
			answer.Missing = append(answer.Missing, m.String())
		}
		answer.Reason = a.Err.Error()
		var permission *sys.PermissionError
		if errors.As(a.Err, &permission) { // what was tried is known from the name
			answer.Reason = permission.Error()
		}
	case loader.Unknown:
		answer.Reason = a.Err.Error()
	}
	return answer
}

func (p *probed) print(c *console) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Linux %s on %s\n\nCAPABILITY\n", p.Release, p.Machine)
	for _, held := range p.Capabilities {
		state := "missing"
		switch {
		case held.Held:
			state = "held"
		case held.Namespaced:
			state = "missing: held in a user namespace only, where it does not count"
		}
		fmt.Fprintf(w, "  %s\t%s\n", held.Name, state)
	}
	w.Flush()
	fmt.Fprint(w, "\nSETTING\n")
	for _, s := range p.Settings {
		value := s.Value
		if s.Error != "" {
			value = "?"
			s.Meaning = s.Error
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %s\t%s\t%s", s.Name, value, s.Meaning), "\t"))
	}
	if p.Lockdown != "" {
		fmt.Fprintf(w, "  lockdown\t%s\n", p.Lockdown)
	}
	memlock := "unlimited"
	if p.Memlock != nil {
		memlock = fmt.Sprintf("%d\tbytes; counts before Linux 5.11 only", *p.Memlock)
	}
	fmt.Fprintf(w, "  RLIMIT_MEMLOCK\t%s\n", memlock)
	w.Flush()
	for _, section := range []struct {
		title   string
		answers []probedAnswer
	}{
		{"INSTRUCTIONS", p.Instructions}, {"FEATURE", p.Features}, {"PROGRAM TYPE", p.Programs}, {"MAP TYPE", p.Maps}, {"LINK TYPE", p.Links},
	} {
		fmt.Fprintf(w, "\n%s\n", section.title)
		for _, a := range section.answers {
			fmt.Fprintf(w, "  %s\t%s\n", a.Name, a.text())
		}
		w.Flush()
	}
	for _, a := range p.Programs {
		if len(a.Helpers) > 0 {
			fmt.Fprintf(&b, "\nHELPERS of %s\n", a.Name)
			printHelpers(&b, a.Helpers)
		}
	}
	_, err := c.stdout.Write([]byte(b.String()))
	return err
}

// text is the verdict, and for what is denied or unknown why.
func (a *probedAnswer) text() string {
	switch {
	case len(a.Missing) > 0:
		return a.Verdict + ": missing " + strings.Join(a.Missing, ", ")
	case a.Reason != "":
		return a.Verdict + ": " + a.Reason
	}
	return a.Verdict
}

// printHelpers lists the helpers that are there, and those of which it cannot be told.
func printHelpers(b *strings.Builder, helpers []probedAnswer) {
	for _, verdict := range []string{loader.Yes.String(), loader.Denied.String(), loader.Unknown.String()} {
		var names []string
		for _, h := range helpers {
			if h.Verdict == verdict {
				names = append(names, strings.TrimPrefix(h.Name, "bpf_"))
			}
		}
		if len(names) == 0 {
			continue
		}
		line := "  " + verdict + ":"
		for _, name := range names {
			if len(line)+1+len(name) > 115 {
				b.WriteString(line + "\n")
				line = "   "
			}
			line += " " + name
		}
		b.WriteString(line + "\n")
	}
}
