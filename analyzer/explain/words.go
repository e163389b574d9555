package explain

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// words says what a segment means in the story. An empty kind stands for an
// ordinary segment, which may be folded.
func (t *narrator) words(s *record.Segment, newAck bool) (kind, text string) {
	switch has, f := labelled(s), s.Seg.Flags; {
	case has(record.LabelDuplicateFrame):
		return "duplicate frames", "The capture holds this packet twice; the duplicate tells nothing, and counts for nothing."
	case has(record.LabelNetworkDuplicate):
		return "packets that the network delivered twice", t.fill(s, "The network delivered a packet of {who} twice. {Peer} has it already and drops it.")
	case f.Has(fsm.RST):
		return "resets", t.reset(s)
	case f.Has(fsm.SYN | fsm.ACK):
		return "SYN-ACKs", t.synAck(s)
	case f.Has(fsm.SYN):
		return "SYNs", t.syn(s)
	case f.Has(fsm.FIN):
		return "FINs", t.fin(s)
	case has(record.LabelLostBetweenTaps):
		kind, text = "segments lost on the way", t.fill(s, "The tap near {peer} never saw it: it was lost on the way, unless that tap missed it.")
	case s.Frame == t.c.Handshake.ACK && t.c.Handshake.SYNACK != 0:
		kind, text = "final ACKs", t.finalACK(s)
	case t.acksFIN(s):
		kind, text = "ACKs of a FIN", t.ackOfFIN(s)
	default:
		if kind, text = t.byLabel(s); kind == "" {
			kind, text = t.ordinary(s, newAck)
		}
	}
	if s.Seg.Len > 0 && kind != "keepalive probes" && kind != "window probes" {
		t.sentData[s.From], t.lastData, t.anyData = true, s.From, true
	}
	return kind, text
}

func labelled(s *record.Segment) func(label record.Label) bool {
	return func(label record.Label) bool { return slices.Contains(s.Labels, label) }
}

// labelWords say what a label means in the story; the first that a segment has
// counts.
var labelWords = []struct {
	label      record.Label
	kind, text string
}{
	{record.LabelBadChecksum, "segments with a wrong checksum",
		"The checksum is wrong: {peer} drops the segment as if it had never come, so {who} will have to send it again."},
	{record.LabelKeepalive, "keepalive probes",
		"After a silence {who} asks whether {peer} is still there: a keepalive, with a number just below the next one, which {peer} must answer with an ACK if it lives."},
	{record.LabelKeepaliveACK, "answers to keepalives",
		"{Who} answers the keepalive: it is there, and knows the connection."},
	{record.LabelZeroWindowProbe, "window probes",
		"{Peer}'s window is closed, so {who} asks with a probe whether there is room again. A lost window update would otherwise stop both for ever."},
	{record.LabelZeroWindowProbeACK, "answers to window probes",
		"{Who} answers the probe: its window is {window}."},
	{record.LabelZeroWindow, "closed windows",
		"{Who} closes its window: its buffer is full because its application does not read, and {peer} must wait."},
	{record.LabelChallengeACK, "challenge ACKs",
		"{Who} does not trust the segment before and answers with what it expects (a challenge ACK, RFC 5961): if that segment was meant, its sender will answer with a RST at exactly this number."},
	{record.LabelRetransmission, "retransmissions of {who}", "{resent}"},
	{record.LabelOutOfOrder, "out-of-order segments",
		"Numbers below the highest so far that nobody had seen: this segment of {who} came out of order. Nothing was lost."},
	{record.LabelPreviousSegmentMissing, "segments behind a hole",
		"{Who} is ahead of what was captured: what lies between is late, was lost before the tap, or was not captured. What follows tells which."},
	{record.LabelACKAhead, "ACKs of what was not captured",
		"{Who} acknowledges bytes that were never captured: it has them, so the capture lost them, or it lies."},
	{record.LabelDuplicateACK, "duplicate ACKs",
		"{Who} repeats its ACK of {ack}: something came, but not the byte that it waits for. Three of these and {peer} retransmits it (RFC 5681)."},
	{record.LabelWindowUpdate, "window updates",
		"{Who} offers a window of {window} now; nothing else is new."},
	{record.LabelAfterRST, "segments behind a RST",
		"{Who} sends although the connection was reset: this was under way when the RST came, or the RST never arrived, or was not its peer's."},
}

// byLabel tells a segment that has one of these labels.
func (t *narrator) byLabel(s *record.Segment) (kind, text string) {
	for _, w := range labelWords {
		if slices.Contains(s.Labels, w.label) {
			return t.fill(s, w.kind), t.fill(s, w.text)
		}
	}
	return "", ""
}

// fill puts a segment's sides and numbers into a text.
func (t *narrator) fill(s *record.Segment, text string) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	if text == "{resent}" {
		return t.resent(s)
	}
	return strings.NewReplacer(
		"{who}", who, "{Who}", phrase.Capital(who), "{peer}", peer, "{Peer}", phrase.Capital(peer),
		"{window}", phrase.Size(uint64(s.Window)), "{ack}", t.o.number(s.From.Peer(), s.Seg.Ack),
	).Replace(text)
}

func (t *narrator) resent(s *record.Segment) string {
	who := phrase.By(s.From)
	numbers := t.o.number(s.From, s.Seg.Seq) + " to " + t.o.number(s.From, s.Seg.End()-1)
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
		return text + " An ACK of these bytes was captured before, so they did arrive; that ACK was late, or lost."
	}
	return text + " The first one passed here, so it, or the ACK of it, was lost behind the tap."
}

// ordinary tells the first data of a side, a turn of the conversation and the
// first pure ACK; the rest can be folded.
func (t *narrator) ordinary(s *record.Segment, newAck bool) (kind, text string) {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	ack := t.o.number(s.From.Peer(), s.Seg.Ack)
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
	numbers := phrase.Size(uint64(s.Seg.Len)) + ", numbers " + t.o.number(s.From, s.Seg.Seq) + " to " + t.o.number(s.From, s.Seg.Seq.Add(s.Seg.Len-1))
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
