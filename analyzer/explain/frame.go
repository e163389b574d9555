package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Outcome is how a test went.
type Outcome uint8

// The outcomes. A test that cannot be made, or does not apply, says why.
const (
	Passed Outcome = iota
	Failed
	Noted // neither good nor bad: what the segment was found to be
	NotApplicable
)

// String returns "passed", "failed", "noted" or "does not apply".
func (o Outcome) String() string {
	return [...]string{"passed", "failed", "noted", "does not apply"}[o&3]
}

// Test is one test that a segment was put to.
type Test struct {
	Name    string // what was tested
	Rule    string // where it is asked for; may be empty
	Outcome Outcome
	Text    string // the numbers, and what follows from them
}

// Judgement is everything that was tested on one segment.
type Judgement struct {
	Connection *record.Connection
	Segment    *record.Segment
	Tests      []Test
	Moves      []Move
	Findings   []*record.Anomaly // those that name the frame
	Wireshark  []string          // the fields that Wireshark would set, with a remark where it would be wrong
}

// Frame judges the segment with the given frame. It returns nil when the
// connection's record does not hold it.
func Frame(c *record.Connection, frame fsm.Frame) *Judgement {
	r := newReplay()
	for i := range c.Segments {
		s := &c.Segments[i]
		if s.Frame != frame {
			r.step(s)
			continue
		}
		r.learn(s)
		j := &Judgement{Connection: c, Segment: s, Moves: movesAt(c, frame), Wireshark: wireshark(c, s)}
		j.judge(r)
		for k := range c.Anomalies {
			if slices.Contains(c.Anomalies[k].Frames, frame) {
				j.Findings = append(j.Findings, &c.Anomalies[k])
			}
		}
		return j
	}
	return nil
}

func (j *Judgement) add(name, rule string, o Outcome, format string, args ...any) {
	j.Tests = append(j.Tests, Test{name, rule, o, fmt.Sprintf(format, args...)})
}

func (j *Judgement) judge(r *replay) {
	s := j.Segment
	j.copies()
	j.flags()
	if slices.Contains(s.Labels, record.LabelDuplicateFrame) {
		return // the machine never saw it
	}
	y := &r.conn.End[s.From.Peer()]
	switch y.State {
	case fsm.Closed, fsm.Listen:
		j.toClosed(r)
	case fsm.SynSent:
		j.inSynSent(r)
	default:
		j.sequence(r)
		j.reset(r)
		j.syn(r)
		j.ack(r)
	}
	j.resent(r)
	j.window(r)
	j.timestamps(r)
	j.options()
}

func (j *Judgement) has(label record.Label) bool { return slices.Contains(j.Segment.Labels, label) }

// copies tells whether the frame is a second sight of an earlier one.
func (j *Judgement) copies() {
	const how = "the same addresses, numbers, flags, length and IP identification within a few milliseconds, the TTL equal or less"
	switch {
	case j.has(record.LabelDuplicateFrame):
		j.add("copy of an earlier frame", "observer", Noted, "The capture holds this packet twice (%s). It is counted once, and nothing below applies to this sight of it.", how)
	case j.has(record.LabelNetworkDuplicate):
		j.add("copy of an earlier frame", "observer", Noted, "The network delivered the same packet twice: the IP identification is an earlier one's, too late for a doubled capture. Its sender sent it once.")
	default:
		j.add("copy of an earlier frame", "observer", Passed, "No earlier frame has %s.", how)
	}
}

// flags tests the combination of control bits.
func (j *Judgement) flags() {
	f := j.Segment.Seg.Flags
	const known = fsm.FIN | fsm.SYN | fsm.RST | fsm.PSH | fsm.ACK | fsm.URG
	var wrong []string
	switch b := f & known; {
	case b == 0:
		wrong = append(wrong, "no control bit at all")
	case b.Has(fsm.SYN | fsm.FIN):
		wrong = append(wrong, "SYN opens and FIN closes")
	case b.Has(fsm.SYN | fsm.RST):
		wrong = append(wrong, "SYN opens and RST aborts")
	case !b.Any(fsm.ACK|fsm.SYN|fsm.RST) && b.Any(fsm.FIN):
		wrong = append(wrong, "FIN without ACK")
	case !b.Any(fsm.ACK | fsm.SYN | fsm.RST):
		wrong = append(wrong, "none of SYN, ACK and RST")
	}
	if f.Any(fsm.Reserved) {
		wrong = append(wrong, "reserved bits set")
	}
	if f.Has(fsm.URG|fsm.SYN) || j.Segment.Seg.Urgent != 0 && !f.Has(fsm.URG) {
		wrong = append(wrong, "an urgent pointer where none belongs")
	}
	if len(wrong) > 0 {
		j.add("control bits", "RFC 9293 §3.1", Failed, "[%s]: %s.", f, strings.Join(wrong, "; "))
		return
	}
	j.add("control bits", "RFC 9293 §3.1", Passed, "[%s] is a combination that endpoints send.", f)
}

