package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/peers/suricata"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/peers/zeek"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Flow is the tracker's record of one connection: one incarnation of its Key.
type Flow struct {
	ID          uint64 // in its table, from 1
	Birth       Birth
	Incarnation int
	Key         Key
	alias       Key                // of the other direction, where that was tagged differently
	otherEncap  bool               // it was
	Ends        [2]decode.Endpoint // by fsm.Side
	Orientation record.Orientation
	Conn        fsm.Conn
	Zeek        zeek.State
	Suricata    suricata.State
	Dir         [2]Direction // by the sending side

	First, Last fsm.Stamp // first and latest segment
	FirstFlags  fsm.Flags // of the first segment
	Until       fsm.Time  // capture time when the connection was reported
	Segments    uint32    // stepped through the machine

	// The handshake's segments; a zero frame where one was not captured.
	SYN, SYNACK, FinalACK fsm.Stamp
	SYNs                  [2]int // bare SYNs by side, repetitions included
	SYNACKs               [2]int // SYN-ACKs by side, repetitions included
	Scale                 bool   // window scaling was agreed
	Timestamps            bool   // timestamps were agreed
	ECN                   bool   // both SYNs ask for ECN, classic or accurate
	agreed                bool   // both SYNs were seen, so agreements are known

	// Use of the connection.
	Exchanges     int // requests answered: client data followed by server data
	IdleSpans     int // spans of more than IdleSpan without data
	LongestIdle   fsm.Time
	lastData      fsm.Time
	lastDataFrom  fsm.Side
	lastDataFrame fsm.Frame
	hasData       bool

	Stalls *DataStalls // nil while nobody waited long

	FINAcked [2]fsm.Stamp // the ACK that covers each side's FIN
	RST      [2]fsm.Stamp // each side's first RST

	Previous *PreviousIncarnation // the earlier connection of the same Key, if it ended in this capture
	Evicted  bool                 // ended by the limit on open connections
	ReusedAt fsm.Stamp            // the SYN that opened the next connection of this Key

	Timeline    []TimelineEntry // segments, when asked for
	TimelineCut uint64
	keep        bool
	base        [2]fsm.Seq // number that counts as 0 in Kept
	high        [2]uint64  // highest relative number so far
	hasBase     [2]bool

	events   *eventLog
	Meanings fsm.Meaning // everything that any segment meant
	AllFacts SegmentFacts
	pending  *pendingSYN

	hash  uint64 // of the Key, in the table's index
	place uint32 // there; 0 for none

	queue      *queue // the queue that the flow waits in
	prev, next *Flow
	deadline   fsm.Time // when it is reported if nothing more comes
	overAt     uint64   // packets of the capture when it ended
}

// IdleSpan is how long nobody must have sent data for the silence to count as
// an idle span.
const IdleSpan = 10 * fsm.Second

// Direction is what one side sent, and what is needed to understand its next
// segment.
type Direction struct {
	// What every segment reads or writes stands together, so that it takes few
	// lines of the processor's cache; what few segments touch comes behind it.
	Packets       uint64
	Bytes         uint64 // payload, repetitions included
	UniqueBytes   uint64 // payload whose numbers were seen for the first time
	DataSegments  uint64
	GoodChecksums uint64
	LastData      fsm.Time // latest segment with data; 0 for none
	LastDataFrame fsm.Frame
	Last          fsm.Stamp // latest segment
	lastReal      fsm.Time  // latest segment that is no probe and no answer to one
	lastLen       uint32
	lastAck       fsm.Seq
	lastEdge      fsm.Seq // right edge of the latest window, SYN windows left out
	tsRecent      uint32  // what the receiver keeps as TS.Recent (RFC 7323 §4.3)
	lastTS        uint32
	MinWindow     uint32
	MaxWindow     uint32
	lastWin       uint16
	hasAck        bool
	hasEdge       bool
	hasTS         bool
	zero          bool
	signed        bool    // its SYN was signed (RFC 2385, RFC 5925)
	awaiting      awaited // what an ACK from the other side would answer
	TTL           uint8   // of its first segment
	ids           ids
	contents      *contents
	windows       *WindowStats // nil for most
	Keepalive     *Keepalive   // nil without probes
	sender        sender
	StallAccount

	Retransmissions uint64
	ResentBytes     uint64
	OutOfOrder      uint64
	Kinds           [NumKinds]uint64 // retransmissions by Kind
	Late            uint64           // retransmissions of which the original was not captured: lost before the tap
	SpuriousProved  uint64           // retransmissions that the receiver showed to be needless
	SpuriousLikely  uint64           // retransmissions of octets whose ACK had been captured before
	DuplicateACKs   uint64
	Doubled         uint64
	GapBytes        uint64 // of this side's stream: acknowledged, never captured
	Options         record.Options
	SYNTimestamp    uint32 // TSval of its SYN, with Options.Timestamps
	BadChecksums    uint64
	Offloaded       uint64
	Giants          uint64 // IP packets larger than 1500 octets: offload, or jumbo frames

	SYNOptions fsm.OptionSet // of its SYN
	SYNFlags   fsm.Flags
	Marked     uint64 // data segments with an ECN codepoint in the IP header
	Congested  uint64 // of these, marked by the network
	RSTs, FINs uint64
	LastRST    fsm.Time
	LastFIN    fsm.Time

	ZeroWindows    uint64
	ZeroWindowTime fsm.Time
	zeroSince      fsm.Time
	WindowProbes   uint64
	holeSince      fsm.Time
}

