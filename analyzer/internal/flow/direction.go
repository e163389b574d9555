package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Direction is what one side sent, and what is needed to understand its next
// segment.
type Direction struct {
	// What every segment reads or writes stands together, so that it takes few
	// lines of the processor's cache; what few segments touch comes behind it.
	Packets       uint64
	Bytes         uint64 // payload, retransmissions included
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
	tsAged        bool // it was silent for longer than timestampsAge once
	zero          bool
	signed        bool    // its SYN was signed (RFC 2385, RFC 5925)
	awaiting      awaited // what an ACK from the other side would answer
	TTL           uint8   // of its first segment
	ids           ids
	contents      *contents
	windows       *WindowStats // nil for many
	spareWindows  *WindowStats // of an earlier connection
	unsigned      *Tally       // segments without the signature that its SYN had
	Keepalive     *Keepalive   // nil without probes
	sender        sender
	Counts        Counts
	windowSum     uint64 // of the windows that it offered, SYN windows left out
	windowsSeen   uint64
	FirstDataAt   fsm.Stamp // its first data; no frame for none
	Pause         Pause     // the longest between its own data
	StallAccount

	Retransmissions uint64
	ResentBytes     uint64
	OutOfOrder      uint64
	Kinds           [NumKinds]uint64 // retransmissions by Kind
	Late            uint64           // retransmissions of which the original was not captured: lost before the tap
	SpuriousProved  uint64           // retransmissions that the receiver showed to be spurious
	SpuriousLikely  uint64           // retransmissions of bytes whose ACK had been captured before
	DuplicateACKs   uint64
	Doubled         uint64
	GapBytes        uint64 // of this side's stream: acknowledged, never captured
	Options         record.Options
	SYNTimestamp    uint32 // TSval of its first SYN with one
	hasSYNTimestamp bool
	BadChecksums    uint64
	badSums         *badSums // nil until one was wrong
	Offloaded       uint64
	Giants          uint64 // IP packets larger than 1500 bytes: offload, or jumbo frames

	fuller     *synOffer     // of an earlier SYN, where the latest left options out; nil for most
	SYNOptions fsm.OptionSet // of its SYN, the one that was answered if it sent several
	SYNCut     fsm.OptionSet // what the snap length may have cut off it
	SYNFlags   fsm.Flags
	synECN     uint8          // the ECN field of its SYN's IP header
	offeredECN record.ECNMode // the most that its SYNs asked for
	CEPackets  uint64         // with Accurate ECN: packets that were captured with a CE mark, SYNs left out
	Marked     uint64         // data segments with an ECN codepoint in the IP header
	Congested  uint64         // of these, marked by the network
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

// Unsigned returns the segments without the signature that the direction's SYN had.
func (d *Direction) Unsigned() Tally {
	if d.unsigned == nil {
		return Tally{}
	}
	return *d.unsigned
}

func (d *Direction) noteUnsigned(frame fsm.Frame) {
	if d.unsigned == nil {
		d.unsigned = &Tally{}
	}
	d.unsigned.note(frame)
}
