package asm

import (
	"slices"
	"strconv"
	"strings"
)

// function declares that name is a function.
func (u *unit) function(name string) {
	if u.isFunction == nil {
		u.isFunction = make(map[string]bool)
	}
	u.isFunction[name] = true
}

// functions tells functions from labels: the first instruction begins one, and what is called or declared to be one does.
// name is that of the main function when nothing names it.
func (u *unit) functions(name string) {
	if u.spec.Name != "" {
		name = u.spec.Name
	}
	called := u.called()
	functions := u.spec.Functions
	last := int32(-1)
	for _, l := range u.labels {
		if int(l.index) == len(u.insns) {
			break
		}
		local := strings.HasPrefix(l.name, localLabel)
		function := l.function || u.isFunction[l.name] || l.index == 0 && !local
		if !function && !local {
			_, function = slices.BinarySearch(called, l.index)
		}
		switch {
		case function && l.index != last:
			last = l.index
			functions = append(functions, Label{Name: l.name, Index: int(l.index)})
		case !local:
			u.spec.Labels = append(u.spec.Labels, Label{Name: l.name, Index: int(l.index)})
		}
	}
	// What is called without a name gets one.
	byIndex := func(f Label, index int) int { return f.Index - index }
	add := func(name string, index int) {
		if at, ok := slices.BinarySearchFunc(functions, index, byIndex); !ok {
			functions = slices.Insert(functions, at, Label{Name: name, Index: index})
		}
	}
	add(name, 0)
	for _, index := range called {
		name, ok := u.dump.names[u.slots[index]]
		if _, taken := u.byName[name]; !ok || taken {
			name = "sub" + strconv.Itoa(int(u.slots[index]))
		}
		name = u.newName(name)
		if u.byName == nil {
			u.byName = make(map[string]int32)
		}
		u.byName[name] = -1
		add(name, int(index))
	}
	u.spec.Functions = functions
	if u.spec.Name == "" {
		u.spec.Name = functions[0].Name
	}
}

// called returns the instructions, in order, that calls and loads of functions lead to by a distance.
func (u *unit) called() (to []int32) {
	refs := u.spec.References
	for n, i := range u.insns {
		if _, ok := take(&refs, n); ok {
			continue
		}
		if k := kinds[i.Op]; k != kindCall && k != kindLdImm64 {
			continue
		}
		if distance, ok := i.distance(); ok {
			slot := int64(u.slots[n]) + 1 + distance
			if slot != int64(int32(slot)) {
				continue // NewProgram says so
			}
			if index, ok := slices.BinarySearch(u.slots[:len(u.insns)], int32(slot)); ok {
				to = append(to, int32(index))
			}
		}
	}
	slices.Sort(to)
	return slices.Compact(to)
}

// newName returns name, or a name like it that no label has.
func (u *unit) newName(name string) string {
	for {
		if _, ok := u.byName[name]; !ok {
			return name
		}
		name += "_"
	}
}