// toClosed is §3.10.7.1 and §3.10.7.2: the receiver has no connection, as far as
// the capture showed until here.
func (j *Judgement) toClosed(r *replay) {
	s := &j.Segment.Seg
	who := phrase.By(j.Segment.From.Peer())
	switch {
	case s.Flags.Has(fsm.RST):
		j.add("receiver without a connection", "RFC 9293 §3.10.7.1", Noted, "Nothing was known of a connection at %s, and a RST is ignored there.", who)
	case s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN:
		j.add("receiver without a connection", "RFC 9293 §3.10.7.2", Noted,
			"A SYN: %s, if it listens, enters SYN-RECEIVED and answers with SYN and ACK %s; if not, with a RST that acknowledges %s.",
			who, r.number(j.Segment.From, s.Seq+1), r.number(j.Segment.From, s.End()))
	case s.Flags.Has(fsm.ACK):
		j.add("receiver without a connection", "RFC 9293 §3.10.7.1", Noted,
			"To %s without a connection this would call for a RST with seq %s; an ordinary answer shows that it has one, seen from here on.", who, r.number(j.Segment.From.Peer(), s.Ack))
	default:
		j.add("receiver without a connection", "RFC 9293 §3.10.7.1", Noted, "To %s without a connection this would call for a RST that acknowledges %s.", who, r.number(j.Segment.From, s.End()))
	}
}

// inSynSent is §3.10.7.3: ACK first, then RST, then SYN.
func (j *Judgement) inSynSent(r *replay) {
	s, y, side := &j.Segment.Seg, &r.conn.End[j.Segment.From.Peer()], j.Segment.From.Peer()
	acceptable := false
	if s.Flags.Has(fsm.ACK) {
		acceptable = s.Ack.After(y.ISS) && s.Ack.AtOrBefore(y.Out.Top)
		test := fmt.Sprintf("ISS %s < SEG.ACK %s ≤ SND.NXT %s", r.number(side, y.ISS), r.number(side, s.Ack), r.number(side, y.Out.Top))
		if acceptable {
			j.add("ACK in SYN-SENT", "RFC 9293 §3.10.7.3", Passed, "%s: it acknowledges the SYN.", test)
		} else {
			j.add("ACK in SYN-SENT", "RFC 9293 §3.10.7.3", Failed, "%s does not hold: %s must answer with a RST of seq %s and stay in SYN-SENT.", test, phrase.By(side), r.number(side, s.Ack))
		}
	} else {
		j.add("ACK in SYN-SENT", "RFC 9293 §3.10.7.3", NotApplicable, "No ACK.")
	}
	switch {
	case s.Flags.Has(fsm.RST) && acceptable:
		j.add("RST in SYN-SENT", "RFC 9293 §3.10.7.3", Noted, "It acknowledges the SYN, so it refuses the connection.")
	case s.Flags.Has(fsm.RST):
		j.add("RST in SYN-SENT", "RFC 9293 §3.10.7.3", Failed, "It does not acknowledge the SYN and is dropped.")
	case s.Flags.Has(fsm.SYN) && acceptable:
		j.add("SYN in SYN-SENT", "RFC 9293 §3.10.7.3", Passed, "SYN with an acceptable ACK: %s is ESTABLISHED when it arrives, RCV.NXT = SEG.SEQ + 1 = %s.", phrase.By(side), r.number(j.Segment.From, s.Seq+1))
	case s.Flags.Has(fsm.SYN) && !s.Flags.Has(fsm.ACK):
		j.add("SYN in SYN-SENT", "RFC 9293 §3.10.7.3", Noted, "A SYN without ACK crosses the receiver's own: simultaneous open, SYN-RECEIVED.")
	case !s.Flags.Has(fsm.SYN):
		j.add("SYN in SYN-SENT", "RFC 9293 §3.10.7.3", Noted, "Neither SYN nor RST: dropped.")
	}
}

