package fsm

import "slices"

// Judgement is how the machine judged one segment for one endpoint, its sender or
// its receiver, with what later segments showed of it.
type Judgement struct {
	Side   Side
	Before View   // what was known of the endpoint when the segment came
	Tests  []Test // of a receiver, in the order of RFC 9293 §3.10.7

	// Means is what the segment was for the protocol. The sender's judgement has it.
	Means Meaning

	// Shows is what the segment tells of earlier segments: the endpoint sent it, so it
	// had received them by then, or it had not.
	Shows []Evidence

	// Later is what later segments told of this one.
	Later []Evidence

	standing []Event // what it caused, as known so far
	outcome  Outcome
}

// View is what an observer knows of an endpoint's TCB (RFC 9293 §3.3.1). What was
// captured bounds RCV.NXT from both sides: it is at least what the endpoint has
// acknowledged, and at most what passed the tap without a hole.
type View struct {
	State    State // when the segment arrived
	ISS      Seq   // with SentSYN
	FinSeq   Seq   // with SentFIN: number that its FIN takes
	SndUna   Seq   // with HasUna: highest acknowledgment of its peer
	SndNxt   Seq   // with Sent: the number behind the highest that it sent
	Acked    Seq   // with HasAcked: its highest acknowledgment, RCV.NXT at least
	Passed   Seq   // with PeerSent: every number of its peer before it has passed, RCV.NXT at most
	PeerNxt  Seq   // with PeerSent: the number behind the highest that its peer sent
	Edge     Seq   // with WindowKnown: right edge of the window that it offered
	Ahead    Seq   // with HasAhead: it acknowledges up to here, and the capture does not hold that
	SACKTop  Seq   // with HasSACK: right edge of what it acknowledged selectively
	PeerTS   uint32
	SentSYN  bool
	SentFIN  bool
	HasUna   bool
	Sent     bool
	HasAcked bool
	PeerSent bool
	HasAhead bool
	HasSACK  bool
	HasTS    bool // PeerTS is its peer's newest timestamp

	WindowKnown bool // window scale and an acknowledgment were captured
}

// Window returns RCV.WND, counted from the number that is next if all that passed
// arrived. It means nothing unless WindowKnown is set.
func (v *View) Window() uint32 {
	if v.Edge.AtOrBefore(v.Passed) {
		return 0
	}
	return uint32(v.Edge - v.Passed)
}

// Test is one test that a segment was put to.
type Test struct {
	Decision  Decision // the branch that decided
	Overruled Frame    // a later segment that shows that the endpoint took it all the same; 0 for none
}

// Failed reports whether the segment failed the test, as far as is known in the end.
func (t *Test) Failed() bool { return t.Decision.Result() == Failed && t.Overruled == 0 }

// Evidence is what one segment tells of another.
type Evidence struct {
	Kind  EvidenceKind
	Event Event // that the earlier segment caused
	Frame Frame // in Judgement.Shows the earlier segment, in Later the one that tells; 0 if it was not captured
}

// EvidenceKind says which way evidence points.
type EvidenceKind uint8

// The kinds of evidence.
const (
	Shown     EvidenceKind = iota // it must have arrived, although nothing was assumed before
	Proved                        // it arrived, as was assumed
	TakenBack                     // it had not arrived, or had no effect, though that was assumed
)

// Outcome is what became of a segment at its receiver.
type Outcome uint8

// The outcomes.
const (
	Accepted    Outcome = iota // processed
	Dropped                    // ignored without an answer
	AckDue                     // dropped, and an ACK is due for it (a challenge ACK where RFC 5961 asks for one)
	RSTDue                     // dropped, and a RST is due for it
	Resets                     // it ends the connection
	AnswerTells                // only the receiver's answer can tell
	Undelivered                // it is known not to have arrived
	NotTaken                   // later segments show that it did not arrive, or had no effect
)

// Outcome returns what became of the segment, with hindsight.
func (j *Judgement) Outcome() Outcome {
	switch {
	case slices.Contains(j.standing, RecvRST):
		return Resets
	case len(j.standing) > 0:
		return Accepted
	case slices.ContainsFunc(j.Later, func(e Evidence) bool { return e.Kind == TakenBack }):
		return NotTaken
	}
	return j.outcome
}

// Caused reports whether the segment caused the event at the endpoint, as far as
// is known in the end.
func (j *Judgement) Caused(ev Event) bool { return slices.Contains(j.standing, ev) }

