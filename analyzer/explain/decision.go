package explain

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// decisionWords put the machine's decisions into words. {who} is the receiver, {Who}
// the same at the beginning of a sentence; the numbers in braces are those that were
// compared (see Explanation.numbers).
var decisionWords = map[fsm.Decision]string{
	fsm.NotDelivered: "It does not reach {who}: {undelivered}.",

	fsm.ClosedRST:   "Nothing was known of a connection at {who}, and a RST is ignored there.",
	fsm.ClosedSYN:   "A SYN: {who}, if it listens, enters SYN-RECEIVED and answers with SYN and ACK {seq+1}; if not, with a RST that acknowledges {end}.",
	fsm.ClosedACK:   "Without a connection {who} answers with a RST, seq {ack}; any other answer shows that it has one.",
	fsm.ClosedOther: "Without a connection {who} answers with a RST that acknowledges {end}.",

	fsm.SynSentAck:          "ISS {iss} < SEG.ACK {ack} ≤ SND.NXT {nxt}: it acknowledges the SYN.",
	fsm.SynSentBadAck:       "ISS {iss} < SEG.ACK {ack} ≤ SND.NXT {nxt} does not hold: {who} must answer with a RST of seq {ack} and stay in SYN-SENT.",
	fsm.SynSentBadAckRST:    "ISS {iss} < SEG.ACK {ack} ≤ SND.NXT {nxt} does not hold: the RST does not answer the SYN and is dropped.",
	fsm.SynSentNoAck:        "No ACK.",
	fsm.SynSentRefused:      "It acknowledges the SYN, so it refuses the connection.",
	fsm.SynSentRSTAlone:     "It does not acknowledge the SYN and is dropped.",
	fsm.SynSentNoRST:        "No RST.",
	fsm.SynSentSYNACK:       "SYN with an acceptable ACK: {who} is ESTABLISHED when it arrives, RCV.NXT = SEG.SEQ + 1 = {seq+1}.",
	fsm.SynSentSYN:          "A SYN without ACK crosses {who}'s own: simultaneous open, SYN-RECEIVED.",
	fsm.SynSentNeither:      "Neither SYN nor RST: dropped.",
	fsm.SynSentInventedEcho: "Neither SYN nor RST, and TSecr {tsecr} echoes no timestamp that {who} sent: Linux answers with a RST of seq {ack}.",

	fsm.SeqAcceptable:    "{table}. It holds: acceptable.",
	fsm.SeqOld:           "{table}. {Who} has acknowledged everything before {acked}, so all of this segment is old: {who} drops it and answers with an ACK.",
	fsm.SeqLatest:        "{table}. {Who} has acknowledged all of this segment, up to {acked} where it expects the next. By the RFC {who} drops it and answers with an ACK; Linux takes the latest segment once more, and the acknowledgment on it.",
	fsm.SeqRepeated:      "{table}. It does not hold if everything before {passed} arrived, which passed here; {who} has acknowledged {ackedWords}, so if these bytes were lost behind the tap, the segment is acceptable.",
	fsm.SeqBeyond:        "{table}. It does not hold: the segment lies beyond the window, as far as its right edge {edge} was captured; {who} drops it and answers with an ACK unless it has opened the window since.",
	fsm.SeqClosedWindow:  "{table}. {Who} drops the data and answers with an ACK, which is what a probe of a closed window wants.",
	fsm.SeqUnknown:       "RCV.NXT is {passed}, but the window is not known: {who}'s window scale, or any ACK of it, was not captured. SEG.SEQ is {seq}.",
	fsm.SeqHandshake:     "SEG.SEQ {seq} lies in the window, which begins behind the SYN, at 1.",
	fsm.SeqHandshakeBad:  "SEG.SEQ {seq} lies outside the window, which begins behind the SYN, at 1: {who} drops it and answers with an ACK.",
	fsm.SeqHandshakeSkip: "SEG.SEQ {seq}; no SYN was captured to hold it against, or this is one.",

	fsm.RSTNext:         "SEG.SEQ {seq} = RCV.NXT: the connection is reset at once.",
	fsm.RSTAcked:        "SEG.SEQ {seq} = RCV.NXT as {who} has acknowledged it: the connection is reset at once.",
	fsm.RSTAhead:        "SEG.SEQ {seq} = RCV.NXT as {who} has acknowledged it, although the capture does not hold the bytes before it: the connection is reset at once.",
	fsm.RSTSelective:    "SEG.SEQ {seq} is the right edge of what {who} has acknowledged selectively, which Linux takes as it takes RCV.NXT: the connection is reset.",
	fsm.RSTBetween:      "SEG.SEQ {seq} lies before {passed}, up to where everything passed here, and {who} has acknowledged {ackedWords}: it is RCV.NXT, and resets the connection, if just what lies before it has arrived.",
	fsm.RSTNothingKnown: "SEG.SEQ {seq}; nothing of this direction was captured before to hold it against, so it is taken as exact.",
	fsm.RSTInside:       "SEG.SEQ {seq} lies in the window but is not RCV.NXT {passed}: a challenge ACK is due, the connection stays.",
	fsm.RSTUnheeded:     "The endpoint went on in TIME-WAIT after such a RST before: it ignores them (RFC 1337).",
	fsm.RSTOut:          "SEG.SEQ {seq} lies outside the window {first} … {right}: ignored.",
	fsm.NoRST:           "No RST.",

	fsm.SYNSame:    "The SYN of this connection again, number {seq}, in {state}: {who} answers it with what it expects and stays.",
	fsm.SYNOther:   "A SYN with another number ({rawseq}) in {state}: whatever its number, it draws a challenge ACK and changes nothing.",
	fsm.SYNCrosses: "In SYN-RECEIVED this SYN-ACK crossed {who}'s own: its ACK counts.",
	fsm.NoSYN:      "No SYN.",

	fsm.NoACK:                "No ACK: the segment is dropped.",
	fsm.AckOfSYNTaken:        "ISS {iss} < SEG.ACK {ack} ≤ SND.NXT {nxt}: it acknowledges the SYN, so {who} is ESTABLISHED when it arrives.",
	fsm.AckOfSYNInventedEcho: "ISS {iss} < SEG.ACK {ack} ≤ SND.NXT {nxt}: it acknowledges the SYN, but TSecr {tsecr} echoes no timestamp that {who} sent: from 6.18 on Linux answers with an ACK and stays in SYN-RECEIVED.",
	fsm.AckOfSYNBad:          "SEG.ACK {ack}, SND.NXT {nxt}: it does not acknowledge the SYN (ISS {iss}); a RST of seq {ack} is due.",
	fsm.AckNew:               "SND.UNA {una}, SEG.ACK {ack}, SND.NXT {nxt}: SND.UNA < SEG.ACK ≤ SND.NXT, {newly} newly acknowledged{finToo}.",
	fsm.AckSame:              "SND.UNA {una}, SEG.ACK {ack}, SND.NXT {nxt}: nothing new to acknowledge{duplicate}.",
	fsm.AckOld:               "SND.UNA {una}, SEG.ACK {ack}, SND.NXT {nxt}: less than was acknowledged before; the segment, or its ACK, is old.",
	fsm.AckTooOld:            "SND.UNA {una}, SEG.ACK {ack}: less than was acknowledged before, by more than the largest window; an endpoint that follows RFC 5961 drops it and answers with a challenge ACK.",
	fsm.AckBeyond:            "SEG.ACK {ack}, SND.NXT {nxt}: it acknowledges what was never captured: missing from the capture, or never sent.",
	fsm.AckUnknown:           "SEG.ACK {ack}; nothing of {who}'s stream was captured to hold it against.",
	fsm.AckOfFINTaken:        "SEG.ACK {ack} lies behind {who}'s FIN, {fin}: the FIN is acknowledged.",

	fsm.FINTaken:      "A FIN, number {last}, and everything before it has passed: {who} takes it when it arrives.",
	fsm.FINFilled:     "These bytes fill the hole before the FIN that passed earlier: {who} takes the FIN when they arrive.",
	fsm.FINBehindHole: "A FIN, number {last}, but not everything before it has passed ({passed} is missing): {who} cannot take it yet.",
	fsm.FINRepeated:   "A FIN that {who} has already.",
	fsm.FINRestarts:   "The FIN again, in TIME-WAIT: {who} answers with an ACK and waits another 2 MSL from here.",
	fsm.NoFIN:         "No FIN.",
}