// awaited is the probe that a side sent last and that is not answered yet.
type awaited uint8

const (
	nothing awaited = iota
	keepaliveAnswer
	windowProbeAnswer
)

// Kept is one segment kept for a timeline.
type TimelineEntry struct {
	Frame   fsm.Frame
	Time    fsm.Time
	Nth     uint32 // 0 for a doubled frame, which the machine never saw
	From    fsm.Side
	Segment fsm.Segment
	Scaled  uint32 // window
	RelSeq  uint64
	RelAck  uint64
	Meaning fsm.Meaning
	Facts   SegmentFacts

	Kind     Kind      // of a retransmission
	Original fsm.Frame // that it repeats; 0 if it was not captured
}

// Predecessor is what the next connection of a Key needs to know of the one
// before it.
type PreviousIncarnation struct {
	First      fsm.Frame // its first segment
	Last       fsm.Time
	Closed     bool    // both sides closed in the ordinary way
	Over       bool    // nothing was left open, one way or the other
	TimeWait   [2]bool // by the predecessor's side: it should have held TIME-WAIT
	Since      [2]fsm.Time
	Until      [2]fsm.Time
	Ends       [2]decode.Endpoint
	SndNxt     [2]fsm.Seq
	TSVal      [2]uint32
	HasTS      [2]bool
	ISN        [2]fsm.Seq
	HasISN     [2]bool
	Unanswered bool // a SYN that nobody answered
}

// SideOf returns the side that sent the packet.
func (f *Flow) SideOf(p *decode.Packet) fsm.Side {
	if same(&p.Src, &f.Ends[fsm.Client]) {
		return fsm.Client
	}
	return fsm.Server
}

// Over reports whether neither endpoint has anything left to send: closed on
// both sides, or in TIME-WAIT or LISTEN again.
func (f *Flow) Over() bool {
	return over(f.Conn.End[fsm.Client].State) && over(f.Conn.End[fsm.Server].State)
}

func over(s fsm.State) bool { return s == fsm.Closed || s == fsm.TimeWait || s == fsm.Listen }

// OneSided reports whether only one direction was captured although the other
// must have spoken.
func (f *Flow) OneSided() bool {
	c, s := &f.Conn.End[fsm.Client], &f.Conn.End[fsm.Server]
	return c.Seen && !s.Seen && c.HasAck || s.Seen && !c.Seen && (s.HasAck && s.State != fsm.Closed || s.SentSYN)
}

// Midstream reports whether the capture joined the connection after its start.
func (f *Flow) Midstream() bool {
	return f.Meanings.Any(fsm.Joined) && f.SYN.Frame == 0
}

// SplitHandshake reports whether the server answered the SYN with a SYN of its
// own and only the client sent a SYN-ACK. In a simultaneous open both do.
func (f *Flow) SplitHandshake() bool {
	return f.SYNs[fsm.Server] > 0 && f.SYNACKs[fsm.Client] > 0 && f.SYNACKs[fsm.Server] == 0
}

// OutOfStep returns how often an acknowledgment was captured before the data that
// it covers: then the capture holds its two directions in the wrong order.
func (f *Flow) CrossDirectionReordered() int {
	if !f.Meanings.Any(fsm.AckAhead) {
		return 0
	}
	n := 0
	for _, side := range [2]fsm.Side{fsm.Client, fsm.Server} {
		n += f.CountMeaning(side, fsm.AckAhead) - f.CountMeaning(side, fsm.AckOfUnsent) - f.CountMeaning(side, fsm.GapConfirmed)
	}
	return max(0, n)
}
