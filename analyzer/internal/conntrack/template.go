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
	Frames         [2]fsm.Frame // the first, which is the SYN if there is one, and the last
	ISN            [2]fsm.Seq   // by side
	TSVal          [2]uint32    // of the SYNs
	Bytes          [2]uint64    // payload
	Key            TemplateKey
}

// CleanKind tells the kinds of clean connections apart.
type CleanKind uint8

// The kinds.
const (
	LoneSYN CleanKind = iota // one ordinary SYN of which nothing else was captured
	Closed                   // opened, used and closed

	// NumCleanKinds is the number of kinds of which it is known beforehand what their
	// segments can show.
	NumCleanKinds = iota

	// Short connections have very few segments, and these may be any: they are clean
	// only in that no check looks at what their key does not tell. What they show, the
	// first of a key shows for all.
	Short CleanKind = NumCleanKinds
)

// Shows returns all that segments of clean connections of the kind can mean and show,
// of one of the NumCleanKinds. Checks that ask for anything else never run on them.
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
func (k *TemplateKey) Kind() CleanKind { return k.kind }

// TemplateKey is all that verdicts depend on for clean connections, and those checks
// that may be judged once for all connections of one key: the record of the first of
// them is the template of the others.
type TemplateKey struct {
	kind    CleanKind
	evicted bool
	reuse   reuseKey

	// One that was closed.
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

	// A short one.
	segments [maxShaped]segmentShape
	since    [2]uint8 // how long ago its first and its last segment were
}

// summarize fills in t.summary with the compact connection at a place, if it is clean
// to its end.
func (t *Table) summarize(i uint32, how ending) bool {
	y := &t.compact
	n := y.conns.at(i)
	first := y.firstSegment(n)
	c := &t.summary
	*c = CleanSummary{
		ID: n.id, Client: n.client, Server: n.server, First: first.time, Last: first.time, Frames: [2]fsm.Frame{first.frame, first.frame},
	}
	if n.clean == 0 {
		if n.held == 1 && n.opened && first.ordinarySYN() {
			c.ISN[fsm.Client], c.TSVal[fsm.Client] = first.seq, first.tsVal
			c.Key = t.loneSYNKey(n, first)
		} else if c.Key = (TemplateKey{}); !t.shortKey(n, &c.Key) {
			return false
		} else {
			y.shortSummary(n, c)
		}
		c.Key.evicted = how.evicted
		return y.reuseOf(n, how, &c.Key.reuse)
	}
	clean := y.clean.at(n.clean)
	if clean.stage != ended {
		return false
	}
	c.Last, c.Frames[1] = clean.time, y.segment(clean, n.held-1).frame
	c.Key = TemplateKey{
		kind: Closed, evicted: how.evicted, closer: clean.closer, expired: t.now >= clean.timeWaitEnd(t.twoMSL), unverified: clean.unverified,
		clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
	}
	for side := range clean.halves {
		d := &clean.halves[side]
		c.ISN[side], c.TSVal[side], c.Bytes[side] = d.isn, d.synTS, uint64(d.bytes)
		c.Key.opts[side], c.Key.data[side] = d.offered, d.bytes > 0
	}
	return y.reuseOf(n, how, &c.Key.reuse)
}

func (t *Table) loneSYNKey(n *compactConn, b *packedSegment) TemplateKey {
	return TemplateKey{
		flags: b.flags(), opts: [2]fsm.OptionSet{b.opts}, scale: b.scale, checksum: b.checksum(),
		mss: b.mss != 0, window: b.window != 0, ack: b.ack != 0, tsVal: b.tsVal != 0, tsEcr: b.tsEcr != 0,
		isn: b.seq != 0, clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
		watched: t.now-b.time >= fsm.Second,
	}
}

// ordinarySYN reports whether nothing is rare about a SYN that is all of a connection.
func (b *packedSegment) ordinarySYN() bool {
	return b.rare == 0 && b.flags()&^(fsm.SYN|fsm.PSH|fsm.ECE|fsm.CWR) == 0 && b.length == 0 && b.opts&fsm.OptFastOpen == 0 && b.checksum() != decode.ChecksumBad
}
