package fsm

// Endpoint is one side of a connection as an observer infers it: its state and
// the variables of its TCB (RFC 9293 §3.3.1) that its segments give away.
//
// What it sent is certain. What it received is known from what it acknowledged;
// the rest, what passed the tap on its way to it, is provisional.
type Endpoint struct {
	State State

	// Sent by this endpoint.
	Seen     bool    // at least one segment of it was captured
	presumed bool    // its SYN was not captured; the peer's SYN-ACK, which may answer a forged one, is all that tells of it
	Passive  bool    // it opened by answering a SYN
	SentSYN  bool    // ISS is known, and so is IRS of the peer
	SentFIN  bool    // FinSeq is known
	FastOpen bool    // its SYN carried data
	ISS      Seq     // initial send sequence number
	FinSeq   Seq     // number that its FIN takes
	Out      Stream  // what passed of its stream; Out.Top is SND.NXT
	Syn      Stamp   // its latest SYN or SYN-ACK with that number
	firstFIN sentFIN // the first sending of its FIN that can have arrived, if any
	lastFIN  sentFIN // the latest

	// What its acknowledgments say it received: RCV.NXT and the window.
	HasAck     bool
	Acked      Seq    // highest acknowledgment that covers captured octets
	Window     uint32 // latest window, scaled
	RightEdge  Seq    // highest Acked + window ever offered
	Scale      uint8  // its window scale
	ScaleKnown bool   // both SYNs' offers were seen, so scaled windows can be judged
	offered    uint8  // window scale in its SYN
	hasOffer   bool
	offerCut   bool // its SYN was not captured as far as an offer may have stood
	synOptions bool // its SYN was captured, so its options are known
	mss        uint16
	repeats    bool // it sent the latest that takes sequence numbers again
	hasDataAck bool
	dataAck    Seq // what it acknowledged with the latest data that it sent for the first time
	sackTop    Seq // right edge of its latest SACK block
	hasSACK    bool

	// An acknowledgment of octets nobody captured waits here until the peer's
	// next segment tells a capture gap from a lie.
	ahead      Seq
	aheadEdge  Seq // right edge of the window that came with it
	aheadStamp Stamp
	hasAhead   bool
	aheadValid bool // the peer was past the handshake, so its ack can be called a lie

	// The first empty segment beyond all that was captured: what lies before it was
	// sent by then.
	beyond   Seq
	beyondAt Stamp

	// What it may have received.
	gotSYN bool // the peer's SYN
	synAck bool // the ACK of its SYN
	finAck bool // the ACK of its FIN
	gotFIN bool // the peer's FIN
	gotRST bool // a RST, accepted

	waits waiting // whether its own FIN may have waited then

	ignoredAck Stamp // the latest ACK that passed towards it while a RST seemed to have closed it
	ignoredFIN Stamp // and the latest FIN

	heedsNoRST bool // it answered from TIME-WAIT after a RST that should have ended that (RFC 1337)

	joined bool // taken up midway, and has sent nothing since that comes before a FIN

	refused bool  // the SYN-ACK left out all the data of its SYN: the handshake goes on as any other
	synEnd  Seq   // the number behind its SYN and the data on it
	fins    uint8 // how often it sent its FIN, up to unheardFINs
	unheard bool  // the peer's FIN came so often without an answer that it seems not to arrive

	earlier    opening // what its SYN-ACK before the latest offered, with hasEarlier
	hasEarlier bool

	ackCrossed bool   // the ACK of its SYN passed shortly before its SYN-ACK came again, and may have crossed it
	crossedTS  uint32 // the peer's newest timestamp then

	unproved     uint8  // transitions by received segments without proof yet
	sentRST      bool   // its last state change was a RST of its own
	lastRST      Stamp  // its own latest RST
	rstSeq       Seq    // and that RST's number
	rstTS        uint32 // its TSval, with rstHasTS
	rstHasTS     bool
	aborted      bool  // the RST that closed it is an abort, or answers data, and not the ACK of its FIN
	rstDoubted   bool  // what passed behind that RST was sent before it, or shows that it was not its own
	topAtRST     Seq   // what had passed of its stream before that RST
	peerTopAtRST Seq   // and of the peer's
	peerAtRST    bool  // if anything had
	rstTo        Stamp // the latest RST that it accepted
	badAck       Seq   // acknowledgment that it must answer with a RST
	hasBadAck    bool
	otherISS     Seq // a SYN of it with another number: an old duplicate, or a forgery
	otherSyn     Stamp
	challenged   bool   // the next pure ACK of it is a challenge ACK
	lastAck      Stamp  // its latest segment with an ACK
	badEcho      uint32 // ordinal of the ACK of its SYN, if that echoes a timestamp that it never sent
	firstTS      uint32
	tsVal        uint32 // its newest timestamp
	hasTS        bool
	timeWait     Time // when its TIME-WAIT ends
	twSince      Time
}

