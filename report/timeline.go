package report

import (
	"math"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// A timeline is a ladder as in RFC 9293 figures 6 to 11: the client's states on
// the left, the server's on the right, between the two lifelines one line a
// segment. A state is printed where it changes and on the line before, so that
// what it was and what it became stand one above the other.

func (p *page) timelines(d *Digest) {
	shown, left := d.connections()
	for i, c := range shown {
		if i > 0 || p.o.Timelines {
			p.line()
		}
		p.timeline(c)
	}
	p.legend(shown)
	if left > 0 {
		p.line()
		p.line("  ", phrase.Counted(uint64(left), "more timeline", "more timelines"), " not shown: --limit 0 shows all, --conn N one of them.")
	}
}

// legend explains the signs that these timelines use, if any.
func (p *page) legend(conns []*record.Connection) {
	var found [4]bool
	unproved, waited := false, false
	for _, c := range conns {
		for i := range c.Anomalies {
			found[c.Anomalies[i].Severity&3] = true
		}
		for i := range c.Segments {
			s := &c.Segments[i]
			unproved = unproved || !s.After[0].Proved || !s.After[1].Proved
		}
		unproved = unproved || slices.ContainsFunc(c.Transitions, func(t fsm.Transition) bool { return !c.State[t.Side].Proved })
		waited = waited || slices.ContainsFunc(c.Transitions, func(t fsm.Transition) bool {
			return t.To == fsm.CloseWait && t.Proof == 0 && c.Close.FINAcked[t.Side.Peer()] != 0
		})
	}
	var signs []string
	for s := int(record.SeverityError); s >= 0; s-- {
		if found[s] {
			signs = append(signs, severityMarks[s]+" "+record.Severity(s).String())
		}
	}
	switch {
	case waited:
		signs = append(signs, unprovedLegend+", or that a side in CLOSE-WAIT had not closed before, its FIN waiting behind data")
	case unproved:
		signs = append(signs, unprovedLegend)
	}
	if len(signs) > 0 {
		p.line()
		p.hanging(2, "", plain, strings.Join(signs, ", "), dim)
	}
}

// unprovedLegend explains the question mark behind a state.
const unprovedLegend = "STATE? not proved: nothing in the capture shows that the segment arrived"

func (p *page) timeline(c *record.Connection) {
	title := p.text("Connection " + number(c.ID) + ": ")
	p.heading(title + p.text(p.ends(c)+optional(" ", c.Service)))
	p.timelineHead(c)
	rows := rungs(c)
	if len(rows) == 0 {
		return
	}
	p.line()
	l := p.newLadder(c, rows)
	l.titles()
	l.draw(p.limitRungs(p.fold(rows)))
	if c.SegmentsCut > 0 {
		p.line("  ", phrase.Counted(c.SegmentsCut, "segment was", "segments were"), " not kept for the timeline.")
	}
}

// rung is one line of a ladder: a segment, a timer, an ICMP error, or several segments folded.
type rung struct {
	frame    fsm.Frame
	time     fsm.Time
	delta    float64         // seconds since the line before; <0 for the first
	seg      *record.Segment // nil for a timer, for folded ones and without kept segments
	from     fsm.Side        // who sent it, unless it is a timer's
	timer    bool            // or an ICMP error: a line without an arrow
	text     string          // what stands in place of a segment's columns
	after    [2]record.EndState
	changed  [2]bool // the side's state differs from the line before
	show     [2]bool // print the side's state
	findings []*record.Anomaly
}

// rungs returns a connection's lines in order of time: its segments and the
// timers between them, or its transitions when no segments were kept.
func rungs(c *record.Connection) []rung {
	var rows []rung
	var start [2]record.EndState
	if len(c.Segments) > 0 {
		start = c.Segments[0].Before
		rows = segmentRungs(c)
	} else {
		rows = transitionRungs(c)
		start = startStates(c)
	}
	if len(rows) == 0 {
		return nil
	}
	// The first line, without a segment, tells the states to begin with.
	rows = slices.Insert(rows, 0, rung{time: rows[0].time, delta: -1, after: start, show: [2]bool{true, true}})
	byFrame := map[fsm.Frame][]*record.Anomaly{}
	for i := range c.Anomalies {
		for _, f := range c.Anomalies[i].Frames {
			if f != 0 && !slices.Contains(byFrame[f], &c.Anomalies[i]) {
				byFrame[f] = append(byFrame[f], &c.Anomalies[i])
			}
		}
	}
	for i := 1; i < len(rows); i++ {
		r, prev := &rows[i], &rows[i-1]
		if r.frame != 0 {
			r.findings = byFrame[r.frame]
		}
		r.delta = -1
		if i > 1 {
			r.delta = span(prev.time, r.time)
		}
		for side := range r.after {
			if r.after[side] != prev.after[side] {
				r.changed[side] = true
				r.show[side] = true
				prev.show[side] = true
			}
		}
	}
	last := &rows[len(rows)-1]
	last.show = [2]bool{true, true}
	return rows
}

func segmentRungs(c *record.Connection) []rung {
	rows := make([]rung, 0, len(c.Segments)+2)
	now := c.Segments[0].Before
	timers, errors := timersOf(c), c.ICMP
	// wait adds the timers that ran out, and the ICMP errors that came, before a segment.
	wait := func(until fsm.Time, frame fsm.Frame) {
		for {
			switch {
			case len(errors) > 0 && (errors[0].Time < until || errors[0].Time == until && errors[0].Frame < frame) && (len(timers) == 0 || errors[0].Time <= timers[0].Time):
				rows = append(rows, icmpRung(c, &errors[0], &now))
				errors = errors[1:]
			case len(timers) > 0 && timers[0].Time < until:
				rows = append(rows, timerRung(timers[0], &now))
				timers = timers[1:]
			default:
				return
			}
		}
	}
	for i := range c.Segments {
		s := &c.Segments[i]
		wait(s.Time, s.Frame)
		rows = append(rows, rung{frame: s.Frame, time: s.Time, seg: s, from: s.From, after: s.After})
		now = s.After
	}
	wait(math.MaxInt64, 0)
	return rows
}

// icmpRung makes a line of an ICMP error.
func icmpRung(c *record.Connection, e *record.ICMPError, now *[2]record.EndState) rung {
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Event == fsm.RecvICMPError && t.Frame == e.Frame {
			now[t.Side] = record.EndState{State: t.To, Proved: t.Certain()}
		}
	}
	text := "ICMP from " + e.From.String() + ": " + e.Name()
	if e.Quoted != 0 {
		text += ", about " + phrase.Frame(e.Quoted)
	}
	return rung{frame: e.Frame, time: e.Time, timer: true, text: text, after: *now}
}

