package vantage

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// segment is what is compared of a segment, and what became of it.
type segment struct {
	time         fsm.Time
	frame        fsm.Frame
	seq, ack     fsm.Seq
	len          uint32
	tsVal, tsEcr uint32
	opts         fsm.OptionSet
	sack         uint32 // a sum over its SACK blocks
	flags        fsm.Flags
	window       uint16
	mss          uint16
	ipid, sum    uint16
	ttl, tos     uint8
	scale        uint8
	hasID        bool
	hasSum       bool

	match   *segment // the same at the other tap
	alone   bool     // nothing else at either tap looked the same: its two times are those of one packet
	place   int64    // of its first octet in the stream, while cuts are compared
	covered []piece  // octets found at the other tap in segments cut otherwise
	fate    fate
	at      fsm.Time // when the first tap saw it, or would have
}

// piece is a run of octets within a segment.
type piece struct{ from, to uint32 }

type fate uint8

const (
	arrived fate = iota
	resized
	partly
	lost
	unseen
	unjudged
	extra
	outside // like extra, while the other tap may not have been running
	doubled
)

// core are the control bits that nothing on the way changes.
const core = fsm.SYN | fsm.FIN | fsm.RST | fsm.ACK

func segmentOf(p *decode.Packet) segment {
	s := &p.Segment
	g := segment{
		time: p.Time, frame: p.Frame, seq: s.Seq, ack: s.Ack, len: s.Len, opts: s.Opts, flags: s.Flags, window: s.Window,
		ipid: p.IPID, hasID: p.HasIPID, sum: p.PayloadSum, hasSum: p.HasPayloadSum && !p.Truncated, ttl: p.TTL, tos: p.TOS,
	}
	if s.Opts.Has(fsm.OptTimestamps) {
		g.tsVal, g.tsEcr = s.TSVal, s.TSEcr
	}
	if s.Opts.Has(fsm.OptMSS) {
		g.mss = s.MSS
	}
	if s.Opts.Has(fsm.OptWindowScale) {
		g.scale = s.WindowScale
	}
	for _, b := range s.SACK[:s.NumSACK] {
		g.sack = g.sack*31 + uint32(b.From)*7 + uint32(b.To)
	}
	return g
}

func (s *segment) hasTS() bool { return s.opts.Has(fsm.OptTimestamps) }

// space is how many sequence numbers the segment takes.
func (s *segment) space() uint32 {
	n := s.len
	if s.flags&fsm.SYN != 0 {
		n++
	}
	if s.flags&fsm.FIN != 0 {
		n++
	}
	return n
}

func (s *segment) end() fsm.Seq { return s.seq + fsm.Seq(s.space()) }

// change is something that was altered on the way.
type change uint16

const (
	changedWindow change = 1 << iota
	changedMSS
	changedScale
	changedSACKPermitted
	changedTimestamps
	changedSACK
	changedOptions
	changedFlags
	changedECN
	changedDSCP
	changedPayload
	changedID
	numChanges = iota
)

var changeNames = [numChanges]string{
	"window", "mss", "window-scale", "sack-permitted", "timestamps", "sack", "other-options", "flags", "ecn", "dscp", "payload", "ip-identification",
}

// withoutValues returns a copy of the segment without its options' values.
func withoutValues(s *segment) *segment {
	c := *s
	c.mss, c.scale, c.tsVal, c.tsEcr, c.sack = 0, 0, 0, 0, 0
	return &c
}

// altered compares the two sights of one segment. Fewer hops to live is no
// alteration: that is what a router does.
func altered(a, b *segment) (c change) {
	set := func(differs bool, bit change) {
		if differs {
			c |= bit
		}
	}
	const named = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps | fsm.OptSACK
	differs := a.opts ^ b.opts
	if (a.opts | b.opts).Any(fsm.OptCut) {
		// What one of the captures does not hold was not altered on the way.
		differs = 0
		a, b = withoutValues(a), withoutValues(b)
	}
	set(a.window != b.window, changedWindow)
	set(a.mss != b.mss || differs.Any(fsm.OptMSS), changedMSS)
	set(a.scale != b.scale || differs.Any(fsm.OptWindowScale), changedScale)
	set(differs.Any(fsm.OptSACKPermitted), changedSACKPermitted)
	set(a.tsVal != b.tsVal || a.tsEcr != b.tsEcr || differs.Any(fsm.OptTimestamps), changedTimestamps)
	set(a.sack != b.sack || differs.Any(fsm.OptSACK), changedSACK)
	set(differs&^named != 0, changedOptions)
	set(a.flags != b.flags, changedFlags)
	set(a.tos&3 != b.tos&3, changedECN)
	set(a.tos>>2 != b.tos>>2, changedDSCP)
	set(a.hasSum && b.hasSum && a.sum != b.sum, changedPayload)
	set(a.hasID && b.hasID && a.ipid != b.ipid, changedID)
	return c
}