// window returns what the receiver expects and how much room it has, and whether
// the room is known.
func (r *replay) window(side fsm.Side) (rcvNxt fsm.Seq, wnd uint32, known bool) {
	x, y := &r.conn.End[side.Peer()], &r.conn.End[side]
	rcvNxt = x.Out.Edge
	if !y.HasAck || !y.ScaleKnown {
		return rcvNxt, 0, false
	}
	if y.RightEdge.After(rcvNxt) {
		wnd = uint32(y.RightEdge - rcvNxt)
	}
	return rcvNxt, wnd, true
}

// sequence is the first check of §3.10.7.4, in the four cases of its Table 6.
func (j *Judgement) sequence(r *replay) {
	s, from := &j.Segment.Seg, j.Segment.From
	rcvNxt, wnd, known := r.window(from.Peer())
	length := s.Space()
	const name, rule = "sequence number", "RFC 9293 §3.10.7.4, Table 6"
	num := func(n fsm.Seq) string { return r.number(from, n) }
	if !known {
		j.add(name, rule, NotApplicable, "RCV.NXT is %s, but the window is not known: %s's window scale, or any ACK of it, was not captured. SEG.SEQ is %s.", num(rcvNxt), phrase.By(from.Peer()), num(s.Seq))
		return
	}
	end := rcvNxt.Add(wnd)
	first := s.Seq.In(rcvNxt, wnd)
	last := length > 0 && s.Seq.Add(length-1).In(rcvNxt, wnd)
	intro := fmt.Sprintf("SEG.SEQ %s, SEG.LEN %d, RCV.NXT %s, RCV.WND %d", num(s.Seq), length, num(rcvNxt), wnd)
	ok, test := false, ""
	switch {
	case length == 0 && wnd == 0:
		ok, test = s.Seq == rcvNxt, "length 0, window 0: SEG.SEQ = RCV.NXT"
	case length == 0:
		ok, test = first, fmt.Sprintf("length 0, window above 0: RCV.NXT ≤ SEG.SEQ < %s", num(end))
	case wnd == 0:
		test = "length above 0, window 0: never acceptable"
	default:
		ok, test = first || last, fmt.Sprintf("length and window above 0: RCV.NXT ≤ SEG.SEQ < %s, or RCV.NXT ≤ %s (the last number) < %s", num(end), num(s.Seq.Add(length-1)), num(end))
	}
	switch {
	case ok:
		j.add(name, rule, Passed, "%s; %s. It holds: acceptable.", intro, test)
	case length > 0 && s.Seq.Before(rcvNxt) && r.conn.End[from.Peer()].HasAck && s.End().After(r.conn.End[from.Peer()].Acked):
		j.add(name, rule, Noted, "%s; %s. It does not hold if the first of these numbers that passed here arrived; the receiver has acknowledged no more than %s, so if they were lost behind the tap, this segment is acceptable.",
			intro, test, num(r.conn.End[from.Peer()].Acked))
	case s.End().AtOrBefore(rcvNxt) && length > 0 || s.Seq.Before(rcvNxt):
		j.add(name, rule, Failed, "%s; %s. It does not hold: the segment lies before the window, seen before; the receiver drops it and answers with an ACK.", intro, test)
	case wnd == 0:
		j.add(name, rule, Failed, "%s; %s. The receiver drops it and answers with an ACK, which is what a probe of a closed window wants.", intro, test)
	default:
		j.add(name, rule, Failed, "%s; %s. It does not hold: the segment lies beyond the window; the receiver drops it and answers with an ACK.", intro, test)
	}
}

