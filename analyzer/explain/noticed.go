package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// remarked returns the words of those remarks that the segment has.
func (e *Explanation) remarked(words []remarkWords) (found []string) {
	for _, w := range words {
		if slices.Contains(e.Segment.Judgement.Remarks, w.remark) {
			found = append(found, w.text)
		}
	}
	return found
}

type remarkWords struct {
	remark record.Remark
	text   string
}

// copies tells whether the frame is a duplicate of an earlier one.
func (e *Explanation) copies() {
	const name, rule = "copy of an earlier frame", "observer"
	const how = "the same addresses, numbers, flags, length and IP identification within a few milliseconds, the TTL equal or less"
	switch {
	case e.has(record.LabelDuplicateFrame):
		e.add(name, rule, fsm.Noted, "The capture holds this packet twice ("+how+"). It is counted once, and nothing below applies to this duplicate.")
	case e.has(record.LabelNetworkDuplicate):
		e.add(name, rule, fsm.Noted, "The network delivered the same packet twice: the IP identification is an earlier one's, too late for a doubled capture. Its sender sent it once.")
	default:
		e.add(name, rule, fsm.Passed, "No earlier frame has "+how+".")
	}
}

var controlBitWords = []remarkWords{
	{record.NoControlBits, "no control bit at all"},
	{record.SYNAndFIN, "SYN opens and FIN closes"},
	{record.SYNAndRST, "SYN opens and RST aborts"},
	{record.FINWithoutACK, "FIN without ACK"},
	{record.NoneOfSYNACKRST, "none of SYN, ACK and RST"},
	{record.ReservedBits, "reserved bits set"},
	{record.UrgentOnSYN, "an urgent pointer on a SYN"},
	{record.UrgentWithoutFlag, "an urgent pointer without URG"},
}

// controlBits tells what was found about the combination of control bits.
func (e *Explanation) controlBits() {
	const name, rule = "control bits", "RFC 9293 §3.1"
	flags := "[" + e.Segment.Seg.Flags.String() + "]"
	if wrong := e.remarked(controlBitWords); len(wrong) > 0 {
		e.add(name, rule, fsm.Failed, flags+": "+strings.Join(wrong, "; ")+".")
		return
	}
	e.add(name, rule, fsm.Passed, flags+" is a combination that endpoints send.")
}

// why says in words what made a segment a retransmission.
var why = map[record.Label]string{
	record.LabelRetransmissionSYN:     "a SYN is sent again by its own timer",
	record.LabelRetransmissionSYNACK:  "a SYN-ACK is sent again by its own timer, or in answer to a SYN that came again",
	record.LabelRetransmissionTimeout: "the sender had heard nothing new for about a retransmission timeout (RFC 6298 §5)",

	record.LabelRetransmissionAfterTimeout: "lost before a retransmission timeout, and sent again in the slow start that follows it (RFC 5681 §3.1)",
	record.LabelRetransmissionPathMTU:      "part of a larger segment, sent again before any timer could expire, as after a smaller path MTU was learned (RFC 1191 §6.4)",
	record.LabelFastOpenFallback:           "the SYN-ACK did not acknowledge the data of the SYN, which is sent again at once (RFC 7413 §4.2.1)",
	record.LabelRetransmissionFast:         "fast retransmit, triggered by duplicate ACKs or SACK blocks within the timeout (RFC 5681 §3.2, RFC 6675, RFC 8985)",
	record.LabelTailLossProbe:              "the last of a flight sent again once, after about two round trips of silence (RFC 8985 §7)",
	record.LabelRetransmissionUnknown:      "neither the timer nor duplicate ACKs explain it, as far as was captured",
}