// Stamp is where and when in the capture something was seen.
type Stamp struct {
	Time  Time
	Frame Frame
	Nth   uint32 // ordinal of the segment within its connection, from 1
}

// Proved reports whether nothing but certain or proved segments led to State. An endpoint
// that was joined midway may have sent its FIN before, until it sends anything behind it;
// one that leaves the peer's FINs without an answer may have them. What passes right behind a
// RST can belong before it, or show that somebody else sent that. One whose own FIN may have waited
// behind data when the peer's came is in CLOSE-WAIT or LAST-ACK, or in FIN-WAIT-1 or CLOSING.
func (e *Endpoint) Proved() bool {
	return e.unproved == 0 && !e.joined && !e.unheard && !e.rstDoubted && !e.presumed &&
		(!e.waits.possible || e.State == Closed)
}

// Proved reports whether side's state is proved: by what Endpoint.Proved asks, by the latest
// transition, of which nothing more will be known if it was left open, and in CLOSED by
// anything at all of side's: it may listen, or have answered unseen.
func (c *Conn) Proved(side Side) bool {
	e := &c.End[side]
	if !e.Proved() || !e.Seen && e.State == Closed {
		return false
	}
	for i := len(c.Transitions) - 1; i >= 0; i-- {
		if t := &c.Transitions[i]; t.Side == side {
			return t.Certain()
		}
	}
	return true
}

// TimeWaitSpan returns when TIME-WAIT was entered and when it will have lasted
// 2 MSL since its last restart; both are zero if it was never entered.
func (e *Endpoint) TimeWaitSpan() (since, until Time) { return e.twSince, e.timeWait }

// acceptable is the test of RFC 9293 §3.10.7.4 (Table 6): does a segment that
// takes length numbers from seq on fall into the window [rcvNxt, rcvNxt+wnd)?
func acceptable(seq Seq, length uint32, rcvNxt Seq, wnd uint32) bool {
	switch {
	case length == 0 && wnd == 0:
		return seq == rcvNxt
	case length == 0:
		return seq.In(rcvNxt, wnd)
	case wnd == 0:
		return false
	}
	return seq.In(rcvNxt, wnd) || seq.Add(length-1).In(rcvNxt, wnd)
}

// window returns the receive window that the endpoint holds open beyond what
// may have reached it, and whether that is known.
func (e *Endpoint) window(rcvNxt Seq) (uint32, bool) {
	if !e.HasAck || !e.ScaleKnown {
		return 0, false
	}
	if e.RightEdge.AtOrBefore(rcvNxt) {
		return 0, true
	}
	return uint32(e.RightEdge - rcvNxt), true
}

// SYNEnd returns the number behind the endpoint's SYN and the data on it.
func (e *Endpoint) SYNEnd() Seq { return e.synEnd }

// opensFast reports whether the endpoint opened by Fast Open, as far as is known: then
// the peer may answer the data on its SYN before it has the ACK of its own SYN.
func (e *Endpoint) opensFast() bool { return e.FastOpen && !e.refused }

// LatestTimestamp returns the newest TSval that the endpoint sent, if any.
func (e *Endpoint) LatestTimestamp() (uint32, bool) { return e.tsVal, e.hasTS }

// SYNCaptured reports whether the endpoint's own SYN or SYN-ACK was captured.
func (e *Endpoint) SYNCaptured() bool { return e.synOptions }

// Beyond returns the number up to which the endpoint is known to have sent
// although less was captured, and where an empty segment of it showed that.
func (e *Endpoint) Beyond() (Seq, Stamp) { return e.beyond, e.beyondAt }
