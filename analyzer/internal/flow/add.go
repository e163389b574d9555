package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Add takes one segment of the connection: is it a copy, what does it say, what
// does it do to both machines, what does it tell about the path.
func (f *Flow) Add(p *decode.Packet) {
	f.addPeers(p)
	s := &p.Segment
	from := f.SideOf(p)
	d, r := &f.Dir[from], &f.Dir[from.Peer()]
	x, y := &f.Conn.End[from], &f.Conn.End[from.Peer()]
	space := s.Space()

	twice := f.copyKind(p, from)
	if twice == decode.CapturedTwice || twice == decode.PerhapsTwice {
		f.addCopy(p, d, from)
		return
	}
	late := twice == decode.NoCopy && space > 0 && x.Out.Started() && s.Seq.Before(x.Out.Top) && d.overtakenOriginal(p)

	g := f.headerFacts(p, from)
	// What a mark will want to know of the time before the segment.
	states := [2]fsm.State{f.Conn.End[0].State, f.Conn.End[1].State}
	next, rightEdge, sndNxt := x.Out.Edge, y.RightEdge, y.Out.Top
	ownEdge, tsRecent := d.lastEdge, d.tsRecent
	var captured fsm.Frame
	var capturedTTL uint8
	top, started := x.Out.Top, x.Out.Started()
	probe := f.probeKind(s, from)
	undelivered := f.checksum(p, d) || p.Undelivered || s.Flags&fsm.RST != 0 && d.unheard() && !answersAck(s, y)

	if p.Undelivered {
		g.add(LostOnTheWay)
	}

	var m fsm.Meaning
	if twice == decode.DeliveredTwice || late {
		if late {
			g.add(OutOfOrder)
			d.OutOfOrder++
			f.relabel(d, p)
		} else {
			g.add(NetworkCopy)
		}
		m = f.Conn.StepCopy(from, s, p.Frame, p.Time)
	} else {
		m = f.Conn.Step(from, s, p.Frame, p.Time, undelivered)
	}
	at := fsm.Stamp{Time: p.Time, Frame: p.Frame, Nth: f.Segments + 1}
	f.Segments++
	f.Last = at

	if p.IPLen > 1500 {
		d.Giants++
	}
	if space > 0 && s.Flags&fsm.RST == 0 {
		g.addAll(probe)
		if probe.Empty() && started && twice != decode.DeliveredTwice && !late && (s.Flags&fsm.SYN == 0 || m.Any(fsm.SYNAgain|fsm.SYNACKAgain)) {
			g.addAll(f.orderFacts(p, d, x, y, top, space))
		}
		if s.Len > 0 {
			f.notePace(p.Frame, p.TOS, s, d, r)
			f.noteData(s, d, from, p.Time)
			if g.Any(Facts(Retransmission, SpuriousLikely, WindowProbe)) {
				if o := d.contents.differs(p); o != nil {
					g.add(ContentDiffers)
					captured, capturedTTL = o.frame, o.ttl
				}
			} else if !g.Has(KeepaliveProbe) { // its octet may be anything
				d.noteContent(p)
			}
		}
	} else {
		g.addAll(probe)
	}
	var why Kind
	var repeats fsm.Frame
	if space > 0 && s.Flags&fsm.RST == 0 && twice != decode.DeliveredTwice && probe.Empty() && !late {
		why, repeats = f.noteSent(p, from, g, y.Acked, y.HasAck)
		if !started || s.Seq.Add(space).After(top) {
			d.ids.note(p)
		}
	}
	if f.Conn.Unseen|f.Conn.Missed > 0 {
		r.GapBytes += uint64(f.Conn.Unseen)
		d.GapBytes += uint64(f.Conn.Missed)
	}
	if g.Any(Facts(KeepaliveProbe, WindowProbe)) {
		f.noteProbe(g, d, r, at)
	}
	if s.Flags&fsm.ACK != 0 && s.Flags&fsm.RST == 0 && !p.Undelivered { // what never arrives tells its receiver nothing
		g.addAll(f.ackFacts(s, d, r, x, y, from))
	}
	if s.Flags&(fsm.SYN|fsm.FIN|fsm.RST) != 0 || f.FinalACK.Nth == 0 {
		g.addAll(f.milestones(p, d, from, at, m))
		if s.Flags&fsm.FIN != 0 {
			d.FINs++
			d.LastFIN = p.Time
		}
		if states[from] == fsm.SynSent && s.Flags&(fsm.SYN|fsm.RST) == 0 && !x.FastOpen && f.SYNs[from.Peer()]+f.SYNACKs[from.Peer()] == 0 {
			g.add(EarlySegment)
		}
	}
	if peer := &f.FINAcked[from.Peer()]; peer.Nth == 0 && y.SentFIN && s.Flags&fsm.ACK != 0 && s.Ack.After(y.FinSeq) {
		*peer = at
	}
	g.addAll(f.optionFacts(s, d, r, y))

	asks := space > 0 && probe.Empty() && twice != decode.DeliveredTwice
	d.noteExchange(p, r, at, asks, g.Any(Facts(Retransmission, LateFill)) || m.Any(fsm.SYNAgain|fsm.SYNACKAgain|fsm.FINAgain))
	if d.Packets++; d.Packets == 1 {
		d.TTL = p.TTL
	}
	d.Last, d.lastLen = at, s.Len
	if !g.Any(Facts(KeepaliveProbe, KeepaliveAnswer, WindowProbe, WindowProbeAnswer)) {
		d.lastReal = p.Time
		r.lastReal = p.Time
	}
	f.Meanings |= m
	f.AllFacts.addAll(g)
	if m&^fsm.StateChanged != 0 || g.without(FinalACK) != (SegmentFacts{}) {
		f.noteSegment(NotableSegment{
			Frame: p.Frame, Time: p.Time, Nth: at.Nth, From: from, TTL: p.TTL, IPID: p.IPID,
			Meaning: m, Facts: g, Segment: *s, States: states, Next: next, RightEdge: rightEdge, SndNxt: sndNxt,
			OwnEdge: ownEdge, TSRecent: tsRecent, Captured: captured, CapturedTTL: capturedTTL, Prior: r.Last.Frame, PriorLen: r.lastLen,
			Kind: why, Original: repeats,
		})
	}
	f.addToTimeline(p, from, at.Nth, m, g, why, repeats)
}

