package graph

import (
	"container/heap"
	"sort"
)

// mostWork is how many words of bits lanes may look at before it takes the simple way.
const mostWork = 1 << 28

// lanes finds for every net that leads through layers the column that it does so in: one that is free of boxes and of other
// nets in all of these layers, near to where it leads from and to. Short ones come first, so that long ones go around them.
func (p *plan) lanes(ports []port) {
	var long []int
	for n := range p.nets {
		if p.nets[n].from < p.nets[n].to {
			long = append(long, n)
		}
	}
	if len(long) == 0 {
		return
	}
	sort.SliceStable(long, func(i, j int) bool {
		a, b := &p.nets[long[i]], &p.nets[long[j]]
		return a.to-a.from < b.to-b.from
	})
	right := 0
	for i := range p.boxes {
		right = max(right, p.boxes[i].x+p.boxes[i].w)
	}
	margin := len(long) + 2
	words := (right+2*margin)/64 + 1
	work := len(p.boxes)*4 + (2*p.layers+1)*words
	for _, n := range long {
		if work > mostWork {
			break
		}
		work += 2 * (p.nets[n].to - p.nets[n].from) * words
	}
	if work > mostWork {
		p.gutters(long, right)
		return
	}
	f := newField(2*p.layers+1, words, margin)
	for i := range p.boxes {
		b := &p.boxes[i]
		for c := b.x - 1; c <= b.x+b.w+1; c++ {
			f.set(2*b.layer+1, c, true)
		}
	}
	for i := range ports {
		f.set(2*ports[i].channel, ports[i].column, true)
	}
	for n := range p.nets {
		f.set(2*p.nets[n].channel, p.inPort(&p.nets[n]), true)
	}
	for _, n := range long {
		p.lane(f, &p.nets[n], ports)
	}
}

// lane finds the lane of a net.
func (p *plan) lane(f *field, n *net, ports []port) {
	in := p.inPort(n)
	own := func(taken bool) { // its own ports are no obstacles
		f.set(2*n.channel, in, taken)
		for _, e := range n.edges {
			f.set(2*ports[e].channel, ports[e].column, taken)
		}
	}
	own(false)
	f.look(2*n.from, 2*n.to)
	some := n.edges[:min(len(n.edges), 16)]
	cost := func(c int) int {
		v := distance(c, in)
		for _, e := range some {
			v += distance(c, ports[e].column)
		}
		switch {
		case c == in:
			v -= 4 // no bend
		case n.back && c > in:
			v += 40 // loops close at the left
		case !n.back && c < in:
			v += 6 // and all else goes on at the right
		}
		return v
	}
	best := -1 << 30
	for k := 0; best == -1<<30 || k-4 <= cost(best); k++ {
		for _, c := range [2]int{in + k, in - k} {
			if f.free(c) && (best == -1<<30 || cost(c) < cost(best)) {
				best = c
			}
		}
	}
	n.lane = best
	own(true)
	for row := 2 * n.from; row <= 2*n.to; row++ {
		f.set(row, best, true)
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// gutters leads nets around all boxes, those back at the left and those forward at the right. It is for programs so large
// that a search for lanes would take seconds.
func (p *plan) gutters(long []int, right int) {
	for _, back := range [2]bool{false, true} {
		var nets []*net
		var spans [][2]int
		for _, n := range long {
			if net := &p.nets[n]; net.back == back {
				nets = append(nets, net)
				spans = append(spans, [2]int{net.from, net.to})
			}
		}
		for i, c := range spread(spans) {
			nets[i].lane = right + 2 + c
			if back {
				nets[i].lane = -2 - c
			}
		}
	}
}

// field has a bit for each row and column that is taken.
type field struct {
	bits   []uint64
	words  int // of a row
	margin int // of columns left of 0
	seen   []uint64
}

func newField(rows, words, margin int) *field {
	return &field{bits: make([]uint64, rows*words), words: words, margin: margin, seen: make([]uint64, words)}
}

func (f *field) set(row, column int, taken bool) {
	c := column + f.margin
	if c < 0 || c >= 64*f.words {
		return
	}
	word, bit := &f.bits[row*f.words+c/64], uint64(1)<<(c%64)
	if taken {
		*word |= bit
	} else {
		*word &^= bit
	}
}

// look notes what is taken in any of the rows, for free.
func (f *field) look(first, last int) {
	clear(f.seen)
	for row := first; row <= last; row++ {
		for i, w := range f.bits[row*f.words : (row+1)*f.words] {
			f.seen[i] |= w
		}
	}
}

// free reports whether nothing is in the column in the rows that were looked at. Beyond the margins, nothing is.
func (f *field) free(column int) bool {
	c := column + f.margin
	return c < 0 || c >= 64*f.words || f.seen[c/64]>>(c%64)&1 == 0
}

// spread gives each span a number, so that spans which touch have different ones, and as few as possible.
func spread(spans [][2]int) []int {
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return spans[order[i]][0] < spans[order[j]][0] })
	numbers := make([]int, len(spans))
	var busy ends
	var free []int
	used := 0
	for _, i := range order {
		for len(busy) > 0 && busy[0].end < spans[i][0] {
			free = append(free, heap.Pop(&busy).(end).number)
		}
		n := used
		if len(free) > 0 {
			n, free = free[len(free)-1], free[:len(free)-1]
		} else {
			used++
		}
		numbers[i] = n
		heap.Push(&busy, end{spans[i][1], n})
	}
	return numbers
}

// ends is a heap of where spans end.
type ends []end

type end struct{ end, number int }

func (e ends) Len() int { return len(e) }
func (e ends) Less(i, j int) bool {
	return e[i].end < e[j].end || e[i].end == e[j].end && e[i].number < e[j].number
}
func (e ends) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)   { *e = append(*e, x.(end)) }
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
