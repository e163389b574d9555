package report

import (
	"bufio"
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// xplot writes the time–sequence graph of what a side sends, as xplot (and jPlot) reads it:
// segments as bars, white, retransmissions red, out-of-order ones pink; the peer's ACKs as
// a green line, its window's edge as a yellow one, its SACK blocks purple.
func xplot(w *bufio.Writer, c *record.Connection, r *series.Reader, side fsm.Side) {
	fmt.Fprintf(w, "timeval unsigned\ntitle\n%s => %s (time sequence graph, connection %d)\nxlabel\ntime\nylabel\nsequence offset\n",
		addr(endOf(c, side)), addr(endOf(c, side.Peer())), c.ID)
	at := func(p *series.Point) string { return string(appendSpan(nil, p.Time)) }
	var last struct {
		known     bool
		time      string
		ack, edge uint64
	}
	for p := range r.All() {
		t := at(p)
		if p.From == side {
			xplotSegment(w, p, t)
			continue
		}
		if !p.Flags.Has(fsm.ACK) || p.Flags&fsm.RST != 0 {
			continue
		}
		edge := p.Ack + uint64(p.Window)
		if last.known {
			xplotStep(w, "green", last.time, last.ack, t, p.Ack)
			xplotStep(w, "yellow", last.time, last.edge, t, edge)
		}
		if p.Marks.Has(record.LabelDuplicateACK) {
			fmt.Fprintf(w, "green\ndtick %s %d\n", t, p.Ack)
		}
		for _, k := range p.SACK[:p.SACKs] {
			if k.From >= 0 {
				fmt.Fprintf(w, "purple\nline %s %d %s %d\n", t, k.From, t, k.To)
			}
		}
		last.known, last.time, last.ack, last.edge = true, t, p.Ack, edge
	}
	w.WriteString("go\n")
}

// xplotStep draws a value that stays until it becomes another.
func xplotStep(w *bufio.Writer, color, from string, value uint64, to string, next uint64) {
	fmt.Fprintf(w, "%s\nline %s %d %s %d\n", color, from, value, to, value)
	if next != value {
		fmt.Fprintf(w, "line %s %d %s %d\n", to, value, to, next)
	}
}

// xplotSegment draws a segment of the side itself.
func xplotSegment(w *bufio.Writer, p *series.Point, t string) {
	color, mark := "white", ""
	switch {
	case p.Marks.Has(record.LabelRetransmission):
		color, mark = "red", "R"
	case p.Marks.Has(record.LabelOutOfOrder):
		color, mark = "pink", "O"
	case p.Marks.Has(record.LabelKeepalive):
		color, mark = "blue", "K"
	case p.Marks.Has(record.LabelZeroWindowProbe):
		color, mark = "blue", "P"
	}
	end := p.Seq + uint64(p.Len)
	if p.Len > 0 {
		fmt.Fprintf(w, "%s\ndarrow %s %d\nuarrow %s %d\nline %s %d %s %d\n", color, t, p.Seq, t, end, t, p.Seq, t, end)
	}
	for _, f := range [...]struct {
		flag fsm.Flags
		name string
	}{{fsm.SYN, "SYN"}, {fsm.FIN, "FIN"}, {fsm.RST, "RST"}} {
		if p.Flags.Has(f.flag) {
			fmt.Fprintf(w, "atext %s %d %s\n%s\n", t, end, color, f.name)
		}
	}
	if mark != "" {
		fmt.Fprintf(w, "atext %s %d %s\n%s\n", t, end, color, mark)
	}
}

// endOf returns the address of a side.
func endOf(c *record.Connection, side fsm.Side) record.Addr {
	if side == fsm.Client {
		return c.Client
	}
	return c.Server
}
