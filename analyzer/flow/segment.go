package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// add takes one segment of the connection: is it a copy, what does it say, what
// does it do to both machines, what does it tell about the path.
func (f *Flow) add(p *decode.Packet, seen *recent) {
	s := &p.Segment
	from := f.SideOf(p)
	d, r := &f.Dir[from], &f.Dir[from.Peer()]
	x, y := &f.Conn.End[from], &f.Conn.End[from.Peer()]
	space := s.Space()

	print := printOf(p)
	advances := !x.Out.Started() || s.Seq.Add(space).After(x.Out.Top) || s.Flags&fsm.ACK != 0 && s.Ack.After(x.Acked)
	kind := original
	if !advances {
		kind = seen.copyOf(&print, space, d.Doubled > 0)
	}
	if kind == captureCopy {
		f.addCopy(p, d, from)
		return
	}

	g := f.headerFacts(p, from)
	before := Mark{
		States: [2]fsm.State{f.Conn.End[0].State, f.Conn.End[1].State},
		Next:   x.Out.Edge, RightEdge: y.RightEdge, SndNxt: y.Out.Top,
		OwnEdge: d.lastEdge, TSRecent: d.tsRecent, Prior: r.Last.Frame, PriorLen: r.lastLen,
	}
	top, started := x.Out.Top, x.Out.Started()
	probe := f.probeKind(s, from)
	undelivered := f.checksum(p, d)

	var m fsm.Meaning
	if kind == networkCopy {
		g |= NetworkCopy
		m = f.Conn.StepCopy(from, s, p.Frame, p.Time)
	} else {
		m = f.Conn.Step(from, s, p.Frame, p.Time, undelivered)
	}
	at := fsm.Stamp{Time: p.Time, Frame: p.Frame, Nth: f.Segments + 1}
	f.Segments++
	f.Last = at

	if space > 0 && s.Flags&fsm.RST == 0 {
		g |= probe
		if probe == 0 && started && kind == original && (s.Flags&fsm.SYN == 0 || m.Any(fsm.SYNAgain|fsm.SYNACKAgain)) {
			g |= f.orderFacts(p, d, x, y, top, space)
		}
		if s.Len > 0 {
			f.data(s, d, from, p.Time)
			if g&(Retransmission|Spurious|WindowProbe) != 0 {
				if frame := d.contents.differs(p); frame != 0 {
					g |= ContentDiffers
					before.Captured = frame
				}
			} else {
				d.noteContent(p)
			}
		}
	} else {
		g |= probe
	}
	if f.Conn.Unseen > 0 {
		r.GapOctets += uint64(f.Conn.Unseen)
	}
	if g&(KeepaliveProbe|WindowProbe) != 0 {
		g |= f.noteProbe(g, d, at)
	}
	if s.Flags&fsm.ACK != 0 && s.Flags&fsm.RST == 0 {
		g |= f.ackFacts(s, d, r, x, y, from)
	}
	if s.Flags&(fsm.SYN|fsm.FIN|fsm.RST) != 0 || f.FinalACK.Nth == 0 {
		g |= f.landmarks(p, d, from, at, m)
	}
	if peer := &f.FINAcked[from.Peer()]; peer.Nth == 0 && y.SentFIN && s.Flags&fsm.ACK != 0 && s.Ack.After(y.FinSeq) {
		*peer = at
	}
	g |= f.optionFacts(s, d, y)

	if d.Packets++; d.Packets == 1 {
		d.TTL = p.TTL
	}
	d.Last, d.lastLen = at, s.Len
	if g&(KeepaliveProbe|KeepaliveAnswer|WindowProbe|WindowProbeAnswer) == 0 {
		d.lastReal = p.Time
		r.lastReal = p.Time
	}
	seen.note(&print)

	f.Meanings |= m
	f.AllFacts |= g
	if m&^fsm.StateChanged != 0 || g&^FinalACK != 0 {
		before.Frame, before.Time, before.Nth, before.From = p.Frame, p.Time, at.Nth, from
		before.TTL, before.IPID = p.TTL, p.IPID
		before.Meaning, before.Facts, before.Segment = m, g, *s
		f.mark(before)
	}
	if f.keep {
		f.keepSegment(p, from, at.Nth, m, g)
	}
}