// numbers returns what fills the braces of decisionWords. SEG.SEQ, RCV.NXT and what
// goes with them are of the sender's stream, SEG.ACK and SND.* of the receiver's.
func (e *Explanation) numbers(o *origins) *strings.Replacer {
	s := e.Segment
	seg, x, y := &s.Seg, s.From, s.From.Peer()
	v := &s.Judgement.Machine[y].Before
	who := phrase.By(y)
	first := v.Passed
	if v.HasAcked {
		first = v.Acked
	}
	una := v.SndUna
	if !v.HasUna {
		una = v.ISS
	}
	right := "its right edge (not known)"
	if v.WindowKnown {
		right = o.number(x, v.Edge)
	}
	ackedWords := "nothing of this direction"
	if v.HasAcked {
		ackedWords = "no more than " + o.number(x, v.Acked)
	}
	finToo, duplicate := "", ""
	if v.SentFIN && seg.Ack.After(v.FinSeq) {
		finToo = ", the FIN included"
	}
	if e.has(record.LabelDuplicateACK) {
		duplicate = " while " + phrase.Size(uint64(uint32(v.SndNxt-una))) + " is outstanding, same window, no data: a duplicate ACK (RFC 5681 §2)"
	}
	return strings.NewReplacer(
		"{who}", who, "{Who}", phrase.Capital(who), "{state}", v.State.String(),
		"{seq}", o.number(x, seg.Seq), "{seq+1}", o.number(x, seg.Seq+1), "{rawseq}", strconv.FormatUint(uint64(seg.Seq), 10),
		"{end}", o.number(x, seg.End()), "{last}", o.number(x, seg.End()-1), "{tsecr}", strconv.FormatUint(uint64(seg.TSEcr), 10),
		"{passed}", o.number(x, v.Passed), "{acked}", o.number(x, v.Acked), "{ackedWords}", ackedWords,
		"{first}", o.number(x, first), "{edge}", o.number(x, v.Edge), "{right}", right,
		"{iss}", o.number(y, v.ISS), "{ack}", o.number(y, seg.Ack), "{nxt}", o.number(y, v.SndNxt), "{una}", o.number(y, una),
		"{fin}", o.number(y, v.FinSeq), "{newly}", phrase.Size(uint64(uint32(seg.Ack-una))), "{finToo}", finToo, "{duplicate}", duplicate,
		"{table}", e.acceptability(o, v), "{undelivered}", e.undelivered(),
	)
}

