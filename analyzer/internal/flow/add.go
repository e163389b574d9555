package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Add takes one segment of the connection: is it a copy, what does it say, what
// does it do to both machines, what does it tell about the path.
func (f *Flow) Add(p *decode.Packet) {
	var o observation
	f.observe(&o, p)
	f.Untimed = f.Untimed || p.Untimed
	f.addPeers(&o)
	f.Lowest, f.Highest = min(f.Lowest, p.Frame), max(f.Highest, p.Frame)
	if f.copied(&o) {
		f.addCopy(&o)
		return
	}
	if f.fragments != nil {
		f.endFragment(&o)
	}
	if p.FirstOnly {
		f.beginFragment(&o)
	}
	f.takeSnapshot(&o)
	f.headerFacts(&o)
	f.probeKind(&o)
	if o.s.Flags&(fsm.SYN|fsm.RST) != 0 {
		f.noteResponder(&o)
		o.other = f.fromOther(&o)
	}
	f.step(&o)
	if o.carries() {
		f.dataFacts(&o)
		f.noteSending(&o)
	}
	f.noteGaps(&o)
	if o.probe.Any(probes) {
		f.noteProbe(&o)
	}
	if o.s.Flags&(fsm.ACK|fsm.RST) == fsm.ACK && !p.Undelivered && !o.other { // what never arrives tells its receiver nothing
		f.ackFacts(&o)
	}
	f.milestones(&o)
	f.noteECN(&o)
	f.noteMultipath(&o)
	f.optionFacts(&o)
	f.spend(&o)
	f.noteExchange(&o)
	f.countSegment(&o)
	f.noteOutcome(&o)
}

// step gives the segment to both machines.
func (f *Flow) step(o *observation) {
	p, d := o.p, o.d
	undelivered := f.checksum(p, d) || p.Undelivered || o.isReset() && d.unheard() && !answersAck(o.s, o.y)
	if p.Undelivered {
		o.facts.add(LostOnTheWay)
	}
	f.Conn.Overtaken, f.Conn.Later = false, false
	if d.ids.nearRST {
		f.Conn.Overtaken, f.Conn.Later = d.ids.beforeRST(p), d.ids.afterRST(p)
	}
	switch {
	case o.late:
		o.facts.add(OutOfOrder)
		d.OutOfOrder++
		f.relabel(d, p)
		o.meaning = f.Conn.StepCopy(o.from, o.s, p.Frame, p.Time)
	case o.other:
		o.facts.add(OtherResponder)
		o.meaning = f.Conn.StepCopy(o.from, o.s, p.Frame, p.Time)
		if o.isReset() {
			f.otherRST = p.Frame
		}
	case o.deliveredTwice:
		o.facts.add(NetworkCopy)
		o.meaning = f.Conn.StepCopy(o.from, o.s, p.Frame, p.Time)
	case f.Self:
		o.meaning = f.Conn.StepSelf(o.s, p.Frame, p.Time)
	default:
		o.meaning = f.Conn.Step(o.from, o.s, p.Frame, p.Time, undelivered)
	}
	o.at = fsm.Stamp{Time: p.Time, Frame: p.Frame, Nth: f.Segments + 1}
	f.Segments++
	f.Last = o.at
	if p.Time >= f.Latest.Time {
		f.Latest = o.at
	}
	if p.IPLen > 1500 {
		d.Giants++
	}
	o.facts.AddAll(o.probe)
}

// repeatFacts are those of segments that carry data which was captured before.
var repeatFacts = Facts(Retransmission, SpuriousLikely, WindowProbe)

// dataFacts looks at the sequence numbers that a segment takes, and at its data.
func (f *Flow) dataFacts(o *observation) {
	s := o.s
	if o.probe.Empty() && o.before.started && !o.deliveredTwice && !o.late &&
		(s.Flags&fsm.SYN == 0 || o.meaning.Any(fsm.SYNAgain|fsm.SYNACKAgain)) {
		f.orderFacts(o)
	}
	if s.Len == 0 {
		return
	}
	f.notePace(o)
	f.noteData(o)
	if o.facts.Any(repeatFacts) {
		if other := o.d.contents.differs(o.p); other != nil {
			o.facts.add(ContentDiffers)
			o.captured, o.capturedTTL = other.frame, other.ttl
		}
	} else if !o.facts.Has(KeepaliveProbe) { // its byte may be anything
		o.d.noteContent(o.p)
	}
}

// noteSending follows the sender's queue of what is not acknowledged.
func (f *Flow) noteSending(o *observation) {
	if o.deliveredTwice || o.late || o.other || !o.probe.Empty() {
		return
	}
	o.kind, o.original = f.noteSent(o)
	if !o.before.started || o.s.Seq.Add(o.space).After(o.before.top) {
		o.d.ids.note(o.p)
	}
}

// noteGaps counts what the segment showed to be missing in the capture.
func (f *Flow) noteGaps(o *observation) {
	if f.Conn.Unseen|f.Conn.Missed > 0 {
		o.r.GapBytes += uint64(f.Conn.Unseen)
		o.d.GapBytes += uint64(f.Conn.Missed)
	}
}

// noteExchange follows who waits for an answer.
func (f *Flow) noteExchange(o *observation) {
	asks := o.space > 0 && !o.meaning.Any(fsm.FINWithAck) && o.probe.Empty() && !o.deliveredTwice
	again := o.facts.Any(resentFacts) || o.meaning.Any(fsm.SYNAgain|fsm.SYNACKAgain|fsm.FINAgain)
	o.d.noteUnanswered(o.p, o.r, o.at, asks, again, o.original)
}

// countSegment makes the segment its direction's latest.
func (f *Flow) countSegment(o *observation) {
	d, p := o.d, o.p
	d.Counts.count(o)
	if d.Packets++; d.Packets == 1 {
		d.TTL = p.TTL
	}
	d.Last, d.lastLen = o.at, o.s.Len
	if !o.facts.Any(probesAndAnswers) {
		d.lastReal = p.Time
		o.r.lastReal = p.Time
	}
}

// noteOutcome keeps what the segment was found to be.
func (f *Flow) noteOutcome(o *observation) {
	f.Meanings |= o.meaning
	f.AllFacts.AddAll(o.facts)
	if o.meaning&^fsm.StateChanged != 0 || !o.facts.ordinary() {
		f.noteObservation(o)
	}
	if f.keep || f.cut || f.series != nil {
		f.addToTimeline(o)
	}
}

// AddMalformed notes a segment of the connection of which only the ports could be read.
func (f *Flow) AddMalformed(p *decode.Packet) {
	f.AllFacts.add(HeaderBroken)
	f.noteSegment(NotableSegment{Frame: p.Frame, Time: p.Time, From: f.SideOf(p), TTL: p.TTL, IPID: p.IPID, Facts: Facts(HeaderBroken)})
}
