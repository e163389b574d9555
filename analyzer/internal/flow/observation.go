package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// observation is one segment on its way through Flow.Add, and what was found of it
// so far.
type observation struct {
	p     *decode.Packet
	s     *fsm.Segment
	from  fsm.Side
	d, r  *Direction    // the sender's direction, and the receiver's
	x, y  *fsm.Endpoint // the sender, and the receiver
	at    fsm.Stamp     // from when the machine took it on
	space uint32        // sequence numbers that it takes

	before snapshot

	// It came twice, or later than a repetition of it: the machine takes it as a copy.
	deliveredTwice bool
	late           bool
	other          bool // it comes from a second responder in the server's name

	probe       SegmentFacts // what kind of probe it is, if one
	facts       SegmentFacts
	meaning     fsm.Meaning
	kind        Kind      // of a retransmission
	original    fsm.Frame // that it repeats; 0 if it was not captured
	sampled     fsm.Frame // the segment from which to this ACK a round trip was measured
	captured    fsm.Frame // for ContentDiffers: the frame that carried the other bytes …
	capturedTTL uint8     // … and its TTL
}

// snapshot is what stood before the segment of what it changes.
type snapshot struct {
	states    [2]fsm.State
	next      fsm.Seq // RCV.NXT of the receiver, as far as the capture shows
	rightEdge fsm.Seq // of the receiver's window
	sndNxt    fsm.Seq // highest number that the receiver itself had sent
	top       fsm.Seq // highest number that the sender had sent
	started   bool    // it had sent anything
	ownEdge   fsm.Seq // right edge of the sender's own window
	tsRecent  uint32  // the timestamp that the receiver keeps
}

// observe begins to look at a segment.
func (f *Flow) observe(o *observation, p *decode.Packet) {
	o.p, o.s, o.from, o.space = p, &p.Segment, f.SideOf(p), p.Segment.Space()
	peer := o.from.Peer()
	o.d, o.r = &f.Dir[o.from], &f.Dir[peer]
	o.x, o.y = &f.Conn.End[o.from], &f.Conn.End[peer]
	if f.Self {
		o.r = o.d
	}
}

// takeSnapshot notes what the machine is about to move on.
func (f *Flow) takeSnapshot(o *observation) {
	b, x, y := &o.before, o.x, o.y
	b.states[0], b.states[1] = f.Conn.End[0].State, f.Conn.End[1].State
	b.next, b.rightEdge, b.sndNxt = x.Out.Edge, y.RightEdge, y.Out.Top
	b.top, b.started = x.Out.Top, x.Out.Started()
	b.ownEdge, b.tsRecent = o.d.lastEdge, o.d.tsRecent
}

// isReset reports whether it is a RST, whose numbers carry no data.
func (o *observation) isReset() bool { return o.s.Flags&fsm.RST != 0 }

// carries reports whether it takes sequence numbers of its sender's stream.
func (o *observation) carries() bool {
	return o.space > 0 && !o.isReset() && !o.meaning.Any(fsm.FINWithAck)
}