// reset is the second check, as RFC 5961 tightened it.
func (j *Judgement) reset(r *replay) {
	s, from := &j.Segment.Seg, j.Segment.From
	const name, rule = "RST", "RFC 9293 §3.10.7.4, RFC 5961 §3.2"
	if !s.Flags.Has(fsm.RST) {
		j.add(name, rule, NotApplicable, "No RST.")
		return
	}
	rcvNxt, wnd, known := r.window(from.Peer())
	switch {
	case s.Seq == rcvNxt:
		j.add(name, rule, Noted, "SEG.SEQ %s = RCV.NXT: the connection is reset at once.", r.number(from, s.Seq))
	case known && s.Seq.In(rcvNxt, wnd):
		j.add(name, rule, Failed, "SEG.SEQ %s lies in the window but is not RCV.NXT %s: a challenge ACK is due, the connection stays.", r.number(from, s.Seq), r.number(from, rcvNxt))
	case known:
		j.add(name, rule, Failed, "SEG.SEQ %s lies outside the window %s … %s: ignored.", r.number(from, s.Seq), r.number(from, rcvNxt), r.number(from, rcvNxt.Add(wnd)))
	default:
		j.add(name, rule, Noted, "SEG.SEQ %s is not RCV.NXT %s; the window is not known, so whether it resets is not.", r.number(from, s.Seq), r.number(from, rcvNxt))
	}
}

// syn is the fourth check.
func (j *Judgement) syn(r *replay) {
	s, from := &j.Segment.Seg, j.Segment.From
	x, y := &r.conn.End[from], &r.conn.End[from.Peer()]
	const name, rule = "SYN", "RFC 9293 §3.10.7.4, RFC 5961 §4.2"
	switch {
	case !s.Flags.Has(fsm.SYN):
		j.add(name, rule, NotApplicable, "No SYN.")
	case x.SentSYN && s.Seq == x.ISS && !y.State.Synchronized():
		j.add(name, rule, Noted, "The same SYN again, number %s.", r.number(from, s.Seq))
	case x.SentSYN && s.Seq == x.ISS:
		j.add(name, rule, Noted, "The SYN of this connection again, in %s: a synchronized receiver answers with an ACK and stays.", y.State)
	default:
		j.add(name, rule, Failed, "A SYN with another number (%d) in %s: whatever its number, it draws a challenge ACK and changes nothing.", s.Seq, y.State)
	}
}

// ack is the fifth check.
func (j *Judgement) ack(r *replay) {
	s, side := &j.Segment.Seg, j.Segment.From.Peer() // the ACK is about the receiver's stream
	y := &r.conn.End[side]
	x := &r.conn.End[j.Segment.From]
	const name, rule = "ACK", "RFC 9293 §3.10.7.4, RFC 5961 §5.2"
	num := func(n fsm.Seq) string { return r.number(side, n) }
	if !s.Flags.Has(fsm.ACK) {
		if s.Flags.Any(fsm.RST | fsm.SYN) {
			j.add(name, rule, NotApplicable, "No ACK.")
		} else {
			j.add(name, rule, Failed, "No ACK: the segment is dropped.")
		}
		return
	}
	una, nxt := y.Out.Edge, y.Out.Top
	if x.HasAck {
		una = x.Acked
	} else if y.SentSYN {
		una = y.ISS
	}
	intro := fmt.Sprintf("SND.UNA %s, SEG.ACK %s, SND.NXT %s", num(una), num(s.Ack), num(nxt))
	switch {
	case !y.Out.Started():
		j.add(name, rule, NotApplicable, "SEG.ACK %s; nothing of %s's stream was captured to hold it against.", num(s.Ack), phrase.By(side))
	case y.State == fsm.SynReceived && s.Ack.After(y.ISS) && s.Ack.AtOrBefore(nxt):
		j.add(name, rule, Passed, "%s: it acknowledges the SYN, so %s is ESTABLISHED when it arrives.", intro, phrase.By(side))
	case y.State == fsm.SynReceived:
		j.add(name, rule, Failed, "%s: it does not acknowledge the SYN (ISS %s); a RST of seq %s is due.", intro, num(y.ISS), num(s.Ack))
	case s.Ack.After(nxt):
		j.add(name, rule, Failed, "%s: it acknowledges what was never captured: lost by the capture, or never sent.", intro)
	case s.Ack.After(una):
		what := ""
		if y.SentFIN && s.Ack.After(y.FinSeq) {
			what = ", the FIN included"
		}
		j.add(name, rule, Passed, "%s: SND.UNA < SEG.ACK ≤ SND.NXT, %s newly acknowledged%s.", intro, phrase.Size(uint64(uint32(s.Ack-una))), what)
	case s.Ack == una && j.has(record.LabelDuplicateACK):
		j.add(name, rule, Noted, "%s: nothing new while %s is outstanding, same window, no data: a duplicate ACK (RFC 5681 §2).", intro, phrase.Size(uint64(uint32(nxt-una))))
	case s.Ack == una:
		j.add(name, rule, Passed, "%s: nothing new to acknowledge.", intro)
	default:
		j.add(name, rule, Noted, "%s: less than was acknowledged before; the segment, or its ACK, is old.", intro)
	}
	j.challenge()
}

