package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ecnCounters is what one side says of the octets that it received, by codepoint, in the
// options of Accurate ECN.
type ecnCounters struct {
	latest   [3]uint32 // as they were last told
	reported [3]uint64
	frame    fsm.Frame // of the latest option with a counter; 0 for none
	zeroed   fsm.Frame // of the first, if a counter that begins at 1 is 0 there
	seen     [3]uint64 // octets captured on their way to it

	// As both stood at the latest option on a segment that acknowledges all of the peer's
	// data: only then can they be held against each other.
	at           fsm.Frame
	told, passed [3]uint64
	has          [3]bool // counters told until then
}

// initialECN are the counters' first values: those that no congestion moves do not begin
// at 0, so that a box which zeroes the fields is found out (RFC 9768 §3.2.1).
var initialECN = [3]uint32{decode.ECT0: 1, decode.ECT1: 1, decode.CE: 0}

// codepoint returns which counter a packet's ECN field belongs to.
func codepoint(tos uint8) (i int, ok bool) {
	switch tos & 3 {
	case 1:
		return decode.ECT1, true
	case 2:
		return decode.ECT0, true
	case CongestionExperienced:
		return decode.CE, true
	}
	return 0, false
}

// pass counts a segment with data on its way to the side.
func (c *ecnCounters) pass(o *observation) {
	if i, ok := codepoint(o.p.TOS); ok && !o.deliveredTwice {
		c.seen[i] += uint64(o.s.Len)
	}
}

// take takes the counters of an option.
func (c *ecnCounters) take(o *observation) {
	option := o.p.AccECN
	if option == nil || option.Has == [3]bool{} {
		return // an option without counters only shows that it gets through
	}
	if c.frame == 0 {
		c.latest = initialECN
		if option.Has[decode.ECT0] && option.Count[decode.ECT0] == 0 || option.Has[decode.ECT1] && option.Count[decode.ECT1] == 0 {
			c.zeroed = o.p.Frame
		}
	}
	c.frame = o.p.Frame
	for i, has := range option.Has {
		const half = 1 << 23
		if more := (option.Count[i] - c.latest[i]) & (2*half - 1); has && more < half {
			c.reported[i] += uint64(more)
			c.latest[i] = option.Count[i]
		}
		c.has[i] = c.has[i] || has
	}
	if o.s.Ack == o.y.Out.Top {
		c.at, c.told, c.passed = o.p.Frame, c.reported, c.seen
	}
}

// ECNBytes returns the octets of data that the side sent, by codepoint as captured, and as
// its peer reports to have received them; Frame is 0 where it reports none.
func (f *Flow) ECNBytes(side fsm.Side) record.ECNBytes {
	if f.accurate == nil {
		return record.ECNBytes{}
	}
	c := &f.accurate.half[side.Peer()].counters
	return record.ECNBytes{Seen: bytesOf(&c.seen), Reported: bytesOf(&c.reported), Frame: c.frame}
}

func bytesOf(n *[3]uint64) record.ECNCount {
	return record.ECNCount{ECT0: n[decode.ECT0], ECT1: n[decode.ECT1], CE: n[decode.CE]}
}

// CounterChange is an option whose counters do not fit what was captured.
type CounterChange struct {
	Frame      fsm.Frame // 0 for none
	Zeroed     bool      // its fields were set to 0 on the way
	Seen, Told uint64    // octets with the codepoint
	Field      uint8     // the ECN field that it is about
}

// CountersChanged returns where the counters of the side's data, which its peer reports, do
// not fit. Loss and retransmissions make them differ, so both must be absent.
func (f *Flow) CountersChanged(side fsm.Side) CounterChange {
	if f.accurate == nil {
		return CounterChange{}
	}
	c := &f.accurate.half[side.Peer()].counters
	if c.zeroed != 0 {
		return CounterChange{Frame: c.zeroed, Zeroed: true}
	}
	d := &f.Dir[side]
	if c.at == 0 || d.Retransmissions+d.GapBytes > 0 {
		return CounterChange{}
	}
	x := CounterChange{Frame: c.at}
	if seen, told := c.passed[decode.CE], c.told[decode.CE]; c.has[decode.CE] && told < seen {
		x.Seen, x.Told, x.Field = seen, told, CongestionExperienced
		return x
	}
	marked := c.told[decode.CE] - min(c.told[decode.CE], c.passed[decode.CE]) // behind the tap
	for i, field := range [2]uint8{decode.ECT0: 2, decode.ECT1: 1} {
		if seen, told := c.passed[i], c.told[i]; c.has[i] && c.has[decode.CE] && told+marked < seen {
			x.Seen, x.Told, x.Field = seen, told, field
			return x
		}
	}
	return CounterChange{}
}
