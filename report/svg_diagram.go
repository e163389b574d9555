package report

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// The state diagram is Figure 5 of RFC 9293, with the same two boxes for CLOSED: where a
// connection begins, and where it ends.

// The places of its boxes: three columns, seven rows.
const (
	colLeft, colMid, colRight = 186, 480, 774

	row0, row1, row2, row3, row4, row5, row6 = 30, 102, 174, 246, 318, 396, 480

	diagramHigh = 524
	boxWide     = 148 // of a state, and half of its height
	boxHalf     = 16
	boxSide     = boxWide / 2
)

// place is where a state stands in the diagram.
type place struct {
	state fsm.State
	x, y  float64
	last  bool // the box for CLOSED where connections end
}

var places = []place{
	{state: fsm.Closed, x: colMid, y: row0}, {state: fsm.Listen, x: colMid, y: row1},
	{state: fsm.SynReceived, x: colLeft, y: row2}, {state: fsm.SynSent, x: colRight, y: row2},
	{state: fsm.Established, x: colMid, y: row3},
	{state: fsm.FinWait1, x: colLeft, y: row4}, {state: fsm.CloseWait, x: colRight, y: row4},
	{state: fsm.FinWait2, x: colLeft, y: row5}, {state: fsm.Closing, x: colMid, y: row5}, {state: fsm.LastAck, x: colRight, y: row5},
	{state: fsm.TimeWait, x: colMid, y: row6}, {state: fsm.Closed, x: colRight, y: row6, last: true},
}

// edge is an arrow of the diagram: its corners, and where its words stand.
type edge struct {
	from, to fsm.State
	event    fsm.Event
	words    string
	corners  [][2]float64
	x, y     float64 // of the words
	anchor   string
	chip     int // between which corners the frames stand: the first of the two
}

var edges = []edge{
	{fsm.Closed, fsm.Listen, fsm.PassiveOpen, "passive OPEN", [][2]float64{{colMid - 20, row0 + boxHalf}, {colMid - 20, row1 - boxHalf}}, colMid - 62, row0 + 40, "end", 0},
	{fsm.Listen, fsm.Closed, fsm.CloseCall, "CLOSE", [][2]float64{{colMid + 36, row1 - boxHalf}, {colMid + 36, row0 + boxHalf}}, colMid + 44, row0 + 46, "", 0},
	{fsm.Closed, fsm.SynSent, fsm.SendSYN, "active OPEN / snd SYN", [][2]float64{{colMid + boxSide, row0 + 7}, {colRight - 10, row0 + 7}, {colRight - 10, row2 - boxHalf}}, colMid + boxSide + 10, row0 + 21, "", 1},
	{fsm.SynSent, fsm.Closed, fsm.CloseCall, "CLOSE", [][2]float64{{colRight + 40, row2 - boxHalf}, {colRight + 40, row0 - 7}, {colMid + boxSide, row0 - 7}}, colMid + boxSide + 18, row0 - 12, "", 0},
	{fsm.Listen, fsm.SynReceived, fsm.RecvSYN, "rcv SYN / snd SYN,ACK", [][2]float64{{colMid - boxSide, row1}, {colLeft, row1}, {colLeft, row2 - boxHalf}}, colLeft + 12, row1 - 6, "", 1},
	{fsm.Listen, fsm.SynSent, fsm.SendSYN, "SEND / snd SYN", [][2]float64{{colMid + boxSide, row1}, {colRight - 48, row1}, {colRight - 48, row2 - boxHalf}}, colMid + boxSide + 10, row1 - 6, "", 0},
	{fsm.SynSent, fsm.SynReceived, fsm.RecvSYN, "rcv SYN / snd SYN,ACK", [][2]float64{{colRight - boxSide, row2}, {colLeft + boxSide, row2}}, colMid, row2 - 12, "middle", 0},
	{fsm.SynReceived, fsm.Established, fsm.AckOfSYN, "rcv ACK of SYN", [][2]float64{{colLeft + 20, row2 + boxHalf}, {colLeft + 20, row3}, {colMid - boxSide, row3}}, colLeft + 30, row3 - 12, "", 1},
	{fsm.SynSent, fsm.Established, fsm.RecvSYNACK, "rcv SYN,ACK / snd ACK", [][2]float64{{colRight - 20, row2 + boxHalf}, {colRight - 20, row3}, {colMid + boxSide, row3}}, colRight - 30, row3 - 12, "end", 1},
	{fsm.SynReceived, fsm.FinWait1, fsm.SendFIN, "CLOSE / snd FIN", [][2]float64{{colLeft - 36, row2 + boxHalf}, {colLeft - 36, row4 - boxHalf}}, colLeft - 44, row3 + 30, "end", 0},
	{fsm.Established, fsm.FinWait1, fsm.SendFIN, "CLOSE / snd FIN", [][2]float64{{colMid - 20, row3 + boxHalf}, {colMid - 20, row4}, {colLeft + boxSide, row4}}, colMid - 30, row4 - 12, "end", 1},
	{fsm.Established, fsm.CloseWait, fsm.RecvFIN, "rcv FIN / snd ACK", [][2]float64{{colMid + 20, row3 + boxHalf}, {colMid + 20, row4}, {colRight - boxSide, row4}}, colMid + 30, row4 - 12, "", 1},
	{fsm.FinWait1, fsm.FinWait2, fsm.AckOfFIN, "rcv ACK of FIN", [][2]float64{{colLeft - 14, row4 + boxHalf}, {colLeft - 14, row5 - boxHalf}}, colLeft - 64, row4 + 43, "end", 0},
	{fsm.FinWait1, fsm.Closing, fsm.RecvFIN, "rcv FIN / snd ACK", [][2]float64{{colLeft + 40, row4 + boxHalf}, {colLeft + 40, row4 + 42}, {colMid, row4 + 42}, {colMid, row5 - boxHalf}}, colLeft + 50, row4 + 31, "", 1},
	{fsm.FinWait2, fsm.TimeWait, fsm.RecvFIN, "rcv FIN / snd ACK", [][2]float64{{colLeft, row5 + boxHalf}, {colLeft, row6}, {colMid - boxSide, row6}}, colLeft + 10, row6 - 12, "", 1},
	{fsm.Closing, fsm.TimeWait, fsm.AckOfFIN, "rcv ACK of FIN", [][2]float64{{colMid, row5 + boxHalf}, {colMid, row6 - boxHalf}}, colMid + 50, row5 + 46, "", 0},
	{fsm.CloseWait, fsm.LastAck, fsm.SendFIN, "CLOSE / snd FIN", [][2]float64{{colRight, row4 + boxHalf}, {colRight, row5 - boxHalf}}, colRight + 50, row4 + 43, "", 0},
	{fsm.LastAck, fsm.Closed, fsm.AckOfFIN, "rcv ACK of FIN", [][2]float64{{colRight, row5 + boxHalf}, {colRight, row6 - boxHalf}}, colRight + 50, row5 + 46, "", 0},
	{fsm.TimeWait, fsm.Closed, fsm.Timeout2MSL, "timeout 2 MSL", [][2]float64{{colMid + boxSide, row6}, {colRight - boxSide, row6}}, (colMid + colRight) / 2, row6 - 12, "middle", 0},
}