// sentBefore tells new, repeated, late and early numbers apart.
func (e *Explanation) sentBefore(o *origins) {
	const name, rule = "sent before?", "RFC 9293 §3.8.1"
	s, from := &e.Segment.Seg, e.Segment.From
	v := &e.Segment.Judgement.Machine[from.Peer()].Before
	probe := e.has(record.LabelKeepalive) || e.has(record.LabelZeroWindowProbe)
	switch empty := s.Space() == 0 || s.Flags.Has(fsm.RST); {
	case empty && e.has(record.LabelKeepalive):
		e.add(name, "RFC 9293 §3.8.4", fsm.Noted, "No data, and SEG.SEQ "+o.number(from, s.Seq)+" is one below SND.NXT "+o.number(from, v.PeerNxt)+" with a window that is open: a keepalive probe.")
		return
	case empty && probe:
		e.add(name, "RFC 9293 §3.8.6.1", fsm.Noted, "No data, and SEG.SEQ "+o.number(from, s.Seq)+" is one below SND.NXT or SND.UNA while the receiver's window is closed: a window probe, not a keepalive.")
		return
	case empty:
		e.add(name, rule, fsm.NotApplied, "It takes no sequence number.")
		return
	case !v.PeerSent:
		e.add(name, rule, fsm.Passed, "Nothing of this direction was captured before.")
		return
	}
	span := "It takes " + o.number(from, s.Seq) + " to " + o.number(from, s.End()-1) + "; every number before " + o.number(from, v.Passed) +
		" had passed, the highest sent was " + o.number(from, v.PeerNxt-1)
	switch {
	case probe:
		e.add(name, rule, fsm.Noted, span+": one byte at the edge, a probe.")
	case e.has(record.LabelRetransmission):
		e.add(name, rule, fsm.Noted, span+e.retransmission()+".")
	case e.has(record.LabelOutOfOrder):
		e.add(name, rule, fsm.Noted, span+": it fills a hole with numbers never seen, soon after the hole opened: out of order, not retransmitted.")
	case e.has(record.LabelPreviousSegmentMissing):
		e.add(name, rule, fsm.Noted, span+": numbers in between have not passed: late, lost before the tap, or not captured.")
	default:
		e.add(name, rule, fsm.Passed, span+": all new.")
	}
}

// retransmission says what kind of retransmission the segment is.
func (e *Explanation) retransmission() string {
	text := ": sent before"
	if e.has(record.LabelOriginalNotCaptured) {
		text = ": it fills a hole that was open too long for a late packet, so its original was lost before it reached the tap"
	}
	if e.Segment.Original != 0 {
		text += ", in frame " + strconv.FormatUint(e.Segment.Original.Number(), 10)
	}
	for _, l := range e.Segment.Labels {
		if w := why[l]; w != "" {
			text += "; " + w
		}
	}
	switch {
	case e.has(record.LabelRetransmissionSpuriousProved):
		text += "; spurious, as the receiver showed later (DSACK or timestamp)"
	case e.has(record.LabelRetransmissionSpurious):
		text += "; already ACKed when retransmitted"
	}
	return text
}

// window tells what room was used and what is offered.
func (e *Explanation) window(o *origins) {
	const rule = "RFC 9293 §3.8.6"
	s, from := &e.Segment.Seg, e.Segment.From
	v := &e.Segment.Judgement.Machine[from.Peer()].Before
	if s.Len > 0 && v.WindowKnown && !s.Flags.Has(fsm.SYN) {
		left := v.Edge.Minus(s.Seq.Add(s.Len))
		switch {
		case slices.Contains(e.Segment.Judgement.Remarks, record.BeyondWindow):
			e.add("window used", rule, fsm.Failed, "It ends "+strconv.Itoa(-int(left))+" beyond the right edge "+o.number(from, v.Edge)+" of the window.")
		case left == 0:
			e.add("window used", rule, fsm.Noted, "It ends exactly at the window's right edge "+o.number(from, v.Edge)+": the window is full.")
		case left > 0:
			e.add("window used", rule, fsm.Passed, phrase.Size(uint64(left))+" of the window are left behind it.")
		}
	}
	offered := strconv.FormatUint(uint64(e.Segment.Window), 10) + " bytes"
	if uint32(s.Window) != e.Segment.Window {
		offered += " (" + strconv.Itoa(int(s.Window)) + " in the header, scaled)"
	}
	switch {
	case s.Flags.Any(fsm.RST):
	case e.has(record.LabelZeroWindow):
		e.add("window offered", rule, fsm.Noted, "0: it closes its window.")
	case slices.Contains(e.Segment.Judgement.Remarks, record.WindowShrunk):
		e.add("window offered", rule, fsm.Failed, offered+": the right edge moves back, the window shrinks.")
	case e.has(record.LabelWindowUpdate):
		e.add("window offered", rule, fsm.Noted, offered+", and nothing else new: a window update.")
	default:
		e.add("window offered", rule, fsm.Passed, offered+".")
	}
}

