package browse

import (
	"math"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// graph is a picture of points over time, of one side at a time.
type graph struct {
	rtt    bool
	points [2][]point
	side   fsm.Side
	whole  [2]float64 // the time of all points
	shown  [2]float64 // what is seen of it
}

func sequenceGraph(c *record.Connection) *graph {
	return newGraph(c, false, sequencePoints(c, fsm.Client), sequencePoints(c, fsm.Server))
}

func rttGraph(c *record.Connection) *graph {
	return newGraph(c, true, rttPoints(c, fsm.Client), rttPoints(c, fsm.Server))
}

func newGraph(c *record.Connection, rtt bool, client, server []point) *graph {
	g := &graph{rtt: rtt, points: [2][]point{client, server}}
	g.whole[1] = max(1e-6, c.Last.Seconds(c.First))
	g.shown = g.whole
	if dataOf(server) > dataOf(client) { // who sends more is shown first
		g.side = fsm.Server
	}
	return g
}

// dataOf measures what points show.
func dataOf(list []point) (n float64) {
	for _, p := range list {
		switch p.kind {
		case pointRTT:
			n++
		case pointData, pointResent:
			n += p.top - p.low
		}
	}
	return n
}

// key zooms, moves, and changes the direction.
func (g *graph) key(key string) {
	mid, half := (g.shown[0]+g.shown[1])/2, (g.shown[1]-g.shown[0])/2
	switch key {
	case "+", "=":
		half /= 2
	case "-":
		half *= 2
	case "left", "h":
		mid -= half / 2
	case "right", "l":
		mid += half / 2
	case "0":
		mid, half = (g.whole[0]+g.whole[1])/2, math.Inf(1)
	case "d":
		g.side = g.side.Peer()
		return
	default:
		return
	}
	half = max(1e-6, min(half, (g.whole[1]-g.whole[0])/2))
	mid = max(g.whole[0]+half, min(mid, g.whole[1]-half))
	g.shown = [2]float64{mid - half, mid + half}
}

// visible returns the points in the part that is shown, and the bounds of their heights.
func (g *graph) visible() (list []point, low, top float64) {
	low, top = math.Inf(1), math.Inf(-1)
	for _, p := range g.points[g.side&1] {
		if p.at < g.shown[0] || p.at > g.shown[1] {
			continue
		}
		list = append(list, p)
		if p.kind == pointRST { // its number may be anything
			continue
		}
		low, top = min(low, p.low), max(top, p.top)
	}
	if g.rtt {
		low = 0
	}
	if math.IsInf(low, 1) {
		low, top = 0, 1
	}
	if top <= low {
		top = low + 1
	}
	return list, low, top
}

const axisCells = 10

func (g *graph) body(s *Screen, width, height int) []string {
	list, low, top := g.visible()
	if len(list) == 0 {
		return []string{"", "  " + g.title(), "", "  nothing to draw here; d shows the other direction"}
	}
	p := newPlot(width-axisCells-1, height-4, s.o.Render.ASCII)
	x := func(at float64) float64 { return (at - g.shown[0]) / (g.shown[1] - g.shown[0]) }
	y := func(v float64) float64 { return (v - low) / (top - low) }
	last, acked := -1.0, 0.0
	for _, q := range list {
		switch q.kind {
		case pointRTT:
			p.dot(x(q.at), y(q.top), inkData)
		case pointAck, pointZero:
			if last >= 0 { // the acknowledged number stays until the next
				p.line(x(last), y(acked), x(q.at), y(acked), inkAck)
				p.line(x(q.at), y(acked), x(q.at), y(q.low), inkAck)
			}
			if last, acked = q.at, q.low; q.kind == pointZero {
				p.sign(x(q.at), y(q.low), '0')
			}
		case pointResent:
			p.line(x(q.at), y(q.low), x(q.at), y(q.top), inkResent)
			p.sign(x(q.at), y(q.top), 'R')
		case pointFIN:
			p.sign(x(q.at), y(q.top), 'F')
		case pointRST:
			p.sign(x(q.at), max(0, min(1, y(q.top))), 'X')
		default:
			p.line(x(q.at), y(q.low), x(q.at), y(q.top), inkData)
		}
	}
	lines := []string{" " + g.title()}
	edge := "│"
	if s.o.Render.ASCII {
		edge = "|"
	}
	for i, row := range p.rows(s.paint) {
		label := ""
		switch i {
		case 0:
			label = g.label(top)
		case p.h - 1:
			label = g.label(low)
		case p.h / 2:
			label = g.label(low + (top-low)*(1-float64(i)/float64(p.h)))
		}
		lines = append(lines, s.paint.quiet(fitRight(label, axisCells-1, s.paint)+edge)+row)
	}
	from, to := phrase.Duration(g.shown[0]), phrase.Duration(g.shown[1])
	lines = append(lines, strings.Repeat(" ", axisCells)+s.paint.quiet(fill(from, to, width-axisCells-1, s.paint)))
	return append(lines, " "+s.paint.quiet(g.legend(s, list)))
}

func (g *graph) label(v float64) string {
	if g.rtt {
		return phrase.Duration(v)
	}
	return phrase.Size(uint64(max(0, v)))
}

// title says what is drawn.
func (g *graph) title() string {
	who := g.side.String()
	if !g.rtt {
		return "What the " + who + " sent: sequence numbers over time"
	}
	return "Round trips of the " + who + "'s data, from the capture point to the " + g.side.Peer().String() + " and back"
}

// figures are the least, the median and the most of the round trips that are seen.
func figures(list []point) string {
	var all []float64
	for _, p := range list {
		all = append(all, p.top)
	}
	slices.Sort(all)
	return "least " + phrase.Duration(all[0]) + ", median " + phrase.Duration(all[len(all)/2]) + ", most " + phrase.Duration(all[len(all)-1])
}

func (g *graph) legend(s *Screen, list []point) string {
	switch {
	case g.rtt:
		return figures(list) + "; " + phrase.Counted(len(list), "segment", "segments") + " sent once"
	case s.o.Render.ASCII:
		return "| data  . acknowledged  R sent again  0 window closed  F FIN  X RST"
	case s.paint.color:
		return sgr("36", "⡇") + " data  " + sgr("32", "⠤") + " acknowledged  " + sgr("31", "R") + " sent again  0 window closed  F FIN  X RST"
	}
	return "upright: data  level: acknowledged  R sent again  0 window closed  F FIN  X RST"
}
