package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// cutout writes the packets of chosen connections to a file, each finding as a comment on
// its packets. Which packets these are is known when the analysis has ended: the files are
// then read once more.
type cutout struct {
	file  *keptFile
	name  string
	lives map[ends][]life        // by the connection's ends, the lower one first
	icmp  map[fsm.Frame]struct{} // ICMP errors that quote one
	notes map[fsm.Frame][]string
	many  bool // several files: frames of different files have no order

	written uint64
	shown   shown
}

// life is when a connection was: it begins with one packet and ends with another.
type life struct {
	first, last fsm.Frame
	from, to    fsm.Time
	next        fsm.Frame // the SYN of the next connection between these ends; 0 for none
}

// newCutout creates the file.
func newCutout(a *app, name string, files int) (*cutout, error) {
	file, err := createFile(name)
	if err != nil {
		return nil, writeFailure(name, err)
	}
	return &cutout{
		file: &keptFile{file: file, tell: a.noticef}, name: name, lives: map[ends][]life{}, icmp: map[fsm.Frame]struct{}{}, notes: map[fsm.Frame][]string{},
		many: files > 1,
	}, nil
}

// sorted puts the ends in their order.
func (e ends) sorted() ends {
	if e[1].Compare(e[0]) < 0 {
		e[0], e[1] = e[1], e[0]
	}
	return e
}

// add takes a chosen connection.
func (x *cutout) add(c *record.Connection) {
	key := ends{netip.AddrPortFrom(c.Client.IP, c.Client.Port), netip.AddrPortFrom(c.Server.IP, c.Server.Port)}.sorted()
	x.shown.add(c)
	x.lives[key] = append(x.lives[key], life{c.FirstFrame, c.LastFrame, c.First, c.Last, c.Superseded})
	for i := range c.ICMP {
		x.icmp[c.ICMP[i].Frame] = struct{}{}
	}
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		text := fmt.Sprintf("tcpflow-states: connection %d: %s: %s: %s", c.ID, a.Severity, a.Name, a.Message)
		for _, f := range a.Frames {
			x.note(f, text)
		}
		for _, f := range a.Frames {
			if states := statesAfter(c, f); states != "" {
				x.note(f, fmt.Sprintf("tcpflow-states: connection %d: after this packet %s", c.ID, states))
			}
		}
	}
}

// statesAfter writes the states of both sides behind a packet.
func statesAfter(c *record.Connection, f fsm.Frame) string {
	var text [2]string
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Frame <= f {
			text[t.Side] = t.To.String()
			if t.Proof == 0 {
				text[t.Side] += "?"
			}
		}
	}
	var list []string
	for side, state := range text {
		if state != "" {
			list = append(list, fsm.Side(side).String()+" "+state)
		}
	}
	return strings.Join(list, ", ")
}

// maxNotes bounds the comments on one packet, maxNoted the packets that have any.
const (
	maxNotes = 16
	maxNoted = 1 << 20
)

func (x *cutout) note(f fsm.Frame, text string) {
	list, has := x.notes[f]
	if f == 0 || len(list) >= maxNotes || slices.Contains(list, text) || !has && len(x.notes) >= maxNoted {
		return
	}
	x.notes[f] = append(list, text)
}

// straggles is for how long after its last packet copies of it belong to a connection.
const straggles = fsm.Second

// has reports whether the packet belongs to a chosen connection between its ends.
func (x *cutout) has(key ends, f fsm.Frame, at fsm.Time) bool {
	for _, l := range x.lives[key.sorted()] {
		switch {
		case l.next != 0 && f >= l.next && !x.many:
		case !x.many && l.first <= f && f <= l.last:
			return true
		case l.from <= at && at <= l.to+straggles:
			return true
		}
	}
	return false
}

// write reads the source anew and writes what was chosen.
func (x *cutout) write(source capture.Source, filter *capture.Filter, most uint64, sig *signals) (err error) {
	w, err := capture.NewWriter(x.file, source)
	if err != nil {
		return writeFailure(x.name, err)
	}
	decoder := analyzer.NewDecoder()
	var p capture.Packet
	for n, taken := uint64(1), uint64(0); source.Next(&p) == nil; n++ { // what is wrong with it was told before
		if n&0xfff == 0 && sig.ctx.Err() != nil {
			break
		}
		if filter != nil {
			if ok, err := filter.Match(&p); err != nil || !ok {
				continue
			}
		}
		f := fsm.NewFrame(p.Source, p.Number)
		s, ok := decoder.Segment(&p) // of all, for fragments
		_, quotes := x.icmp[f]
		if quotes || ok && x.has(ends{s.Src, s.Dst}, f, fsm.Time(p.Time)) {
			for _, note := range x.notes[f] {
				if !strings.Contains(p.Comment, note) { // it may be a file of ours
					p.Comment = strings.TrimPrefix(p.Comment+"\n"+note, "\n")
				}
			}
			if err := w.Write(&p); err != nil {
				return writeFailure(x.name, err)
			}
			x.written++
			x.shown.wrote(f, x.written)
		}
		if taken++; taken == most {
			break
		}
	}
	if err := w.Close(); err != nil {
		return writeFailure(x.name, err)
	}
	return nil
}

// finish ends the file and says what it holds.
func (x *cutout) finish(a *app, quiet bool) error {
	if err := x.file.Close(); err != nil {
		return writeFailure(x.name, err)
	}
	if !quiet {
		a.noticef("%s written to %q", phrase.Counted(x.written, "packet", "packets"), x.name)
	}
	return nil
}
