package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Step is one step of a connection's story: a segment that means something, a
// run of segments that go on with what was begun, or a timer.
type Step struct {
	First, Last fsm.Frame // equal for one segment; 0 for a timer
	Time        fsm.Time
	From        fsm.Side
	Both        bool              // a run with segments of both sides
	Segment     *record.Segment   // of a step with one segment
	ICMP        *record.ICMPError // of a step that is an ICMP error
	Text        string            // what happens, and what it proves
	Transitions []*fsm.Transition
	Findings    []*record.Anomaly // told at the first step that shows them
}

// Story tells a connection step by step. Runs of ordinary segments become one
// step each, and what happens again and again is told a few times in full; with
// full set, nothing is folded. Without kept segments it has the steps that
// changed a state only.
func Story(c *record.Connection, full bool) []Step {
	t := &narrator{c: c, icmp: c.ICMP, o: originsOf(c.Segments), full: full, seen: map[string]int{}, told: map[*record.Anomaly]bool{}}
	for i := range c.Transitions {
		if c.Transitions[i].Cause == fsm.Timer {
			t.timers = append(t.timers, &c.Transitions[i])
		}
	}
	if len(c.Segments) == 0 {
		return t.transitionsOnly()
	}
	for i := range c.Segments {
		s := &c.Segments[i]
		t.timersBefore(s.Time)
		t.segment(s)
	}
	t.closeRun()
	t.timersBefore(1<<63 - 1)
	return t.steps
}

// narrator puts the story together.
type narrator struct {
	c      *record.Connection
	o      *origins
	full   bool
	steps  []Step
	run    run
	seen   map[string]int // how often a kind of step was told
	told   map[*record.Anomaly]bool
	timers []*fsm.Transition
	icmp   []record.ICMPError

	sentData [2]bool
	lastData fsm.Side
	anyData  bool
	finished [2]bool    // the side's FIN has passed
	acked    [2]fsm.Seq // its highest acknowledgment so far
	hasAcked [2]bool
}

// run is what is being folded.
type run struct {
	first, last fsm.Frame
	start, end  fsm.Time
	packets     [2]int
	octets      [2]uint64
	again       map[string]int // remarkable ones, by kind
	order       []string
	segment     *record.Segment // the first, and what it would be told as
	text        string
}

// enough is how often a kind of remarkable step is told in full.
const enough = 3

func (t *narrator) segment(s *record.Segment) {
	transitions := transitionsAt(t.c, s.Frame)
	findings := t.findings(s.Frame)
	kind, text := t.words(s, t.acknowledges(s))
	plain := len(transitions) == 0 && len(findings) == 0 && !s.Seg.Flags.Any(fsm.SYN|fsm.FIN|fsm.RST)
	if !t.full && plain && (kind == "" || t.seen[kind] >= enough) {
		t.fold(s, kind, text)
		return
	}
	t.closeRun()
	t.seen[kind]++
	t.steps = append(t.steps, Step{
		First: s.Frame, Last: s.Frame, Time: s.Time, From: s.From, Segment: s, Text: text, Transitions: transitions, Findings: findings,
	})
}

// acknowledges reports whether the segment acknowledges more than its sender did
// before, and remembers what it does.
func (t *narrator) acknowledges(s *record.Segment) bool {
	x, ack := s.From, s.Seg.Ack
	switch {
	case !s.Seg.Flags.Has(fsm.ACK) || s.Seg.Flags.Has(fsm.RST) || slices.Contains(s.Labels, record.LabelDuplicateFrame) || slices.Contains(s.Labels, record.LabelACKAhead):
		return false
	case !t.hasAcked[x]:
		t.acked[x], t.hasAcked[x] = ack, true
		return false
	case ack.After(t.acked[x]):
		t.acked[x] = ack
		return true
	}
	return false
}

// findings returns the anomalies that name the frame and were not told yet.
func (t *narrator) findings(f fsm.Frame) []*record.Anomaly {
	var out []*record.Anomaly
	for i := range t.c.Anomalies {
		if a := &t.c.Anomalies[i]; !t.told[a] && slices.Contains(a.Frames, f) {
			t.told[a] = true
			out = append(out, a)
		}
	}
	return out
}

