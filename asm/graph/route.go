package graph

import (
	"math"
	"sort"
)

// Edges go down from their box into the channel below its layer, there to their lane, along that to the channel above the
// layer of the box that they lead to, and there to its port. All that leads to a box goes one way, as soon as it can: edges
// forward and edges back of a box are a net each. Nets have places of their own everywhere, so that two lines are never
// upon each other.

// net is what leads to a box, forward or back.
type net struct {
	box     int
	back    bool
	edges   []int // indices into plan.edges
	channel int   // above the box
	// The channels that it is in, the first and the last. Channel c is above layer c.
	from, to int
	lane     int // the column that leads through layers, if from < to
}

type netKey struct {
	box  int
	back bool
}

// port is where an edge leaves its box.
type port struct{ column, channel int }

type path struct {
	points []point
	net    int
}

type point struct{ x, y int }

func (p *plan) findNets() {
	p.netOf = make(map[netKey]int)
	for i, e := range p.edges {
		key := netKey{e.To - p.first, e.Back}
		n, ok := p.netOf[key]
		if !ok {
			channel := p.boxes[key.box].layer
			n = len(p.nets)
			p.netOf[key] = n
			p.nets = append(p.nets, net{box: key.box, back: key.back, channel: channel, from: channel, to: channel})
		}
		below := p.boxes[e.From-p.first].layer + 1
		p.nets[n].edges = append(p.nets[n].edges, i)
		p.nets[n].from = min(p.nets[n].from, below)
		p.nets[n].to = max(p.nets[n].to, below)
	}
}

func (p *plan) netOfEdge(e Edge) int { return p.netOf[netKey{e.To - p.first, e.Back}] }

func (p *plan) inPort(n *net) int {
	if n.back {
		return p.boxes[n.box].inPort[1]
	}
	return p.boxes[n.box].inPort[0]
}

// route finds the paths of all edges, and the heights of everything.
func (p *plan) route() {
	ports := p.ports()
	p.lanes(ports)
	p.straighten(ports)
	tracks := p.tracks(ports)
	p.stack(tracks)
	p.draw(ports, tracks)
}

// ports finds where each edge leaves its box: in the middle where it goes on below, at the side of its way elsewhere.
func (p *plan) ports() []port {
	taken := make(map[port]int) // the net, by place
	for n := range p.nets {
		taken[port{p.inPort(&p.nets[n]), p.nets[n].channel}] = n
	}
	ports := make([]port, len(p.edges))
	for i := len(p.edges) - 1; i >= 0; i-- { // edges that are not taken come first to choose
		e := p.edges[i]
		b, to, n := &p.boxes[e.From-p.first], &p.boxes[e.To-p.first], p.netOfEdge(e)
		want := b.center()
		switch {
		case e.Back:
			want -= b.w / 4
		case e.Kind == Taken && i+1 < len(p.edges) && p.edges[i+1].From == e.From && p.edges[i+1].To == e.To:
			want += b.w / 4 // the other one goes straight down
		case to.center() == b.center() && to.layer == b.layer+1:
		case !p.aside(e):
		case to.center() < b.center():
			want -= b.w / 4
		default:
			want += b.w / 4
		}
		at := port{want, b.layer + 1}
		for k := 0; k <= b.w; k++ {
			at.column = want + (k+1)/2*(1-2*(k&1))
			if at.column <= b.x || at.column >= b.x+b.w {
				continue
			}
			// Straight down into the box below is the only place that an edge shares with the net.
			if by, ok := taken[at]; !ok || by == n && at.column == p.inPort(&p.nets[n]) && k == 0 {
				break
			}
		}
		taken[at] = n
		ports[i] = at
	}
	return ports
}

// straighten moves ports to the lanes of their nets, where these are below the box.
func (p *plan) straighten(ports []port) {
	for i, e := range p.edges {
		n := &p.nets[p.netOfEdge(e)]
		b := &p.boxes[e.From-p.first]
		if ports[i].channel == n.channel || n.lane <= b.x || n.lane >= b.x+b.w {
			continue
		}
		shared := false
		for _, o := range p.g.leaving(e.From) {
			shared = shared || o.Kind != e.Kind && o.To == e.To
		}
		if !shared {
			ports[i].column = n.lane
		}
	}
}

// segment is the horizontal part of a net in a channel.
type segment struct {
	net, channel int
	left, right  int
	up, down     []int // the columns where it is joined from above and from below
	track        int   // -1 where it is no more than a point
}

