// Package flow tells what one connection shows. A Flow takes the connection's
// segments in order, runs the state machines of both endpoints (package fsm), and
// notes what these do not look at: retransmissions and their kinds, round trips,
// keepalives, windows, options, stalls, and each segment that is notable. The checks
// and the record judge by it when the connection has ended.
//
// It does not know which segments belong to the connection: that is conntrack's task,
// which stands above it. Below stand decode and fsm.
package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/peers/suricata"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/peers/zeek"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// Flow is all that is known of one connection: one incarnation of its 4-tuple.
type Flow struct {
	// Who it is, for the tracker to set.
	ID          uint64 // in its table, from 1
	Incarnation int
	Previous    *PreviousIncarnation // the earlier connection of the same 4-tuple, if it ended in this capture
	ReusedAt    fsm.Stamp            // the SYN that opened the next connection of this 4-tuple
	Challenged  fsm.Stamp            // the latest ACK of Previous that answered this one's SYN
	LegOf       fsm.Frame            // what the legs of one connection share, on both sides of a box that chooses its own numbers; 0 for others
	Evicted     bool                 // ended by the limit on open connections
	Untimed     bool                 // a segment of it carried no time
	NoStream    bool                 // Wireshark has it in another stream than its beginning tells, or in several
	Self        bool                 // a socket connected to itself: its two ends are one

	Encap       decode.Encap
	Ends        [2]decode.Endpoint // by fsm.Side
	Orientation record.Orientation
	Conn        fsm.Conn
	Zeek        zeek.State
	Suricata    suricata.State
	Dir         [2]Direction // by the sending side

	First, Last fsm.Stamp // first and last segment
	Latest      fsm.Stamp // the last by time, which is not Last where times run backwards
	Lowest      fsm.Frame // the lowest number of its packets, copies included, and the highest:
	Highest     fsm.Frame // of others than First and Last where packets were put in order
	FirstFlags  fsm.Flags // of the first segment
	FirstFrom   fsm.Side
	FirstSeq    fsm.Seq
	FirstAck    fsm.Seq
	Until       fsm.Time // capture time when the connection was reported
	Segments    uint32   // stepped through the machine

	// The handshake's segments; a zero frame where one was not captured.
	SYN, SYNACK, FinalACK fsm.Stamp
	synAcksApart          fsm.Time       // first and last SYN-ACK before FinalACK
	SYNs                  [2]int         // bare SYNs by side, repetitions included
	SYNACKs               [2]int         // SYN-ACKs by side, repetitions included
	Scale                 bool           // window scaling was agreed
	Timestamps            bool           // timestamps were agreed
	ECN                   bool           // both SYNs agree on ECN, classic or accurate
	ECNMode               record.ECNMode // which of them
	accurate              *accurateECN   // nil unless that is accurate
	packet                uint32         // what packetSize returns, once that is settled
	agreed                bool           // both SYNs were seen, so agreements are known

	// Use of the connection.
	Exchanges     int // requests answered: client data followed by server data
	IdleSpans     int // spans of more than IdleSpan without data
	LongestIdle   fsm.Time
	lastData      fsm.Time
	lastDataFrom  fsm.Side
	lastDataFrame fsm.Frame
	hasData       bool
	turn          turn
	spending      spending

	Stalls *DataStalls // nil while nobody waited long

	FINAcked [2]fsm.Stamp // the ACK that covers each side's FIN
	RST      [2]fsm.Stamp // each side's first RST
	RSTPlace [2]decode.Place

	Timeline    []TimelineEntry // segments, when asked for
	TimelineCut uint64          // segments that were left out
	keep        bool            // segments for the timeline
	cut         bool            // they are not kept any more
	base        [2]fsm.Seq      // number that counts as 0 in the timeline
	high        [2]uint64       // highest relative number so far
	hasBase     [2]bool
	series      *series.Encoder // nil unless asked for
	spareSeries *series.Encoder // of an earlier connection

	responders []responder // that answered the SYN with different numbers; nil for one
	otherRST   fsm.Frame   // the latest RST of one that the client did not choose

	events                    *eventLog  // nil while there is none
	spare                     *eventLog  // of an earlier connection, to be used again
	exchanges, spareExchanges *exchanges // likewise

	icmp      *icmpLog        // nil for most
	multipath *multipath      // nil unless an MPTCP option was seen
	fragments *FirstFragments // nil for most
	Meanings  fsm.Meaning     // everything that any segment meant
	AllFacts  SegmentFacts
}

// NoteAttempt notes a SYN that belongs to a later connection of the 4-tuple, but that
// this one's other side answers by a challenge ACK (RFC 5961 §4.2).
func (f *Flow) NoteAttempt(p *decode.Packet) {
	side := f.SideOf(p)
	f.Conn.ExpectChallenge(side.Peer())
	f.Meanings |= fsm.SYNInSync
	f.noteSegment(NotableSegment{
		Frame: p.Frame, Time: p.Time, Nth: f.Segments + 1, From: side, TTL: p.TTL, IPID: p.IPID, Segment: p.Segment, Meaning: fsm.SYNInSync,
		States: [2]fsm.State{f.Conn.End[0].State, f.Conn.End[1].State},
	})
}

// IdleSpan is how long nobody must have sent data for the silence to count as
// an idle span.
const IdleSpan = 10 * fsm.Second

// SideOf returns the side that sent the packet.
func (f *Flow) SideOf(p *decode.Packet) fsm.Side {
	if decode.Same(&p.Src, &f.Ends[fsm.Client]) {
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
	if f.Self {
		return false
	}
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

// CrossDirectionReordered returns how often an acknowledgment was captured before the data that
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
