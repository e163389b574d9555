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
	Both        bool            // a run with segments of both sides
	Segment     *record.Segment // of a step with one segment
	Text        string          // what happens, and what it proves
	Moves       []Move
	Findings    []*record.Anomaly // told at the first step that shows them
}

// Story tells a connection step by step. Runs of ordinary segments become one
// step each, and what happens again and again is told a few times in full; with
// full set, nothing is folded. Without kept segments it has the steps that
// changed a state only.
func Story(c *record.Connection, full bool) []Step {
	t := &teller{c: c, r: newReplay(), full: full, seen: map[string]int{}, told: map[*record.Anomaly]bool{}}
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

// teller puts the story together.
type teller struct {
	c      *record.Connection
	r      *replay
	full   bool
	steps  []Step
	run    run
	seen   map[string]int // how often a kind of step was told
	told   map[*record.Anomaly]bool
	timers []*fsm.Transition

	sentData [2]bool
	lastData fsm.Side
	anyData  bool
	finished [2]bool // the side's FIN has passed
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

func (t *teller) segment(s *record.Segment) {
	moves := movesAt(t.c, s.Frame)
	findings := t.findings(s.Frame)
	x := &t.r.conn.End[s.From]
	newAck := s.Seg.Flags.Has(fsm.ACK) && x.HasAck && s.Seg.Ack.After(x.Acked)
	t.r.step(s)
	kind, text := t.words(s, newAck)
	plain := len(moves) == 0 && len(findings) == 0 && !s.Seg.Flags.Any(fsm.SYN|fsm.FIN|fsm.RST)
	if !t.full && plain && (kind == "" || t.seen[kind] >= enough) {
		t.fold(s, kind, text)
		return
	}
	t.closeRun()
	t.seen[kind]++
	t.steps = append(t.steps, Step{
		First: s.Frame, Last: s.Frame, Time: s.Time, From: s.From, Segment: s, Text: text, Moves: moves, Findings: findings,
	})
}

// findings returns the anomalies that name the frame and were not told yet.
func (t *teller) findings(f fsm.Frame) []*record.Anomaly {
	var out []*record.Anomaly
	for i := range t.c.Anomalies {
		if a := &t.c.Anomalies[i]; !t.told[a] && slices.Contains(a.Frames, f) {
			t.told[a] = true
			out = append(out, a)
		}
	}
	return out
}

func (t *teller) fold(s *record.Segment, kind, text string) {
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

func (t *teller) closeRun() {
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

func (t *teller) timersBefore(when fsm.Time) {
	for len(t.timers) > 0 && t.timers[0].Time < when {
		tr := t.timers[0]
		t.timers = t.timers[1:]
		t.closeRun()
		t.steps = append(t.steps, Step{
			Time: tr.Time, From: tr.Side, Moves: []Move{moveOf(tr)},
			Text: phrase.Capital(phrase.By(tr.Side)) + "'s TIME-WAIT has lasted 2 MSL: no segment of this connection can be under way any more, and its addresses and ports are free again. No wire shows this.",
		})
	}
}

// transitionsOnly tells the changes of state when no segments were kept.
func (t *teller) transitionsOnly() []Step {
	for i := range t.c.Transitions {
		tr := &t.c.Transitions[i]
		if tr.Cause == fsm.Timer {
			t.timersBefore(tr.Time + 1)
			continue
		}
		if n := len(t.steps); n > 0 && tr.Frame != 0 && t.steps[n-1].First == tr.Frame {
			t.steps[n-1].Moves = append(t.steps[n-1].Moves, moveOf(tr))
			continue
		}
		from := tr.Side
		if tr.Cause == fsm.Received {
			from = from.Peer()
		}
		t.steps = append(t.steps, Step{
			First: tr.Frame, Last: tr.Frame, Time: tr.Time, From: from, Moves: []Move{moveOf(tr)}, Findings: t.findings(tr.Frame),
			Text: phrase.Capital(tr.Event.String()) + ". Its segment was not kept.",
		})
	}
	return t.steps
}

// words says what a segment means in the story. An empty kind stands for an
// ordinary segment, which may be folded.
func (t *teller) words(s *record.Segment, newAck bool) (kind, text string) {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	has := func(label record.Label) bool { return slices.Contains(s.Labels, label) }
	f := s.Seg.Flags
	switch {
	case has(record.LabelDuplicateFrame):
		return "copies of frames that the capture holds twice", "The capture holds this packet twice; the copy tells nothing, and counts for nothing."
	case has(record.LabelNetworkDuplicate):
		return "packets that the network delivered twice", "The network delivered a packet of " + who + " twice. " + phrase.Capital(peer) + " has it already and drops it."
	case f.Has(fsm.RST):
		return "resets", t.reset(s)
	case f.Has(fsm.SYN | fsm.ACK):
		return "SYN-ACKs", t.synAck(s)
	case f.Has(fsm.SYN):
		return "SYNs", t.syn(s)
	case f.Has(fsm.FIN):
		return "FINs", t.fin(s)
	}
	defer func() {
		if s.Seg.Len > 0 && kind != "keepalive probes" && kind != "window probes" {
			t.sentData[s.From], t.lastData, t.anyData = true, s.From, true
		}
	}()
	switch {
	case has(record.LabelLostBetweenTaps):
		return "segments lost on the way", "The tap near " + peer + " never saw it: it was lost on the way, unless that tap missed it."
	case s.Frame == t.c.Handshake.ACK && t.c.Handshake.SYNACK != 0:
		return "final ACKs", t.finalACK(s)
	case t.acksFIN(s):
		return "ACKs of a FIN", t.ackOfFIN(s)
	case has(record.LabelBadChecksum):
		return "segments with a wrong checksum", "The checksum is wrong: " + peer + " drops the segment as if it had never come, so " + who + " will have to send it again."
	case has(record.LabelKeepalive):
		return "keepalive probes", "After a silence " + who + " asks whether " + peer + " is still there: a keepalive, with a number just below the next one, which " + peer + " must answer with an ACK if it lives."
	case has(record.LabelKeepaliveACK):
		return "answers to keepalives", phrase.Capital(who) + " answers the keepalive: it is there, and knows the connection."
	case has(record.LabelZeroWindowProbe):
		return "window probes", phrase.Capital(peer) + "'s window is closed, so " + who + " asks with a probe whether there is room again. A lost window update would otherwise stop both for ever."
	case has(record.LabelZeroWindowProbeACK):
		return "answers to window probes", phrase.Capital(who) + " answers the probe: its window is " + phrase.Size(uint64(s.Window)) + "."
	case has(record.LabelZeroWindow):
		return "closed windows", phrase.Capital(who) + " closes its window: its buffer is full because its application does not read, and " + peer + " must wait."
	case has(record.LabelChallengeACK):
		return "challenge ACKs", phrase.Capital(who) + " does not trust the segment before and answers with what it expects (a challenge ACK, RFC 5961): if that segment was meant, its sender will answer with a RST at exactly this number."
	case has(record.LabelRetransmission):
		return "retransmissions of " + who, t.resent(s)
	case has(record.LabelOutOfOrder):
		return "segments out of order", "Numbers below the highest so far that nobody had seen: this segment of " + who + " was overtaken on the way. Nothing was lost."
	case has(record.LabelPreviousSegmentMissing):
		return "segments behind a hole", phrase.Capital(who) + " is ahead of what was captured: what lies between is late, was lost before the tap, or was not captured. What follows tells which."
	case has(record.LabelACKAhead):
		return "ACKs of what was not captured", phrase.Capital(who) + " acknowledges octets that were never captured: it has them, so the capture lost them, or it lies."
	case has(record.LabelDuplicateACK):
		return "duplicate ACKs", phrase.Capital(who) + " repeats its ACK of " + t.r.number(s.From.Peer(), s.Seg.Ack) + ": something came, but not the octet that it waits for. Three of these and " + peer + " sends it again (RFC 5681)."
	case has(record.LabelWindowUpdate):
		return "window updates", phrase.Capital(who) + " offers a window of " + phrase.Size(uint64(s.Window)) + " now; nothing else is new."
	case has(record.LabelAfterRST):
		return "segments behind a RST", phrase.Capital(who) + " sends although the connection was reset: this was under way when the RST came, or the RST never arrived, or was not its peer's."
	}
	return t.ordinary(s, newAck)
}

func (t *teller) syn(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	switch {
	case slices.Contains(s.Labels, record.LabelRetransmission):
		return phrase.Capital(who) + " sends its SYN again: no answer has reached it. Either the SYN was lost, or the answer."
	case s.From == fsm.Server:
		return "The server sends a SYN of its own, without an ACK: the two SYNs cross, and both sides go through SYN-RECEIVED (simultaneous open), or the server splits the handshake."
	case s.Frame != t.c.Handshake.SYN && t.c.Handshake.SYN != 0:
		return fmt.Sprintf("A SYN with the number %d comes on a connection that is in use. An endpoint that knows the connection answers with an ACK of what it expects; the answer will tell whether %s has forgotten it.", s.Seg.Seq, who)
	}
	text := phrase.Capital(who) + " asks for a connection: a SYN with its initial sequence number " + fmt.Sprint(s.Seg.Seq) + ", which counts as 0 from here on."
	if offer := offers(s); offer != "" {
		text += " It offers " + offer + "."
	}
	if s.Seg.Len > 0 {
		text += " The SYN carries " + phrase.Size(uint64(s.Seg.Len)) + " of data already."
	}
	return text + " This proves only that " + who + " sent it; whether it arrives, " + peer + "'s answer will show."
}

// offers lists what a SYN offers.
func offers(s *record.Segment) string {
	var list []string
	o := s.Seg.Opts
	if o.Has(fsm.OptMSS) {
		list = append(list, fmt.Sprintf("segments of up to %d octets", s.Seg.MSS))
	}
	if o.Has(fsm.OptWindowScale) {
		list = append(list, fmt.Sprintf("windows in units of %d", 1<<min(s.Seg.WindowScale, 14)))
	}
	if o.Has(fsm.OptSACKPermitted) {
		list = append(list, "selective acknowledgments")
	}
	if o.Has(fsm.OptTimestamps) {
		list = append(list, "timestamps")
	}
	if o.Has(fsm.OptFastOpen) {
		list = append(list, "Fast Open")
	}
	if o.Has(fsm.OptMPTCP) {
		list = append(list, "Multipath TCP")
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func (t *teller) synAck(s *record.Segment) string {
	h := &t.c.Handshake
	switch {
	case s.From == fsm.Client && h.Kind != "simultaneous" && h.Kind != "split":
		return "A SYN-ACK from the side that sent the SYN: there was none to answer, so it does not belong here."
	case slices.Contains(s.Labels, record.LabelRetransmission):
		return phrase.Capital(phrase.By(s.From)) + " sends its SYN-ACK again: it has seen no ACK of it. If one passed here before, that one did not arrive."
	case h.SYNACKValid == record.Invalid:
		return "The server answers, but its SYN-ACK acknowledges " + t.r.number(fsm.Client, s.Seg.Ack) + ", and the SYN's number plus one is 1. A client must not accept that: it answers with a RST and waits on."
	}
	text := phrase.Capital(phrase.By(s.From)) + " agrees: it acknowledges " + t.r.number(s.From.Peer(), s.Seg.Ack) + ", the SYN's number plus one, and sends a number of its own, " + fmt.Sprint(s.Seg.Seq) + "."
	if h.SYN == 0 {
		return text + " The SYN before it was not captured, but this proves that there was one."
	}
	if offer := offers(s); offer != "" {
		text += " It offers " + offer + "."
	}
	text += " This proves that the SYN arrived: the client's path to the server works, and something listens there."
	if h.SYNs == 1 && h.ServerRTT >= 0 && s.Frame == h.SYNACK {
		text += " From the tap to the server and back took " + phrase.Duration(h.ServerRTT) + "."
	}
	return text
}

func (t *teller) finalACK(s *record.Segment) string {
	h := &t.c.Handshake
	if h.ACKValid == record.Invalid {
		return "The client answers the SYN-ACK, but with seq " + t.r.number(fsm.Client, s.Seg.Seq) + " and ack " + t.r.number(fsm.Server, s.Seg.Ack) + " where 1 and 1 are due. A server must not accept that: it answers with a RST."
	}
	text := "The client acknowledges the server's number plus one. This proves that the SYN-ACK arrived: the way back works too."
	if h.ClientRTT >= 0 {
		text += " From the tap to the client and back took " + phrase.Duration(h.ClientRTT) + "."
	}
	if s.Seg.Len > 0 {
		text += " It brings the first " + phrase.Size(uint64(s.Seg.Len)) + " of data along."
		return text
	}
	return text + " For the client the connection is open; for the server as soon as this ACK arrives, which only its later segments can show."
}

// acksFIN reports whether the segment is the one that acknowledges the peer's FIN.
func (t *teller) acksFIN(s *record.Segment) bool {
	return s.Seg.Len == 0 && t.c.Close.FINAcked[s.From.Peer()] == s.Frame
}

func (t *teller) ackOfFIN(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	if t.finished[s.From] {
		return phrase.Capital(who) + " acknowledges " + peer + "'s FIN. Both directions are closed; " + peer + " forgets the connection when this arrives. If it is lost, the FIN comes again, which is why one side must remain in TIME-WAIT to answer."
	}
	return phrase.Capital(who) + " acknowledges the FIN: " + peer + "'s direction is closed, and " + who + " has everything that it sent. The other direction stays open until " + who + "'s application closes too."
}

func (t *teller) fin(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	again := t.finished[s.From]
	t.finished[s.From] = true
	data := ""
	if s.Seg.Len > 0 {
		data = " It rides on the last " + phrase.Size(uint64(s.Seg.Len)) + " of data."
	}
	switch {
	case again:
		return phrase.Capital(who) + " sends its FIN again: no ACK of it has arrived. If one passed here, it was lost on its way."
	case !t.finished[s.From.Peer()]:
		return phrase.Capital(who) + " has nothing more to send and closes its direction: a FIN, which takes the number " + t.r.number(s.From, s.Seg.FinSeq()) + "." + data + " It still can receive."
	case t.c.Close.FINAcked[s.From.Peer()] == s.Frame:
		return phrase.Capital(who) + " closes too: one segment acknowledges " + peer + "'s FIN and brings its own, number " + t.r.number(s.From, s.Seg.FinSeq()) + "." + data
	case t.c.Close.Kind == record.CloseSimultaneous:
		return phrase.Capital(who) + " closes as well, before it has " + peer + "'s FIN: the two cross, and both sides go through CLOSING." + data
	}
	return phrase.Capital(who) + " closes too: its FIN takes the number " + t.r.number(s.From, s.Seg.FinSeq()) + "." + data + " Only " + peer + "'s ACK of it is missing now."
}

func (t *teller) reset(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	has := func(label record.Label) bool { return slices.Contains(s.Labels, label) }
	switch {
	case has(record.LabelRSTOutOfWindow):
		return "A RST in " + who + "'s name, but its number lies outside " + peer + "'s window: " + peer + " ignores it."
	case has(record.LabelRSTInWindow):
		return "A RST in " + who + "'s name that lies in the window but not at the number that " + peer + " expects: " + peer + " must ask back with a challenge ACK and stays (RFC 5961)."
	case t.c.Close.Kind == record.CloseRefused:
		return phrase.Capital(who) + " refuses: the RST acknowledges the SYN, so it is an answer to it. This proves that the SYN reached a host, or a firewall, that answers, and that nothing listens on the port."
	case s.Seg.Flags.Has(fsm.ACK):
		return phrase.Capital(who) + " aborts the connection. With ACK set the RST comes from an endpoint that knew the connection: its application, or its system, ended it. Whatever was not delivered yet is lost, nobody answers a RST, and there is no TIME-WAIT."
	}
	return "A RST of " + who + " without ACK, its number taken from the segment that it answers: so answers an endpoint that knows no such connection, or does not want what came. It ends the connection for " + peer + " if the number is the one that it expects."
}

func (t *teller) resent(s *record.Segment) string {
	who := phrase.By(s.From)
	numbers := t.r.number(s.From, s.Seg.Seq) + " to " + t.r.number(s.From, s.Seg.End()-1)
	text := phrase.Capital(who) + " sends " + numbers + " again"
	if s.Original != 0 {
		text += ", first sent in " + phrase.Frame(s.Original)
	}
	for _, l := range s.Labels {
		if w := why[l]; w != "" {
			text += ": " + w
			break
		}
	}
	text += "."
	switch {
	case slices.Contains(s.Labels, record.LabelOriginalNotCaptured):
		return text + " The first one never passed here: it was lost between its sender and the tap."
	case slices.Contains(s.Labels, record.LabelRetransmissionSpuriousProved):
		return text + " It was needless, as the receiver shows later: the first one had arrived."
	case slices.Contains(s.Labels, record.LabelRetransmissionSpurious):
		return text + " An ACK of these octets has passed here already, so they did arrive; the ACK was late, or lost."
	}
	return text + " The first one passed here, so it, or the ACK of it, was lost behind the tap."
}

// ordinary tells the first data of a side, a turn of the conversation and the
// first pure ACK; the rest can be folded.
func (t *teller) ordinary(s *record.Segment, newAck bool) (kind, text string) {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	ack := t.r.number(s.From.Peer(), s.Seg.Ack)
	acked := ""
	if newAck {
		acked = " Its ACK of " + ack + " proves that all of " + peer + "'s before arrived."
	}
	if s.Seg.Len == 0 {
		if !newAck {
			return "", phrase.Capital(who) + " repeats its ACK of " + ack + "; it tells nothing new."
		}
		if t.seen["pure ACKs"] == 0 {
			kind = "pure ACKs"
		}
		return kind, phrase.Capital(who) + " acknowledges everything before " + ack + ": what " + peer + " sent up to there arrived."
	}
	numbers := phrase.Size(uint64(s.Seg.Len)) + ", numbers " + t.r.number(s.From, s.Seg.Seq) + " to " + t.r.number(s.From, s.Seg.Seq.Add(s.Seg.Len-1))
	switch {
	case !t.sentData[s.From]:
		what := "the first data of its side"
		if s.From == fsm.Client && !t.anyData {
			what = "a request"
		} else if s.From == fsm.Server && t.sentData[fsm.Client] {
			what = "an answer"
		}
		return "first data of " + who, phrase.Capital(who) + " sends " + numbers + ": " + what + ", or the beginning of one." + acked
	case t.lastData != s.From:
		return "turns of the conversation", "It is " + who + "'s turn: " + numbers + "." + acked
	}
	return "", phrase.Capital(who) + " goes on: " + numbers + "." + acked
}