// Judgements collects how segments are judged. A Conn that has it set fills it in;
// the zero value collects every segment's.
type Judgements struct {
	Wanted func(Frame) bool // whether to judge the segment in a frame; nil wants all

	of  map[Frame]*[2]Judgement
	now *[2]Judgement // of the segment under way; nil when it is not wanted
	ack Decision      // of its acknowledgment
}

// Of returns the judgements of the segment in a frame, by side, or nil if there
// are none. They change as long as segments come.
func (js *Judgements) Of(f Frame) *[2]Judgement {
	if js == nil {
		return nil
	}
	return js.of[f]
}

// Stop judges no more segments. What comes still counts as evidence on those that
// were judged.
func (js *Judgements) Stop() { js.Wanted = func(Frame) bool { return false } }

// begin opens the judgements of the segment that is about to be processed.
func (js *Judgements) begin(c *Conn) {
	js.now = nil
	if js.Wanted != nil && !js.Wanted(c.at.Frame) {
		return
	}
	if js.of == nil {
		js.of = map[Frame]*[2]Judgement{}
	}
	js.now = new([2]Judgement)
	js.of[c.at.Frame] = js.now
	js.ack = noDecision
	for side := range js.now {
		js.now[side] = Judgement{Side: Side(side), Before: c.view(Side(side))}
	}
}

// view is what is known of an endpoint.
func (c *Conn) view(side Side) View {
	e, p := &c.End[side], &c.End[side.Peer()]
	return View{
		State: e.State, ISS: e.ISS, FinSeq: e.FinSeq,
		SndUna: p.Acked, SndNxt: e.Out.Top, Acked: e.Acked, Passed: p.Out.Edge, PeerNxt: p.Out.Top,
		Edge: e.RightEdge, Ahead: p.ahead, SACKTop: e.sackTop, PeerTS: p.tsVal,
		SentSYN: e.SentSYN, SentFIN: e.SentFIN, HasUna: p.HasAck, Sent: e.Out.Started(), HasAcked: e.HasAck,
		PeerSent: p.Out.Started(), HasAhead: p.hasAhead, HasSACK: e.hasSACK, HasTS: p.hasTS,
		WindowKnown: e.HasAck && e.ScaleKnown,
	}
}

// arrives notes what the segment meets at its receiver, now that its sender is run.
func (c *Conn) arrives(side Side) {
	if c.Judgements != nil && c.Judgements.now != nil {
		e, v := &c.End[side], &c.Judgements.now[side].Before
		v.State, v.ISS, v.SentSYN = e.State, e.ISS, e.SentSYN
	}
}

// decide notes the branch that decided a test of the segment under way.
func (c *Conn) decide(side Side, d Decision) {
	if c.Judgements == nil || c.Judgements.now == nil || d == noDecision {
		return
	}
	j := &c.Judgements.now[side]
	j.Tests = append(j.Tests, Test{Decision: d})
	if o, says := d.outcome(); says {
		j.outcome = o
	}
}

// end closes the judgements of the segment under way.
func (js *Judgements) end(from Side, m Meaning) {
	if js.now == nil {
		return
	}
	js.now[from].Means = m
	tests := js.now[from.Peer()].Tests
	slices.SortStableFunc(tests, func(a, b Test) int { return int(a.Decision.Test()) - int(b.Decision.Test()) })
	js.now = nil
}

// stands notes that an event of side is on record as caused by a frame; falls that
// it is no more.
func (js *Judgements) stands(side Side, f Frame, ev Event) {
	if j := js.Of(f); j != nil {
		j[side].standing = append(j[side].standing, ev)
	}
}

func (js *Judgements) falls(side Side, f Frame, ev Event) {
	if j := js.Of(f); j != nil {
		if i := slices.Index(j[side].standing, ev); i >= 0 {
			j[side].standing = slices.Delete(j[side].standing, i, i+1)
		}
	}
}

// shows notes what the segment in the frame by tells of the one in the frame f:
// whether it caused the event at side, which sent by.
func (js *Judgements) shows(kind EvidenceKind, side Side, ev Event, f, by Frame) {
	if js == nil {
		return
	}
	if j := js.Of(by); j != nil {
		j[side].Shows = append(j[side].Shows, Evidence{kind, ev, f})
	}
	j := js.Of(f)
	if j == nil || f == by {
		return
	}
	j[side].Later = append(j[side].Later, Evidence{kind, ev, by})
	if kind != Shown {
		return
	}
	for i := range j[side].Tests {
		if t := &j[side].Tests[i]; t.Failed() {
			t.Overruled = by
		}
	}
}