// acceptability writes which of the four cases of Table 6 the segment is, with its
// numbers.
func (e *Explanation) acceptability(o *origins, v *fsm.View) string {
	s := &e.Segment.Seg
	num := func(n fsm.Seq) string { return o.number(e.Segment.From, n) }
	length, next := s.Space(), num(v.Passed)
	intro := fmt.Sprintf("SEG.SEQ %s, SEG.LEN %d, RCV.NXT %s", num(s.Seq), length, next)
	if !v.WindowKnown {
		return intro + ", RCV.WND not known"
	}
	intro += fmt.Sprintf(", RCV.WND %d; ", v.Window())
	end := num(v.Passed.Add(v.Window()))
	switch {
	case length == 0 && v.Window() == 0:
		return intro + "length 0, window 0: SEG.SEQ = RCV.NXT"
	case length == 0:
		return intro + "length 0, window above 0: RCV.NXT ≤ SEG.SEQ < " + end
	case v.Window() == 0:
		return intro + "length above 0, window 0: never acceptable"
	}
	return intro + fmt.Sprintf("length and window above 0: RCV.NXT ≤ SEG.SEQ < %s, or RCV.NXT ≤ %s (the last number) < %s", end, num(s.Seq.Add(length-1)), end)
}

// undelivered says how it is known that the segment did not arrive.
func (e *Explanation) undelivered() string {
	switch {
	case e.has(record.LabelBadChecksum):
		return "its checksum is wrong"
	case e.has(record.LabelLostBetweenTaps):
		return "the capture of the tap behind does not hold it"
	}
	return "nothing that its sender sent before has arrived either"
}