// mark keeps a remarkable segment for the checks.
//
//go:noinline
func (f *Flow) noteSegment(m NotableSegment) {
	if f.events == nil {
		f.events = &eventLog{}
	}
	f.events.add(m)
}

// AddMalformed notes a segment of the connection of which only the ports could be read.
func (f *Flow) AddMalformed(p *decode.Packet) {
	f.AllFacts.add(HeaderBroken)
	f.noteSegment(NotableSegment{Frame: p.Frame, Time: p.Time, From: f.SideOf(p), TTL: p.TTL, IPID: p.IPID, Facts: Facts(HeaderBroken)})
}

// addCopy notes a frame that was captured twice; the machine never sees it.
func (f *Flow) addCopy(p *decode.Packet, d *Direction, from fsm.Side) {
	d.Doubled++
	f.AllFacts.add(Doubled)
	f.noteSegment(NotableSegment{Frame: p.Frame, Time: p.Time, From: from, Facts: Facts(Doubled), Segment: p.Segment})
	f.addToTimeline(p, from, 0, 0, Facts(Doubled), KindUnknown, 0)
}

// checksum counts the segment's checksum and reports whether the receiver must
// have dropped the segment. A direction whose checksums are all wrong was
// captured before its network card filled them in.
func (f *Flow) checksum(p *decode.Packet, d *Direction) (undelivered bool) {
	switch p.Checksum {
	case decode.ChecksumGood:
		d.GoodChecksums++
	case decode.ChecksumOffload:
		d.Offloaded++
	case decode.ChecksumBad:
		d.BadChecksums++
		return d.GoodChecksums > d.BadChecksums
	}
	return false
}
