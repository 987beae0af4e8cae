package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// flags are the flags of a command, declared once: parsing, help and completion all come from here.
type flags struct {
	set      *flag.FlagSet
	order    []string          // as they were declared
	words    map[string]string // for their values, as the synopsis shows them
	required []string
	files    []string // whose values are files
}

func newFlags(name string) *flags {
	f := &flags{set: flag.NewFlagSet(name, flag.ContinueOnError), words: make(map[string]string)}
	f.set.SetOutput(io.Discard)
	return f
}

func (f *flags) declare(name, word string) {
	f.order = append(f.order, name)
	f.words[name] = word
}

// text declares a flag with any value. The word stands for the value in the synopsis.
func (f *flags) text(name, word, value, usage string) *string {
	f.declare(name, word)
	return f.set.String(name, value, usage)
}

// path declares a flag whose value is a file.
func (f *flags) path(name, word, value, usage string) *string {
	f.files = append(f.files, name)
	return f.text(name, word, value, usage)
}

// choice declares a flag that takes one of several words. The synopsis shows them all, unless word is not empty.
func (f *flags) choice(name, word, value, usage string, words ...string) *string {
	if word == "" {
		word = strings.Join(words, "|")
	}
	f.declare(name, word)
	c := &choice{value: value, words: words}
	f.set.Var(c, name, usage)
	return &c.value
}

// list declares a flag that may be given several times.
func (f *flags) list(name, word, usage string) *[]string {
	f.declare(name, word)
	l := new(list)
	f.set.Var(l, name, usage)
	return (*[]string)(l)
}

// on declares a flag without a value.
func (f *flags) on(name, usage string) *bool {
	f.declare(name, "")
	return f.set.Bool(name, false, usage)
}

// given reports whether the command line has the flag.
func (f *flags) given(name string) bool {
	found := false
	f.set.Visit(func(g *flag.Flag) { found = found || g.Name == name })
	return found
}

// choice is the value of a flag that takes one of several words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("want %s%s", alternatives(c.words), didYouMean(s, c.words))
	}
	c.value = s
	return nil
}

// list is the value of a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// parse lets flags stand before, between and behind the other arguments, and returns the others. Behind "--" nothing is a
// flag.
func (f *flags) parse(args []string) ([]string, error) {
	var behind []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, behind = args[:i], args[i+1:]
	}
	var others []string
	for {
		if err := f.set.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, f.misused(err)
		}
		args = f.set.Args()
		if len(args) == 0 {
			break
		}
		others, args = append(others, args[0]), args[1:]
	}
	for _, name := range f.required {
		if !f.given(name) {
			return nil, misuse("needs -%s %s", name, f.words[name])
		}
	}
	return append(others, behind...), nil
}

// misused adds to an error of package flag the flag that may have been meant.
func (f *flags) misused(err error) error {
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		return misuse("no flag -%s%s", name, didYouMean("-"+name, f.dashed()))
	}
	return usageError{err.Error()}
}

// dashed returns the flags as one writes them.
func (f *flags) dashed() []string {
	var all []string
	for _, name := range f.order {
		all = append(all, "-"+name)
	}
	return all
}

// isSwitch reports whether a flag has no value.
func isSwitch(g *flag.Flag) bool {
	b, ok := g.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// synopsis returns each flag as the synopsis shows it.
func (f *flags) synopsis() []string {
	var all []string
	for _, name := range f.order {
		s := strings.TrimSpace("-" + name + " " + f.words[name])
		if !slices.Contains(f.required, name) {
			s = "[" + s + "]"
		}
		if _, ok := f.set.Lookup(name).Value.(*list); ok {
			s += "..."
		}
		all = append(all, s)
	}
	return all
}

// alternatives returns "a, b or c".
func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// didYouMean returns "; did you mean x?" for the word that s is most like, if one is like it.
func didYouMean(s string, words []string) string {
	best, found := max(len(s)/3, 1)+1, ""
	for _, w := range words {
		if d := editDistance(s, w); d < best {
			best, found = d, w
		}
	}
	if found == "" {
		return ""
	}
	return "; did you mean " + found + "?"
}

// editDistance counts the letters to insert, delete, replace or swap with their neighbours that make b of a.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], 1+rows[i-2][j-2])
			}
		}
	}
	return rows[len(a)][len(b)]
}
