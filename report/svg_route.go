package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// diagram draws the state diagram below y, with the ways of both endpoints, and returns
// where it ends.
func (v *canvas) diagram(c *record.Connection, y float64) float64 {
	r := v.p.routeOf(c)
	v.line(svgMargin, y, svgWidth-svgMargin, y, "rule")
	y += 26
	v.text(svgMargin, y, "title", "State diagram (RFC 9293, Figure 5)")
	v.legend(y + 22)
	v.addf(`<g transform="translate(0 %s)">`, num(y+20))
	for i := range edges { // those not taken lie below
		if r.taken[0][i] == nil && r.taken[1][i] == nil {
			v.edge(&edges[i], [2][]*fsm.Transition{})
		}
	}
	for i := range edges {
		if r.taken[0][i] != nil || r.taken[1][i] != nil {
			v.edge(&edges[i], [2][]*fsm.Transition{r.taken[0][i], r.taken[1][i]})
		}
	}
	for i := range places {
		v.place(&places[i], c, r)
	}
	v.addf("</g>")
	return y + 20 + diagramHigh
}

// legend explains the signs, beside the title.
func (v *canvas) legend(y float64) {
	for side := fsm.Client; side <= fsm.Server; side++ {
		v.path("M"+num(svgMargin)+" "+num(y-4)+"h28", "p-"+sideClass(side))
		v.text(svgMargin+36, y, "small quiet", "the "+side.String()+"'s way, by frames")
		y += 17
	}
	v.path("M"+num(svgMargin)+" "+num(y-4)+"h28", "shaft unproved")
	v.text(svgMargin+36, y, "small quiet", "not proved")
}

// edge draws an arrow, and the frames by which each side took it.
func (v *canvas) edge(e *edge, taken [2][]*fsm.Transition) {
	var d strings.Builder
	for i, at := range e.corners {
		d.WriteByte("ML"[min(i, 1)])
		d.WriteString(num(at[0]) + " " + num(at[1]))
	}
	both := taken[0] != nil && taken[1] != nil
	class := "edge"
	for side, list := range taken {
		if list == nil {
			continue
		}
		class = "p-" + sideClass(fsm.Side(side))
		switch {
		case both && side == 1:
			class += " alternate second"
		case both:
			class += " alternate"
		case !list[len(list)-1].Certain():
			class += " unproved"
		}
		v.path(d.String(), class)
	}
	point := "edgepoint"
	switch {
	case taken[0] != nil:
		point = "cli"
	case taken[1] != nil:
		point = "srv"
	default:
		v.path(d.String(), class)
	}
	n := len(e.corners)
	dx, dy := direction(e.corners[n-2], e.corners[n-1])
	v.head(e.corners[n-1][0], e.corners[n-1][1], dx, dy, point)
	words := "small quiet"
	if point != "edgepoint" {
		words = "small"
	}
	v.anchored(e.x, e.y, words, e.anchor, e.words)
	v.chips(e, taken)
}

// direction is that of an arrow's last piece, which lies along an axis.
func direction(a, b [2]float64) (dx, dy float64) {
	switch {
	case b[0] > a[0]:
		return 1, 0
	case b[0] < a[0]:
		return -1, 0
	case b[1] > a[1]:
		return 0, 1
	}
	return 0, -1
}

// chips writes on an edge the frames by which each side took it.
func (v *canvas) chips(e *edge, taken [2][]*fsm.Transition) {
	a, b := e.corners[e.chip], e.corners[e.chip+1]
	x, y := (a[0]+b[0])/2, (a[1]+b[1])/2
	upright := a[0] == b[0]
	var texts [2]string
	for side, list := range taken {
		if list == nil {
			continue
		}
		texts[side] = fsm.Side(side).String() + " " + v.p.frameIf(list[0])
		if n := len(list); n > 1 {
			texts[side] += ", " + v.p.frameIf(list[n-1])
		}
	}
	both := texts[0] != "" && texts[1] != ""
	for side, text := range texts {
		if text == "" {
			continue
		}
		w := smallCell*float64(cells(text)) + 12
		cx, cy := x, y
		switch way := float64(2*side - 1); {
		case both && upright:
			cy += way * 9
		case both:
			cx += way * (w/2 + 4)
		}
		v.box(cx-w/2, cy-8, w, 16, 8, "chip b-"+sideClass(fsm.Side(side)))
		v.textAround(cx, cy+4, "small "+sideClass(fsm.Side(side)), text)
	}
}

// place draws a state, what happened there that the figure has no arrow for, and who stands
// there at the end.
func (v *canvas) place(at *place, c *record.Connection, r *route) {
	shown := at.state != fsm.Closed || at.last == r.shut || r.been[fsm.Closed] && !at.last
	var notes []routeNote
	if at.state != fsm.Closed {
		notes = r.notes[at.state]
	}
	wide, top, high := float64(boxWide), at.y-boxHalf, float64(2*boxHalf+14*len(notes)) // downwards: arrows end at its top
	for _, n := range notes {
		wide = max(wide, smallCell*float64(cells(v.p.text(n.text)))+20)
	}
	been := r.been[at.state]
	if at.last {
		been = r.shut
	}
	for side := range c.State {
		been = been || c.State[side].State == at.state && at.state != fsm.Closed
	}
	v.box(at.x-wide/2, top, wide, high, 6, "node")
	if been && shown {
		v.box(at.x-wide/2, top, wide, high, 6, "been")
	}
	class := "quiet"
	if been {
		class = "strong"
	}
	y := top + 20
	v.textAround(at.x, y, class, at.state.String())
	for _, n := range notes {
		y += 14
		v.textAround(at.x, y, "small "+sideClass(n.side), n.text)
	}
	for side := range c.State {
		if c.State[side].State != at.state || at.state == fsm.Closed && at.last != r.shut {
			continue
		}
		edge := top
		if at.y == row6 { // nothing leads away below
			edge += high
		}
		v.standing(at.x, edge, wide, fsm.Side(side), c.State[side].Proved)
	}
}

// standing marks on a state's edge who is in it at the end.
func (v *canvas) standing(x, y, wide float64, side fsm.Side, proved bool) {
	text := side.String()
	if !proved {
		text += "?"
	}
	w := smallCell*float64(len(text)) + 12
	left := x - wide/2 - 10
	if side == fsm.Server {
		left = x + wide/2 + 10 - w
	}
	v.box(left, y-9, w, 16, 8, sideClass(side))
	v.textAround(left+w/2, y+3, "small on", text)
}
