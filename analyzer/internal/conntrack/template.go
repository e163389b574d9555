package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// CleanSummary is what distinguishes a clean connection from others of its
// TemplateKey.
type CleanSummary struct {
	ID             uint64 // in its table
	Client, Server decode.Endpoint
	First, Last    fsm.Time
	Frames         [2]fsm.Frame // the first, which is the SYN, and the last
	ISN            [2]fsm.Seq   // by side
	TSVal          [2]uint32    // of the SYNs
	Bytes          [2]uint64    // payload
	Key            TemplateKey
}

// CleanKind tells the two kinds of clean connections apart.
type CleanKind uint8

// The kinds.
const (
	LoneSYN CleanKind = iota // one ordinary SYN of which nothing else was captured
	Closed                   // opened, used and closed

	// NumCleanKinds is the number of kinds.
	NumCleanKinds = iota
)

// Shows returns all that segments of clean connections of the kind can mean and show.
// Checks that ask for anything else never run on them.
func (k CleanKind) Shows() (fsm.Meaning, flow.SegmentFacts) {
	if k == LoneSYN {
		return fsm.StateChanged, loneSYNFacts
	}
	return fsm.StateChanged, closedFacts
}

var (
	loneSYNFacts = flow.Facts(flow.AckWithoutFlag, flow.ScaleInvalid, flow.OptionsOdd, flow.OptionsMalformed, flow.OptionsDuplicate, flow.OptionsAfterEnd)
	closedFacts  = flow.Facts(flow.FinalACK, flow.WindowUpdate)
)

// Kind returns the kind of clean connections that the key is of.
func (k *TemplateKey) Kind() CleanKind {
	if k.closed {
		return Closed
	}
	return LoneSYN
}

// TemplateKey is all that verdicts depend on for clean connections, and those checks
// that may be judged once for all connections of one key: the record of the first of
// them is the template of the others.
type TemplateKey struct {
	evicted bool

	// One that was closed.
	closed     bool
	closer     fsm.Side
	expired    bool // TIME-WAIT had passed
	unverified bool // a checksum
	data       [2]bool
	opts       [2]fsm.OptionSet

	// A lone SYN.
	flags                          fsm.Flags
	scale                          uint8
	checksum                       decode.Checksum
	mss, window, ack, tsVal, tsEcr bool // not 0
	isn, clientPort, serverPort    bool
	watched                        bool // for a second or more
}

// summarize fills in t.summary with the compact connection at a place, if it is clean
// to its end.
func (t *Table) summarize(i uint32, evicted bool) bool {
	y := &t.compact
	n := y.conns.at(i)
	first := y.syn(n)
	c := &t.summary
	*c = CleanSummary{
		ID: n.id, Client: n.client, Server: n.server, First: first.time, Last: first.time, Frames: [2]fsm.Frame{first.frame, first.frame},
		ISN: [2]fsm.Seq{first.seq}, TSVal: [2]uint32{first.tsVal},
	}
	if n.held == 1 {
		c.Key = t.loneSYNKey(n, first)
		c.Key.evicted = evicted
		return true
	}
	if n.clean == 0 {
		return false
	}
	clean := y.clean.at(n.clean)
	if clean.stage != ended {
		return false
	}
	c.Last, c.Frames[1] = clean.time, y.segment(clean, n.held-1).frame
	c.Key = TemplateKey{
		evicted: evicted, closed: true, closer: clean.closer, expired: t.now >= clean.timeWaitEnd(t.twoMSL), unverified: clean.unverified,
		clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
	}
	for side := range clean.halves {
		d := &clean.halves[side]
		c.ISN[side], c.TSVal[side], c.Bytes[side] = d.isn, d.synTS, uint64(d.bytes)
		c.Key.opts[side], c.Key.data[side] = d.offered, d.bytes > 0
	}
	return true
}

func (t *Table) loneSYNKey(n *compactConn, b *packedSegment) TemplateKey {
	return TemplateKey{
		flags: b.flags(), opts: [2]fsm.OptionSet{b.opts}, scale: b.scale, checksum: b.checksum(),
		mss: b.mss != 0, window: b.window != 0, ack: b.ack != 0, tsVal: b.tsVal != 0, tsEcr: b.tsEcr != 0,
		isn: b.seq != 0, clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
		watched: t.now-b.time >= fsm.Second,
	}
}