func timersOf(c *record.Connection) []*fsm.Transition {
	var timers []*fsm.Transition
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Cause == fsm.Timer {
			timers = append(timers, t)
		}
	}
	slices.SortStableFunc(timers, func(a, b *fsm.Transition) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	return timers
}

func timerRung(t *fsm.Transition, now *[2]record.EndState) rung {
	now[t.Side] = record.EndState{State: t.To, Proved: true}
	return rung{time: t.Time, timer: true, text: t.Side.String() + ": " + t.Event.String(), after: *now}
}

// transitionRungs makes a line of every frame that changed a state.
func transitionRungs(c *record.Connection) []rung {
	now := startStates(c)
	var rows []rung
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.Cause == fsm.Timer {
			rows = append(rows, timerRung(t, &now))
			continue
		}
		if isStart(t) {
			continue
		}
		now[t.Side] = record.EndState{State: t.To, Proved: t.Certain()}
		if n := len(rows); n > 0 && t.Frame != 0 && rows[n-1].frame == t.Frame {
			rows[n-1].after = now
			rows[n-1].text += "; " + t.Side.String() + ": " + t.Event.String()
			continue
		}
		from := t.Side
		if t.Cause == fsm.Received {
			from = t.Side.Peer()
		}
		rows = append(rows, rung{frame: t.Frame, time: t.Time, from: from, timer: t.Frame == 0 || t.Event == fsm.RecvICMPError,
			text: t.Side.String() + ": " + t.Event.String(), after: now})
	}
	return rows
}

// isStart reports whether a transition only says in which state an endpoint
// stood when its first segment came.
func isStart(t *fsm.Transition) bool {
	return t.Cause == fsm.Assumed && t.From == fsm.Closed && (t.Event == fsm.PassiveOpen || t.Event == fsm.JoinedMidway)
}

// startStates returns the states before a connection's first transitions.
func startStates(c *record.Connection) [2]record.EndState {
	now := c.State
	var known [2]bool
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if known[t.Side] {
			continue
		}
		known[t.Side] = true
		now[t.Side] = record.EndState{State: t.From, Proved: true}
		if isStart(t) {
			now[t.Side].State = t.To
		}
	}
	return now
}

// labelNames returns the segment's labels as text.
func labelNames(s *record.Segment) []string {
	names := make([]string, len(s.Labels))
	for i, l := range s.Labels {
		names[i] = string(l)
	}
	return names
}

// extra writes what a segment carries beside flags and numbers: its labels and details.
func (p *page) extra(r *rung) string {
	return p.text(strings.Join(append(labelNames(r.seg), p.details(r)...), ", "))
}

// details lists what a segment carries beside flags, numbers and labels: a closed window,
// the options that matter.
func (p *page) details(r *rung) (list []string) {
	s := r.seg
	if s.Original != 0 {
		list = append(list, "repeats frame "+p.frame(s.Original))
	}
	if s.Seg.Window == 0 && !s.Seg.Flags.Any(fsm.RST|fsm.SYN) && !slices.Contains(s.Labels, record.LabelZeroWindow) {
		list = append(list, "win 0")
	}
	if s.Seg.Flags.Has(fsm.URG) || s.Seg.Urgent != 0 {
		list = append(list, "urg "+number(uint64(s.Seg.Urgent)))
	}
	if s.Seg.Flags.Has(fsm.SYN) {
		list = append(list, "win "+number(uint64(s.Seg.Window)))
	}
	for _, o := range optionNames {
		if !s.Seg.Opts.Has(o.set) {
			continue
		}
		switch o.set {
		case fsm.OptMSS:
			list = append(list, "mss "+number(uint64(s.Seg.MSS)))
		case fsm.OptWindowScale:
			list = append(list, "wscale "+number(uint64(s.Seg.WindowScale)))
		case fsm.OptTimestamps:
			if s.Seg.Flags.Has(fsm.SYN) {
				list = append(list, o.short)
			}
		case fsm.OptSACK:
			for _, b := range sackBlocks(&s.Seg) {
				from, to := uint64(b.From), uint64(b.To)
				if !p.o.AbsSeq {
					from, to = relativeToAck(s, b.From), relativeToAck(s, b.To)
				}
				list = append(list, "sack "+number(from)+":"+number(to))
			}
		case fsm.OptFastOpen:
			if s.Seg.CookieLen == 0 {
				list = append(list, "tfo cookie request")
			} else {
				list = append(list, "tfo cookie")
			}
		default:
			list = append(list, o.short)
		}
	}
	return list
}