func (j *Judgement) challenge() {
	if j.has(record.LabelChallengeACK) {
		j.add("challenge ACK", "RFC 5961", Noted, "A pure ACK of what its sender expects, right behind a segment that RFC 5961 answers so.")
	}
}

// why says in words what made a segment one that was sent again.
var why = map[record.Label]string{
	record.LabelRetransmissionSYN:     "a SYN is sent again by its own timer",
	record.LabelRetransmissionSYNACK:  "a SYN-ACK is sent again by its own timer, or in answer to a SYN that came again",
	record.LabelRetransmissionTimeout: "the sender had heard nothing new for about a retransmission timeout, or was recovering from one (RFC 6298 §5)",
	record.LabelRetransmissionFast:    "duplicate ACKs or SACK blocks had told of a hole, within the timeout (RFC 5681 §3.2, RFC 6675, RFC 8985)",
	record.LabelTailLossProbe:         "the last of a flight sent again once, after about two round trips of silence (RFC 8985 §7)",
	record.LabelRetransmissionUnknown: "neither the timer nor duplicate ACKs explain it, as far as was captured",
}

// resent tells new, repeated, late and early numbers apart.
func (j *Judgement) resent(r *replay) {
	s, from := &j.Segment.Seg, j.Segment.From
	x := &r.conn.End[from]
	const name, rule = "sent before?", "RFC 9293 §3.8.1"
	if s.Space() == 0 || s.Flags.Has(fsm.RST) {
		switch {
		case j.has(record.LabelKeepalive):
			j.add(name, "RFC 9293 §3.8.4", Noted, "No data, and SEG.SEQ %s is one below SND.NXT %s with a window that is open: a keepalive probe.", r.number(from, s.Seq), r.number(from, x.Out.Top))
		case j.has(record.LabelZeroWindowProbe):
			j.add(name, "RFC 9293 §3.8.6.1", Noted, "No data, and SEG.SEQ %s is one below SND.NXT or SND.UNA while the receiver's window is closed: a window probe, not a keepalive.", r.number(from, s.Seq))
		default:
			j.add(name, rule, NotApplicable, "It takes no sequence number.")
		}
		return
	}
	if !x.Out.Started() {
		j.add(name, rule, Passed, "Nothing of this direction was captured before.")
		return
	}
	span := fmt.Sprintf("It takes %s to %s; every number before %s had passed, the highest sent was %s", r.number(from, s.Seq), r.number(from, s.End()-1), r.number(from, x.Out.Edge), r.number(from, x.Out.Top-1))
	switch {
	case j.has(record.LabelKeepalive) || j.has(record.LabelZeroWindowProbe):
		j.add(name, rule, Noted, "%s: one octet at the edge, a probe.", span)
	case j.has(record.LabelRetransmission):
		text := span + ": sent before"
		if j.has(record.LabelOriginalNotCaptured) {
			text = span + ": it fills a hole that was open too long for a late packet, so its original was lost before it reached the tap"
		}
		if j.Segment.Original != 0 {
			text += ", in frame " + strconv.FormatUint(j.Segment.Original.Number(), 10)
		}
		for _, l := range j.Segment.Labels {
			if w := why[l]; w != "" {
				text += "; " + w
			}
		}
		switch {
		case j.has(record.LabelRetransmissionSpuriousProved):
			text += "; the receiver later showed that it was needless (D-SACK or timestamp)"
		case j.has(record.LabelRetransmissionSpurious):
			text += "; an ACK that covers it had passed already"
		}
		j.add(name, rule, Noted, "%s.", text)
	case j.has(record.LabelOutOfOrder):
		j.add(name, rule, Noted, "%s: it fills a hole with numbers never seen, soon after the hole opened: overtaken on the way, not sent again.", span)
	case j.has(record.LabelPreviousSegmentMissing):
		j.add(name, rule, Noted, "%s: numbers in between have not passed: late, lost before the tap, or not captured.", span)
	default:
		j.add(name, rule, Passed, "%s: all new.", span)
	}
}