func (f *Flow) mark(m Mark) {
	if f.log == nil {
		f.log = &log{}
	}
	f.log.add(m)
}

// addCopy notes a frame that was captured twice; the machine never sees it.
func (f *Flow) addCopy(p *decode.Packet, d *Direction, from fsm.Side) {
	d.Doubled++
	f.AllFacts |= Doubled
	f.mark(Mark{Frame: p.Frame, Time: p.Time, From: from, Facts: Doubled, Segment: p.Segment})
	if f.keep {
		f.keepSegment(p, from, 0, 0, Doubled)
	}
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

// orderFacts tells new data from repeated, late and early data. top is the
// highest number sent before the segment.
func (f *Flow) orderFacts(p *decode.Packet, d *Direction, x, y *fsm.Endpoint, top fsm.Seq, space uint32) Facts {
	s := &p.Segment
	fresh, old := f.Conn.Fresh, f.Conn.Old
	var g Facts
	switch {
	case fresh == 0 && old > 0:
		g = Retransmission
		d.Retransmissions++
		d.ResentOctets += uint64(s.Len)
		if y.HasAck && s.End().AtOrBefore(y.Acked) {
			g |= Spurious
		}
	case old > 0:
		g = Retransmission | PartlyResent
		d.Retransmissions++
		d.ResentOctets += uint64(min(old, s.Len))
	case fresh > 0 && s.Seq.Before(top):
		// Numbers never seen, below others that were: late on the way, or sent
		// again after the first copy was lost before the tap.
		if p.Time-d.holeSince <= f.reorderSpan() {
			g = OutOfOrder
			d.OutOfOrder++
		} else {
			g = LateFill
			d.Retransmissions++
			d.ResentOctets += uint64(s.Len)
		}
	case s.Seq.After(top) && s.Flags&fsm.SYN == 0 && f.Meanings&fsm.GapConfirmed == 0:
		g = HoleBefore
		d.holeSince = p.Time
	}
	if s.Len > 1 && fresh > 0 && y.HasAck && y.ScaleKnown && s.Flags&fsm.SYN == 0 {
		end := s.Seq.Add(s.Len)
		switch {
		case end == y.RightEdge:
			g |= WindowFull
		case end.After(y.RightEdge) && !x.Out.Holes():
			g |= BeyondWindow
		}
	}
	return g
}

// reorderSpan is how late a segment may come and still count as reordered: the
// handshake's round trip, within bounds.
func (f *Flow) reorderSpan() fsm.Time {
	const least, most = 3_000_000, 100_000_000
	if f.SYN.Nth == 0 || f.FinalACK.Nth == 0 || f.SYNs[0]+f.SYNs[1] > 1 {
		return least
	}
	return min(max(f.FinalACK.Time-f.SYN.Time, least), most)
}

// data counts payload and the use made of the connection.
func (f *Flow) data(s *fsm.Segment, d *Direction, from fsm.Side, t fsm.Time) {
	d.LastData, d.LastDataFrame = t, f.Last.Frame
	d.Octets += uint64(s.Len)
	d.Unique += uint64(min(f.Conn.Fresh, s.Len))
	if f.Conn.Fresh == 0 {
		return
	}
	if f.hasData {
		if idle := t - f.lastData; idle > IdleSpan {
			f.IdleSpans++
			f.LongestIdle = max(f.LongestIdle, idle)
		} else {
			f.LongestIdle = max(f.LongestIdle, idle)
		}
		if from == fsm.Server && f.lastDataFrom == fsm.Client {
			f.Exchanges++
		}
	}
	f.hasData, f.lastData, f.lastDataFrom = true, t, from
}

// ackFacts looks at what a segment acknowledges and offers.
func (f *Flow) ackFacts(s *fsm.Segment, d, r *Direction, x, y *fsm.Endpoint, from fsm.Side) Facts {
	var g Facts
	pure := s.Len == 0 && s.Flags&(fsm.SYN|fsm.FIN) == 0
	same := d.hasAck && s.Ack == d.lastAck && s.Window == d.lastWin

	if r.awaiting != nothing {
		if pure && s.Ack == y.Out.Top && !f.isProbe(s, x) {
			if r.awaiting == keepaliveAnswer {
				g |= KeepaliveAnswer
				r.Keepalive.answered(true)
			} else {
				g |= WindowProbeAnswer
			}
		} else if r.Keepalive != nil && r.awaiting == keepaliveAnswer {
			r.Keepalive.answered(false)
		}
		r.awaiting = nothing
	}
	if pure && d.hasAck && s.Ack == d.lastAck && g == 0 && !f.isProbe(s, x) {
		switch {
		case s.Window != d.lastWin && s.Window != 0:
			g |= WindowUpdate
		case same && y.Out.Top.After(s.Ack):
			g |= DuplicateACK
			d.DuplicateACKs++
		}
	}
	if s.NumSACK > 0 {
		b := s.SACK[0]
		if b.To.AtOrBefore(s.Ack) || s.NumSACK > 1 && b.From.AtOrAfter(s.SACK[1].From) && b.To.AtOrBefore(s.SACK[1].To) {
			g |= DSACK
		} else if y.Seen && y.ScaleKnown && b.To.After(y.Out.Top) {
			g |= SACKInvalid
		}
	}
	if s.Flags&fsm.SYN == 0 {
		g |= f.windowFacts(s, d, x, y)
	}
	d.lastAck, d.lastWin, d.hasAck = s.Ack, s.Window, true
	return g
}

// windowFacts follows the window that a side offers.
func (f *Flow) windowFacts(s *fsm.Segment, d *Direction, x, y *fsm.Endpoint) Facts {
	var g Facts
	scaled := uint32(s.Window) << x.Scale
	if d.MaxWindow == 0 && d.MinWindow == 0 || scaled < d.MinWindow {
		d.MinWindow = scaled
	}
	d.MaxWindow = max(d.MaxWindow, scaled)
	now := f.Last.Time
	if s.Window == 0 {
		if !d.zero && !y.SentFIN {
			d.zero, d.zeroSince = true, now
			d.ZeroWindows++
			g |= ZeroWindow
		}
	} else if d.zero {
		d.zero = false
		d.ZeroWindowTime += now - d.zeroSince
	}
	if x.ScaleKnown && s.Ack.AtOrAfter(x.Acked) && s.Ack.AtOrBefore(y.Out.Top) {
		edge := s.Ack.Add(scaled)
		// The scale rounds the edge down by less than one unit of it.
		if d.hasEdge && !y.SentFIN && edge.Minus(d.lastEdge) < -(int32(1)<<x.Scale) {
			g |= WindowShrunk
		}
		d.lastEdge, d.hasEdge = edge, true
	}
	return g
}

// optionFacts checks timestamps against what was agreed and seen.
func (f *Flow) optionFacts(s *fsm.Segment, d *Direction, y *fsm.Endpoint) Facts {
	has := s.Opts&fsm.OptTimestamps != 0
	if s.Flags&(fsm.SYN|fsm.RST) != 0 {
		if has && s.Flags&fsm.SYN != 0 {
			d.tsRecent, d.hasTS = s.TSVal, true
		}
		return 0
	}
	var g Facts
	if !has {
		if f.agreed && f.Timestamps && s.Opts&fsm.OptMalformed == 0 {
			g |= TimestampMissing
		}
		return g
	}
	if f.agreed && !f.Timestamps {
		g |= TimestampUnagreed
	}
	switch {
	case !d.hasTS:
		d.tsRecent, d.hasTS = s.TSVal, true
	case int32(s.TSVal-d.tsRecent) >= 0:
		if !y.HasAck || s.Seq.AtOrBefore(y.Acked) { // RFC 7323 §4.3 (2)
			d.tsRecent = s.TSVal
		}
	case y.HasAck && s.Seq.AtOrAfter(y.Acked):
		g |= OldTimestamp
	}
	return g
}

// landmarks notes the segments that open and close the connection.
func (f *Flow) landmarks(p *decode.Packet, d *Direction, from fsm.Side, at fsm.Stamp, m fsm.Meaning) Facts {
	s := &p.Segment
	switch {
	case s.Flags&fsm.RST != 0:
		if f.RST[from].Nth == 0 {
			f.RST[from] = at
		}
		if k := d.Keepalive; k != nil && k.run > 0 {
			k.GaveUp = true
		}
	case s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN:
		f.SYNs[from]++
		if m&fsm.SYNInSync == 0 {
			d.noteOptions(s)
		}
		if from == fsm.Client && f.SYN.Nth == 0 {
			f.SYN = at
		}
		f.agree()
	case s.Flags&fsm.SYN != 0:
		f.SYNACKs[from]++
		d.noteOptions(s)
		if from == fsm.Server && f.SYNACK.Nth == 0 {
			f.SYNACK = at
		}
		f.agree()
		if c := &f.Conn.End[from.Peer()]; c.FastOpen {
			if s.Ack == c.ISS+1 {
				return FastOpenIgnored
			}
			return FastOpenTaken
		}
	case from == fsm.Client && f.FinalACK.Nth == 0 && s.Flags&fsm.ACK != 0 && f.SYNACKs[fsm.Server]+f.SYNs[fsm.Server] > 0:
		f.FinalACK = at
		if rtt := at.Time - f.SYN.Time; f.SYN.Nth != 0 && f.SYNs[fsm.Client] == 1 {
			f.Conn.InFlight = max(2*rtt, 10_000_000)
		}
		return FinalACK
	}
	return 0
}

// noteOptions keeps what a side offered in its SYN.
func (d *Direction) noteOptions(s *fsm.Segment) {
	o := record.Options{Seen: true, WindowScale: -1}
	d.SYNTimestamp = s.TSVal
	if s.Opts&fsm.OptMSS != 0 {
		o.MSS = s.MSS
	}
	if s.Opts&fsm.OptWindowScale != 0 {
		o.WindowScale = int(s.WindowScale)
	}
	o.SACKPermitted = s.Opts&fsm.OptSACKPermitted != 0
	o.Timestamps = s.Opts&fsm.OptTimestamps != 0
	o.MPTCP = s.Opts&fsm.OptMPTCP != 0
	if s.Opts&fsm.OptFastOpen != 0 {
		o.FastOpen = "request"
		if s.CookieLen > 0 {
			o.FastOpen = "cookie"
		}
	}
	// RFC 3168 §6.1.1: a SYN asks with ECE and CWR, a SYN-ACK agrees with ECE alone.
	if s.Flags&fsm.ACK == 0 {
		o.ECN = s.Flags.Has(fsm.ECE | fsm.CWR)
	} else {
		o.ECN = s.Flags&(fsm.ECE|fsm.CWR) == fsm.ECE
	}
	d.Options = o
}

// agree settles the options once both SYNs were seen: an option holds only if
// both sides offered it.
func (f *Flow) agree() {
	a, b := &f.Dir[0].Options, &f.Dir[1].Options
	if !a.Seen || !b.Seen {
		return
	}
	f.agreed = true
	f.Scale = a.WindowScale >= 0 && b.WindowScale >= 0
	f.Timestamps = a.Timestamps && b.Timestamps
}

func (f *Flow) keepSegment(p *decode.Packet, from fsm.Side, nth uint32, m fsm.Meaning, g Facts) {
	x, y := &f.Conn.End[from], &f.Conn.End[from.Peer()]
	s := &p.Segment
	k := Kept{Frame: p.Frame, Time: p.Time, Nth: nth, From: from, Segment: *s, Meaning: m, Facts: g, Scaled: uint32(s.Window)}
	if s.Flags&fsm.SYN == 0 {
		k.Scaled <<= x.Scale
	}
	k.RelSeq = f.relative(from, x, s.Seq)
	if s.Flags&fsm.ACK != 0 {
		k.RelAck = f.relative(from.Peer(), y, s.Ack)
	}
	f.Kept = append(f.Kept, k)
}
