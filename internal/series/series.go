// Package series holds the segments of a connection in few bytes: what is needed to draw
// them, and what the time between them went to. A segment that follows from the one
// before it takes four to eight bytes, so that a million of them need no more memory than
// a picture.
//
// An [Encoder] takes the segments as they come. [Encoder.Append] ends a series, and
// [NewReader] reads it again. The layout is described in docs/html.md: the page of --html
// decodes the same bytes.
package series

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Point is one segment.
type Point struct {
	Frame    fsm.Frame
	Time     fsm.Time
	From     fsm.Side
	Flags    fsm.Flags
	Seq, Ack uint64 // relative to the initial numbers, counted on past 4 GiB
	Len      uint32
	Window   uint32 // scaled where the scale is known
	SACKs    uint8
	SACK     [4]Range
	Marks    Marks
	Original fsm.Frame // the segment that a retransmission repeats; 0 if none, or not captured
	Sampled  fsm.Frame // the segment from which to this ACK a round trip was measured; 0 if none
}

// Range is one block of a SACK option, its edges counted as Ack is. An edge below the
// initial number is negative.
type Range struct{ From, To int64 }

// Marks is a set of labels.
type Marks uint64

// Labels are the labels that a segment can have: the n-th is bit n of [Marks].
var Labels = [...]record.Label{
	record.LabelDuplicateFrame, record.LabelNetworkDuplicate, record.LabelRetransmission, record.LabelRetransmissionPartial,
	record.LabelRetransmissionSpurious, record.LabelRetransmissionSpuriousProved, record.LabelOriginalNotCaptured,
	record.LabelOutOfOrder, record.LabelPreviousSegmentMissing, record.LabelDuplicateACK, record.LabelDSACK,
	record.LabelKeepalive, record.LabelKeepaliveACK, record.LabelZeroWindow, record.LabelZeroWindowProbe,
	record.LabelZeroWindowProbeACK, record.LabelWindowUpdate, record.LabelWindowFull, record.LabelChallengeACK,
	record.LabelRSTInWindow, record.LabelRSTOutOfWindow, record.LabelAfterRST, record.LabelACKAhead, record.LabelGap,
	record.LabelBadChecksum, record.LabelMPTCPDataFIN, record.LabelLostBetweenTaps,
	record.LabelRetransmissionUnknown, record.LabelRetransmissionSYN, record.LabelRetransmissionSYNACK,
	record.LabelRetransmissionTimeout, record.LabelRetransmissionAfterTimeout, record.LabelRetransmissionFast,
	record.LabelTailLossProbe, record.LabelFastOpenFallback, record.LabelRetransmissionPathMTU,
}

var bits = func() map[record.Label]Marks {
	m := map[record.Label]Marks{}
	for i, l := range Labels {
		m[l] = 1 << i
	}
	return m
}()

// Mark returns the set of one label.
func Mark(l record.Label) Marks { return bits[l] }

// Has reports whether a label is in m.
func (m Marks) Has(l record.Label) bool { return m&bits[l] != 0 }

// Labels returns the labels in m.
func (m Marks) Labels() (list []record.Label) {
	for i, l := range Labels {
		if m&(1<<i) != 0 {
			list = append(list, l)
		}
	}
	return list
}

// Wait is a part of a connection's time and what it went to. The waits of a connection
// follow each other without gaps.
type Wait struct {
	Cause record.SpentCause
	Side  string // "client", "server", or "" where it is neither's
	Until fsm.Time
}

// Accounts are what time can go to, by the number of each, as an Encoder takes it and a
// series holds it. The close's is the last.
var Accounts = [...]struct {
	Cause record.SpentCause
	Side  string // "client", "server", or "" where it is neither's
}{
	{record.SpentHandshake, ""},
	{record.SpentApp, "client"}, {record.SpentApp, "server"},
	{record.SpentWindow, "client"}, {record.SpentWindow, "server"},
	{record.SpentLoss, "client"}, {record.SpentLoss, "server"},
	{record.SpentNetwork, ""},
	{record.SpentIdle, ""},
	{record.SpentClose, ""},
}

const toClose = uint8(len(Accounts) - 1)

// The bits of a segment's head: what differs from what was to be expected, and what else
// it has. The first that are set are followed by their values, in this order.
const (
	headServer   = 1 << iota // the server sent it
	headFrame                // frame number: zigzag of the difference to the one before plus 1
	headSeq                  // zigzag of the difference to the end of the direction's segment before
	headLen                  // length, as the direction's segment before had another
	headAck                  // zigzag of the difference to the direction's acknowledgment before
	headWindow               // zigzag of the difference to the direction's window before
	headSampled              // reference to the segment from which a round trip was measured
	headFlags                // flags, as the direction's segment before had others
	headMarks                // marks
	headSACK                 // number of blocks; of each a code, see below
	headWait                 // what the time before it went to, as that is another code than before
	headFile                 // index of the file, as the segment before was in another
	headOriginal             // reference to the segment that it repeats
	headAmend                // no segment: a reference to one before, and marks that it has as well
)

// The codes of a block: that of the direction's blocks before with this number; the same with
// another end, 4 more, then zigzag of how much further it goes; another one, then zigzag of
// its beginning above ack and of its length.
const (
	sackSame  = 0
	sackMore  = 4
	sackOther = 8
)

// The codes of what the time before a segment went to: nothing that is known yet; all of it
// since the last known to account code−1; or several accounts with a time each.
const (
	waitHeld    = 0
	waitSeveral = 1 + len(Accounts)
)