func (t *narrator) fold(s *record.Segment, kind, text string) {
	r := &t.run
	if r.first == 0 {
		*r = run{first: s.Frame, start: s.Time, again: map[string]int{}, segment: s, text: text}
	}
	r.last, r.end = s.Frame, s.Time
	r.packets[s.From]++
	r.octets[s.From] += uint64(s.Seg.Len)
	if kind != "" {
		if r.again[kind] == 0 {
			r.order = append(r.order, kind)
		}
		r.again[kind]++
	}
}

func (t *narrator) closeRun() {
	r := &t.run
	switch {
	case r.first == 0:
		return
	case r.packets[0]+r.packets[1] == 1:
		t.steps = append(t.steps, Step{First: r.first, Last: r.first, Time: r.start, From: r.segment.From, Segment: r.segment, Text: r.text})
		t.run = run{}
		return
	}
	var parts []string
	for side := fsm.Client; side <= fsm.Server; side++ {
		switch {
		case r.octets[side] > 0:
			parts = append(parts, phrase.By(side)+" sends "+phrase.Size(r.octets[side])+" in "+phrase.Counted(r.packets[side], "segment", "segments"))
		case r.packets[side] > 0:
			parts = append(parts, phrase.By(side)+" sends "+phrase.Counted(r.packets[side], "acknowledgment", "acknowledgments"))
		}
	}
	text := phrase.Capital(strings.Join(parts, " and ")) + " in " + phrase.Duration(max(0, r.end.Seconds(r.start))) + "; neither state changes."
	if len(r.order) > 0 {
		var among []string
		for _, k := range r.order {
			among = append(among, fmt.Sprintf("%s (%d)", k, r.again[k]))
		}
		text += " Among them, as before: " + strings.Join(among, ", ") + "."
	}
	from := fsm.Client
	if r.packets[fsm.Client] == 0 {
		from = fsm.Server
	}
	t.steps = append(t.steps, Step{
		First: r.first, Last: r.last, Time: r.start, From: from, Both: r.packets[0] > 0 && r.packets[1] > 0, Text: text,
	})
	t.run = run{}
}

func (t *narrator) timersBefore(when fsm.Time) {
	for len(t.icmp) > 0 && t.icmp[0].Time < when {
		t.icmpError(&t.icmp[0])
		t.icmp = t.icmp[1:]
	}
	for len(t.timers) > 0 && t.timers[0].Time < when {
		tr := t.timers[0]
		t.timers = t.timers[1:]
		t.closeRun()
		t.steps = append(t.steps, Step{
			Time: tr.Time, From: tr.Side, Transitions: []*fsm.Transition{tr},
			Text: phrase.Capital(phrase.By(tr.Side)) + "'s TIME-WAIT has lasted 2 MSL: no segment of this connection can be under way any more, and its addresses and ports are free again. No wire shows this.",
		})
	}
}

// transitionsOnly tells the changes of state when no segments were kept.
func (t *narrator) transitionsOnly() []Step {
	for i := range t.c.Transitions {
		tr := &t.c.Transitions[i]
		if tr.Cause == fsm.Timer {
			t.timersBefore(tr.Time + 1)
			continue
		}
		if tr.Event == fsm.RecvICMPError {
			continue // told with the error
		}
		t.timersBefore(tr.Time)
		if n := len(t.steps); n > 0 && tr.Frame != 0 && t.steps[n-1].First == tr.Frame {
			t.steps[n-1].Transitions = append(t.steps[n-1].Transitions, tr)
			continue
		}
		from := tr.Side
		if tr.Cause == fsm.Received {
			from = from.Peer()
		}
		t.steps = append(t.steps, Step{
			First: tr.Frame, Last: tr.Frame, Time: tr.Time, From: from, Transitions: []*fsm.Transition{tr}, Findings: t.findings(tr.Frame),
			Text: phrase.Capital(tr.Event.String()) + ". Its segment was not kept.",
		})
	}
	t.timersBefore(1<<63 - 1)
	return t.steps
}