// last reports whether the edge leads to the box for CLOSED where connections end.
func (e *edge) last() bool { return e.event == fsm.AckOfFIN || e.event == fsm.Timeout2MSL }

// route is what a connection did in the diagram.
type route struct {
	taken [2]map[int][]*fsm.Transition // of each side by the edge's number
	notes map[fsm.State][]routeNote    // what the figure has no arrow for
	been  map[fsm.State]bool
	shut  bool // it came to the last box
}

type routeNote struct {
	side fsm.Side
	text string
}

// routeOf follows a connection's transitions.
func (p *page) routeOf(c *record.Connection) *route {
	r := &route{notes: map[fsm.State][]routeNote{}, been: map[fsm.State]bool{}}
	for side := range r.taken {
		r.taken[side] = map[int][]*fsm.Transition{}
	}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		r.been[t.From] = r.been[t.From] || t.From != fsm.Closed
		r.been[t.To] = r.been[t.To] || t.To != fsm.Closed
		n := slices.IndexFunc(edges, func(e edge) bool { return e.from == t.From && e.to == t.To && e.event == t.Event })
		if n >= 0 {
			r.taken[t.Side&1][n] = append(r.taken[t.Side&1][n], t)
			r.shut = r.shut || t.To == fsm.Closed && edges[n].last()
			r.been[fsm.Closed] = r.been[fsm.Closed] || t.From == fsm.Closed
			continue
		}
		at, text := t.From, p.beyondFigure(t)
		if t.From == fsm.Closed { // it came from nowhere
			at = t.To
		}
		r.shut = r.shut || t.To == fsm.Closed
		if len(r.notes[at]) < 3 {
			r.notes[at] = append(r.notes[at], routeNote{t.Side, text})
		}
	}
	return r
}

// beyondFigure words a transition that the figure has no arrow for.
func (p *page) beyondFigure(t *fsm.Transition) string {
	text := t.Side.String() + ": "
	switch t.Event {
	case fsm.SendRST:
		text += "sent RST"
	case fsm.RecvRST:
		text += "got RST"
	case fsm.RecvICMPError:
		text += "ICMP error"
	case fsm.JoinedMidway:
		return text + "joined midway"
	default:
		text += t.Event.String()
	}
	text += optional(" ", p.frameIf(t))
	if t.To != fsm.Closed {
		text += " " + p.g.arrow + " " + t.To.String()
	}
	return text
}

// frameIf writes the frame of a transition, with a question mark where nothing proves it.
func (p *page) frameIf(t *fsm.Transition) string {
	switch {
	case t.Cause == fsm.Timer:
		return "timer"
	case t.Cause == fsm.Assumed:
		return "assumed"
	case t.Frame == 0:
		return ""
	case !t.Certain():
		return p.frame(t.Frame) + "?"
	}
	return p.frame(t.Frame)
}
