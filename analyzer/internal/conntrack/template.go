package conntrack

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// CleanSummary is a clean connection: its key, and what distinguishes it from others of that.
type CleanSummary struct {
	CleanNumbers
	Key TemplateKey
}

// CleanNumbers are what distinguishes a clean connection from others of its TemplateKey.
type CleanNumbers struct {
	ID             uint64 // in its table
	Client, Server decode.Endpoint
	First, Last    fsm.Time
	Frames         [2]fsm.Frame // the first, which is the SYN if there is one, and the last
	ISN            [2]fsm.Seq   // by side
	TSVal          [2]uint32    // of the SYNs
	Bytes          [2]uint64    // payload
	Times          CleanTimes
}

// CleanKind tells the kinds of clean connections apart.
type CleanKind uint8

// The kinds.
const (
	LoneSYN CleanKind = iota // one ordinary SYN of which nothing else was captured
	Closed                   // opened, used and closed
	Open                     // opened and used, with everything acknowledged
	Idle                     // and then with keepalives
	Parted                   // opened, used, closed by one side, which refused the other's close_notify

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
	switch k {
	case LoneSYN:
		return fsm.StateChanged, loneSYNFacts
	case Idle:
		return fsm.StateChanged, idleFacts
	case Parted:
		return partedMeanings, openedFacts
	}
	return fsm.StateChanged, openedFacts
}

// partedMeanings are those of the RST, and of what it answers.
const partedMeanings = fsm.StateChanged | fsm.RSTSent | fsm.RSTExact

var (
	loneSYNFacts = flow.Facts(flow.AckWithoutFlag, flow.ScaleInvalid, flow.OptionsOdd, flow.OptionsMalformed, flow.OptionsDuplicate, flow.OptionsAfterEnd)
	openedFacts  = flow.Facts(flow.FinalACK, flow.WindowUpdate)
	idleFacts    = flow.Facts(flow.FinalACK, flow.WindowUpdate, flow.KeepaliveProbe, flow.KeepaliveAnswer)
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

	// One that was opened, and perhaps closed.
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

// summarize fills in t.summary with the compact connection at a place, if it is clean as
// far as it goes.
func (t *Table) summarize(i uint32, how ending) bool {
	y := &t.compact
	t.summarized = i
	n := y.conns.at(i)
	c := &t.summary
	*c = CleanSummary{CleanNumbers: CleanNumbers{
		ID: n.id, Client: n.client, Server: n.server, First: n.began, Last: n.began, Frames: [2]fsm.Frame{n.firstFrame, n.firstFrame},
		Times: CleanTimes{Handshake: -1, Answers: c.Times.Answers[:0]},
	}}
	c.Key.evicted = how.evicted
	var first *packedSegment // not of one on the fast path: its segments are not in the processor's cache any more
	if n.clean == 0 {
		first = y.firstSegment(n)
	}
	ok, now := false, t.asOf(n.firstFrame, n.latest)
	switch {
	case n.clean == 0 && n.held == 1 && n.is(hasBegun) && first.ordinarySYN():
		c.ISN[fsm.Client], c.TSVal[fsm.Client], c.Times.Packets[fsm.Client] = first.seq, first.tsVal, 1
		t.loneSYNKey(n, first, &c.Key)
		ok = true
	case n.clean == 0 && n.held <= maxShaped:
		if ok = t.shortKey(n, &c.Key); ok {
			ok = y.shortSummary(n, c, t.opt.ShortestWait)
		}
	case n.clean != 0 && y.clean.at(n.clean).stage == ended:
		clean := y.clean.at(n.clean)
		c.Key.kind, c.Key.closer, c.Key.expired = Closed, clean.closer, now >= clean.timeWaitEnd(t.twoMSL)
		y.openedSummary(n, clean, c)
		ok = clean.times(now, t.opt.ShortestWait, &c.Times)
	case n.clean != 0 && y.clean.at(n.clean).stage == cutOff:
		clean := y.clean.at(n.clean)
		c.Key.kind, c.Key.closer = Parted, clean.closer
		y.openedSummary(n, clean, c)
		ok = clean.times(clean.time, t.opt.ShortestWait, &c.Times)
	default:
		if open := y.openClean(n); open != nil {
			c.Key.kind = Open
			if open.probes != [2]uint8{} {
				c.Key.kind = Idle
			}
			y.openedSummary(n, &open.cleanConn, c)
			ok = open.times(now, t.opt.ShortestWait, &c.Times)
		}
	}
	return ok && y.reuseOf(n, how, c.ISN, &c.Key.reuse)
}

// openedSummary fills in the summary of a connection that was opened.
func (y *compactStore) openedSummary(n *compactConn, clean *cleanConn, c *CleanSummary) {
	c.Last, c.Frames[1] = clean.time, clean.frame
	c.Key.unverified, c.Key.clientPort, c.Key.serverPort = clean.unverified, n.client.Port != 0, n.server.Port != 0
	for side := range clean.halves {
		d := &clean.halves[side]
		c.ISN[side], c.TSVal[side], c.Bytes[side] = d.isn, d.synTS, uint64(d.bytes)
		c.Key.opts[side], c.Key.data[side] = d.offered, d.bytes > 0
	}
}

func (t *Table) loneSYNKey(n *compactConn, b *packedSegment, key *TemplateKey) {
	key.flags, key.opts, key.scale, key.checksum = b.flags(), [2]fsm.OptionSet{b.opts}, b.scale, b.checksum()
	key.mss, key.window, key.ack, key.tsVal, key.tsEcr = b.mss != 0, b.window != 0, b.ack != 0, b.tsVal != 0, b.tsEcr != 0
	key.isn, key.clientPort, key.serverPort = b.seq != 0, n.client.Port != 0, n.server.Port != 0
	key.watched = t.asOf(n.firstFrame, b.time)-b.time >= fsm.Second
}

// ordinarySYN reports whether nothing is rare about a SYN that is all of a connection.
func (b *packedSegment) ordinarySYN() bool {
	return b.rare == 0 && b.flags()&^(fsm.SYN|fsm.PSH|fsm.ECE|fsm.CWR) == 0 && b.length == 0 && b.opts&fsm.OptFastOpen == 0 && b.checksum() != decode.ChecksumBad
}