// window tells what room was used and what is offered.
func (j *Judgement) window(r *replay) {
	s, from := &j.Segment.Seg, j.Segment.From
	_, wnd, known := r.window(from.Peer())
	if s.Len > 0 && known && !s.Flags.Has(fsm.SYN) {
		edge := r.conn.End[from.Peer()].RightEdge
		left := edge.Minus(s.Seq.Add(s.Len))
		switch {
		case left < 0 && !(s.Len == 1 && wnd == 0):
			j.add("window used", "RFC 9293 §3.8.6", Failed, "It ends %d beyond the right edge %s of the window.", -left, r.number(from, edge))
		case left == 0:
			j.add("window used", "RFC 9293 §3.8.6", Noted, "It ends exactly at the window's right edge %s: the window is full.", r.number(from, edge))
		case left > 0:
			j.add("window used", "RFC 9293 §3.8.6", Passed, "%s of the window are left behind it.", phrase.Size(uint64(left)))
		}
	}
	switch {
	case s.Flags.Any(fsm.RST):
	case j.has(record.LabelZeroWindow):
		j.add("window offered", "RFC 9293 §3.8.6", Noted, "0: it closes its window.")
	case j.has(record.LabelWindowUpdate):
		j.add("window offered", "RFC 9293 §3.8.6", Noted, "%s, and nothing else new: a window update.", phrase.Size(uint64(j.Segment.Window)))
	default:
		how := ""
		if uint32(s.Window) != j.Segment.Window {
			how = fmt.Sprintf(" (%d in the header, scaled)", s.Window)
		}
		j.add("window offered", "RFC 9293 §3.8.6", Passed, "%d octets%s.", j.Segment.Window, how)
	}
}

// timestamps is the PAWS test.
func (j *Judgement) timestamps(r *replay) {
	s, from := &j.Segment.Seg, j.Segment.From
	const name, rule = "timestamp (PAWS)", "RFC 7323 §5.3"
	switch {
	case !s.Opts.Has(fsm.OptTimestamps):
		j.add(name, rule, NotApplicable, "No timestamps.")
	case !r.tsOK[from]:
		j.add(name, rule, Passed, "TSval %d, the first of its side.", s.TSVal)
	case int32(s.TSVal-r.ts[from]) < 0:
		j.add(name, rule, Failed, "TSval %d is older than %d, the newest of its side so far: dropped if it lies in the window, or overtaken on the way.", s.TSVal, r.ts[from])
	default:
		j.add(name, rule, Passed, "TSval %d is not older than %d, the newest of its side so far; TSecr %d.", s.TSVal, r.ts[from], s.TSEcr)
	}
}

// options tests the option list.
func (j *Judgement) options() {
	s := &j.Segment.Seg
	const name, rule = "options", "RFC 9293 §3.2"
	var wrong []string
	for _, o := range []struct {
		set  fsm.OptionSet
		text string
	}{
		{fsm.OptMalformed, "a length that cannot be right"}, {fsm.OptDuplicate, "one kind twice"}, {fsm.OptAfterEnd, "octets behind the end of the list"},
	} {
		if s.Opts.Any(o.set) {
			wrong = append(wrong, o.text)
		}
	}
	if s.Opts.Any(fsm.OptMSS|fsm.OptWindowScale|fsm.OptSACKPermitted) && !s.Flags.Has(fsm.SYN) {
		wrong = append(wrong, "an option that belongs on a SYN only")
	}
	if s.Opts.Has(fsm.OptWindowScale) && s.WindowScale > 14 {
		wrong = append(wrong, fmt.Sprintf("a window scale of %d, above 14", s.WindowScale))
	}
	switch {
	case len(wrong) > 0:
		j.add(name, rule, Failed, "%s.", phrase.Capital(strings.Join(wrong, "; ")))
	case s.Opts == 0:
		j.add(name, rule, NotApplicable, "None.")
	default:
		j.add(name, rule, Passed, "Well formed, and where they belong.")
	}
}