// tracks finds the horizontal parts of all nets, by channel.
func (p *plan) tracks(ports []port) [][]segment {
	channels := make([][]segment, p.layers+1)
	for n := range p.nets {
		net := &p.nets[n]
		ups := make(map[int][]int) // by channel
		for _, e := range net.edges {
			ups[ports[e].channel] = append(ups[ports[e].channel], ports[e].column)
		}
		if _, ok := ups[net.channel]; !ok {
			ups[net.channel] = nil
		}
		for channel, up := range ups {
			s := segment{net: n, channel: channel, up: up, track: -1}
			if net.from < net.to {
				if channel > net.from {
					s.up = append(s.up, net.lane)
				}
				if channel < net.to {
					s.down = append(s.down, net.lane)
				}
			}
			if channel == net.channel {
				s.down = append(s.down, p.inPort(net))
			}
			s.left, s.right = math.MaxInt, math.MinInt
			for _, columns := range [2][]int{s.up, s.down} {
				for _, c := range columns {
					s.left, s.right = min(s.left, c), max(s.right, c)
				}
			}
			if s.left < s.right {
				channels[channel] = append(channels[channel], s)
			}
		}
	}
	for _, segments := range channels {
		sort.Slice(segments, func(i, j int) bool { return segments[i].net < segments[j].net })
		stackTracks(segments)
	}
	return channels
}

// sortedTracks is up to how many segments of a channel are compared with each other.
const sortedTracks = 48

// stackTracks puts the segments of a channel above each other where they overlap, in an order with few crossings.
func stackTracks(segments []segment) {
	if len(segments) > sortedTracks {
		spans := make([][2]int, len(segments))
		for i, s := range segments {
			spans[i] = [2]int{s.left, s.right}
		}
		for i, track := range spread(spans) {
			segments[i].track = track
		}
		return
	}
	for i := range segments {
		for k := i; k > 0 && crossings(&segments[k], &segments[k-1]) < crossings(&segments[k-1], &segments[k]); k-- {
			segments[k], segments[k-1] = segments[k-1], segments[k]
		}
	}
	for i := range segments {
		s := &segments[i]
		s.track = 0
		for k := range segments[:i] {
			if o := &segments[k]; o.left <= s.right && s.left <= o.right {
				s.track = max(s.track, o.track+1)
			}
		}
	}
}

// crossings counts what crosses when a is above b.
func crossings(a, b *segment) (n int) {
	for _, c := range a.down {
		if c > b.left && c < b.right {
			n++
		}
	}
	for _, c := range b.up {
		if c > a.left && c < a.right {
			n++
		}
	}
	return n
}

// Heights in channels, in pixels.
const (
	trackHeight = 9
	aboveTracks = 12
	belowTracks = 16
)

// stack finds the heights of boxes, and replaces the numbers of tracks by heights.
func (p *plan) stack(tracks [][]segment) {
	heights := make([]int, p.layers)
	for i := range p.boxes {
		b := &p.boxes[i]
		heights[b.layer] = max(heights[b.layer], b.h)
	}
	tops := make([]int, p.layers)
	y := 0
	for c := 0; c <= p.layers; c++ {
		n := 0
		for i := range tracks[c] {
			s := &tracks[c][i]
			n = max(n, s.track+1)
			s.track = y + aboveTracks + s.track*trackHeight
		}
		switch {
		case n > 0:
			y += aboveTracks + (n-1)*trackHeight + belowTracks
		case c > 0 && c < p.layers:
			y += aboveTracks + belowTracks
		}
		if c < p.layers {
			tops[c] = y
			y += heights[c]
		}
	}
	for i := range p.boxes {
		p.boxes[i].y = tops[p.boxes[i].layer]
	}
	p.height = y
}

// draw finds the paths, and how wide all is.
func (p *plan) draw(ports []port, tracks [][]segment) {
	p.low, p.high = math.MaxInt, math.MinInt
	for i := range p.boxes {
		p.low, p.high = min(p.low, p.boxes[i].x), max(p.high, p.boxes[i].x+p.boxes[i].w)
	}
	height := make(map[[2]int]int) // by net and channel
	for _, segments := range tracks {
		for _, s := range segments {
			height[[2]int{s.net, s.channel}] = s.track
			p.low, p.high = min(p.low, s.left), max(p.high, s.right)
		}
	}
	p.paths = make([]path, len(p.edges))
	for i, e := range p.edges {
		n := p.netOfEdge(e)
		net := &p.nets[n]
		from, at := &p.boxes[e.From-p.first], ports[i]
		points := []point{{at.column, from.y + from.h}}
		turn := func(channel, column int) {
			last := points[len(points)-1]
			if column != last.x {
				y := height[[2]int{n, channel}]
				points = append(points, point{last.x, y}, point{column, y})
			}
		}
		if at.channel != net.channel {
			turn(at.channel, net.lane)
		}
		turn(net.channel, p.inPort(net))
		points = append(points, point{p.inPort(net), p.boxes[net.box].y})
		p.paths[i] = path{points, n}
	}
}