var timestampWords = []remarkWords{
	{record.OldTimestamp, "older than the newest that the receiver keeps: dropped if the segment lies in the window, or out of order"},
	{record.TimestampUnagreed, "timestamps were not agreed in the handshake"},
	{record.EchoInvalid, "TSecr is no value that the peer sent"},
}

// timestamps tells what was found about the timestamps.
func (e *Explanation) timestamps() {
	const name, rule = "timestamp (PAWS)", "RFC 7323 §5.3"
	s := &e.Segment.Seg
	v := &e.Segment.Judgement.Machine[e.Segment.From.Peer()].Before
	val, ecr := strconv.FormatUint(uint64(s.TSVal), 10), strconv.FormatUint(uint64(s.TSEcr), 10)
	switch wrong := e.remarked(timestampWords); {
	case slices.Contains(e.Segment.Judgement.Remarks, record.TimestampMissing):
		e.add(name, rule, fsm.Failed, "None, although timestamps were agreed in the handshake.")
	case s.Opts.Has(fsm.OptCut) && !s.Opts.Has(fsm.OptTimestamps):
		e.add(name, rule, fsm.NotApplied, "Not captured: the snaplen cut off TCP options.")
	case !s.Opts.Has(fsm.OptTimestamps):
		e.add(name, rule, fsm.NotApplied, "No timestamps.")
	case len(wrong) > 0:
		e.add(name, rule, fsm.Failed, "TSval "+val+", TSecr "+ecr+": "+strings.Join(wrong, "; ")+".")
	case !v.HasTS:
		e.add(name, rule, fsm.Passed, "TSval "+val+", the first of its side.")
	default:
		e.add(name, rule, fsm.Passed, "TSval "+val+", the newest of its side so far was "+strconv.FormatUint(uint64(v.PeerTS), 10)+"; TSecr "+ecr+".")
	}
}

var optionWords = []remarkWords{
	{record.OptionMalformed, "a length that cannot be right"},
	{record.OptionDuplicate, "one kind twice"},
	{record.OptionAfterEnd, "bytes behind the end of the list"},
	{record.OptionOnNonSYN, "an option that belongs on a SYN only"},
	{record.ScaleInvalid, "a window scale of {scale}, above 14"},
}

// options tells what was found about the option list.
func (e *Explanation) options() {
	const name, rule = "options", "RFC 9293 §3.2"
	switch wrong := e.remarked(optionWords); {
	case len(wrong) > 0:
		e.add(name, rule, fsm.Failed, phrase.Capital(strings.ReplaceAll(strings.Join(wrong, "; "), "{scale}", strconv.Itoa(int(e.Segment.Seg.WindowScale))))+".")
	case slices.Contains(e.Segment.Judgement.Remarks, record.OptionOdd):
		e.add(name, rule, fsm.Noted, "An obsolete, experimental or unassigned option.")
	case e.Segment.Seg.Opts.Has(fsm.OptCut):
		e.add(name, rule, fsm.NotApplied, "Not all captured: the snaplen cut off the end of the list.")
	case e.Segment.Seg.Opts == 0:
		e.add(name, rule, fsm.NotApplied, "None.")
	default:
		e.add(name, rule, fsm.Passed, "Well formed, and where they belong.")
	}
}
