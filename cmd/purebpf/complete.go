package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

func completionCommand() command {
	return command{
		name: "completion", args: "bash|zsh|fish", summary: "print what makes a shell complete command lines",
		help: `
Prints a script with the commands, their flags, formats and programs, and where files go.

  bash   source <(purebpf completion bash)      in ~/.bashrc
  zsh    source <(purebpf completion zsh)       in ~/.zshrc, behind compinit
  fish   purebpf completion fish | source       in ~/.config/fish/config.fish`,
		examples: []string{"purebpf completion bash"},
		setup: func(*flags) action {
			return func(c *console, args []string) error {
				if len(args) != 1 || !slices.Contains(shells(), args[0]) {
					return misuse("for which shell: %s?", alternatives(shells()))
				}
				var write func(b *strings.Builder, all []completed)
				switch args[0] {
				case "bash":
					write = bashCompletion
				case "zsh":
					write = zshCompletion
				case "fish":
					write = fishCompletion
				}
				var b strings.Builder
				write(&b, completedCommands())
				_, err := io.WriteString(c.stdout, b.String())
				return err
			}
		},
	}
}

func shells() []string { return []string{"bash", "zsh", "fish"} }

// completed is a command as shells complete it.
type completed struct {
	name, summary string
	flags         []completedFlag
	words         []string // for arguments that are not flags
	files         bool     // whether these may be files
}

type completedFlag struct {
	name, summary string
	value         bool     // whether the flag has one
	words         []string // that it may be
	files         bool     // whether it may be a file
}

func completedCommands() []completed {
	var all []completed
	for _, cmd := range commands() {
		f := newFlags(cmd.name)
		cmd.setup(f)
		c := completed{name: cmd.name, summary: cmd.summary}
		for _, name := range f.order {
			g := f.set.Lookup(name)
			summary, _, _ := strings.Cut(g.Usage, "\n")
			flag := completedFlag{name: name, summary: summary, value: !isSwitch(g), files: slices.Contains(f.files, name)}
			if choice, ok := g.Value.(*choice); ok {
				flag.words = choice.words
			}
			if name == "type" {
				flag.words = programTypeNames()
			}
			c.flags = append(c.flags, flag)
		}
		for word := range strings.FieldsFuncSeq(cmd.args, func(r rune) bool { return strings.ContainsRune(" |.[]", r) }) {
			switch word {
			case "INPUT":
				c.words, c.files = append(c.words, shippedNames()...), true
			case "FILE", "PATH":
				c.files = true
			case "COMMAND":
				c.words = append(c.words, commandNames()...)
			default:
				if word == strings.ToLower(word) {
					c.words = append(c.words, word)
				}
			}
		}
		all = append(all, c)
	}
	return all
}

func bashCompletion(b *strings.Builder, all []completed) {
	b.WriteString("# bash completion for purebpf\n_purebpf() {\n" +
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words= files=\n" +
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n")
	fmt.Fprintf(b, "\t\twords='%s'\n\telse case ${COMP_WORDS[1]} in\n", strings.Join(commandNames(), " "))
	for _, c := range all {
		fmt.Fprintf(b, "\t%s)\n\t\tcase $prev in\n", c.name)
		for _, f := range c.flags {
			if f.value {
				fmt.Fprintf(b, "\t\t-%s | --%s) words='%s' files=%s ;;\n", f.name, f.name, strings.Join(f.words, " "), yes(f.files))
			}
		}
		fmt.Fprintf(b, "\t\t*) case $cur in\n\t\t\t-?*) words='%s' ;;\n\t\t\t*) words='%s' files=%s ;;\n\t\t\tesac ;;\n\t\tesac ;;\n",
			strings.Join(c.flagNames(), " "), strings.Join(c.words, " "), yes(c.files))
	}
	b.WriteString("\tesac fi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n" +
		"\tif [ -n \"$files\" ]; then\n\t\tlocal IFS=$'\\n'\n\t\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n\tfi\n}\n" +
		"complete -o filenames -F _purebpf purebpf\n")
}

func zshCompletion(b *strings.Builder, all []completed) {
	b.WriteString("#compdef purebpf\n_purebpf() {\n\tlocal -a known\n\tif (( CURRENT == 2 )); then\n\t\tknown=(\n")
	for _, c := range all {
		fmt.Fprintf(b, "\t\t\t%s\n", quote(c.name+":"+c.summary))
	}
	b.WriteString("\t\t)\n\t\t_describe command known\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, c := range all {
		fmt.Fprintf(b, "\t%s)\n\t\tcase $words[CURRENT-1] in\n", c.name)
		for _, f := range c.flags {
			if f.value {
				fmt.Fprintf(b, "\t\t-%s|--%s) %s; return ;;\n", f.name, f.name, zshWords(f.words, f.files))
			}
		}
		b.WriteString("\t\tesac\n\t\tif [[ $PREFIX == -?* || $PREFIX == - ]]; then\n\t\t\tknown=(\n")
		for _, f := range c.flags {
			fmt.Fprintf(b, "\t\t\t\t%s\n", quote("-"+f.name+":"+strings.ReplaceAll(f.summary, ":", `\:`)))
		}
		fmt.Fprintf(b, "\t\t\t)\n\t\t\t_describe -o flag known\n\t\t\treturn\n\t\tfi\n\t\t%s ;;\n", zshWords(c.words, c.files))
	}
	b.WriteString("\tesac\n}\ncompdef _purebpf purebpf\n")
}

func zshWords(words []string, files bool) string {
	var do []string
	if len(words) > 0 {
		do = append(do, "compadd -- "+strings.Join(words, " "))
	}
	if files {
		do = append(do, "_files")
	}
	if do == nil {
		return "true"
	}
	return strings.Join(do, "; ")
}

func fishCompletion(b *strings.Builder, all []completed) {
	b.WriteString("complete -c purebpf -f\n")
	for _, c := range all {
		fmt.Fprintf(b, "complete -c purebpf -n __fish_use_subcommand -a %s -d %s\n", c.name, quote(c.summary))
		on := "complete -c purebpf -n '__fish_seen_subcommand_from " + c.name + "'"
		if c.files {
			fmt.Fprintf(b, "%s -F\n", on)
		}
		if len(c.words) > 0 {
			fmt.Fprintf(b, "%s -a %s\n", on, quote(strings.Join(c.words, " ")))
		}
		for _, f := range c.flags {
			fmt.Fprintf(b, "%s -o %s -d %s", on, f.name, quote(f.summary))
			switch {
			case f.files:
				b.WriteString(" -r -F")
			case f.value:
				fmt.Fprintf(b, " -x -a %s", quote(strings.Join(f.words, " ")))
			}
			b.WriteByte('\n')
		}
	}
}

func (c *completed) flagNames() []string {
	var names []string
	for _, f := range c.flags {
		names = append(names, "-"+f.name)
	}
	return names
}

// quote makes one word of s for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
