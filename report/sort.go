package report

import (
	"cmp"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// SortKey is what the connections of a text report are ordered by.
type SortKey uint8

// The keys. All but SortID put the largest first.
const (
	SortCost SortKey = iota // time lost, then findings and verdict
	SortID
	SortDuration
	SortBytes
	SortRetransmissions
	SortHandshake
	SortAnswer // the slowest answer
	SortGoodput
)

// SortKeys are the names of the keys, in their order.
var SortKeys = []string{"cost", "id", "duration", "bytes", "retransmissions", "handshake", "answer", "goodput"}

// sortValue returns what a connection is ordered by, the largest first.
func (k SortKey) value(c *record.Connection) float64 {
	switch k {
	case SortDuration:
		return c.Last.Seconds(c.First)
	case SortBytes:
		return float64(c.Traffic[0].Bytes + c.Traffic[1].Bytes)
	case SortRetransmissions:
		return float64(c.Traffic[0].Retransmissions + c.Traffic[1].Retransmissions)
	case SortHandshake:
		return c.Handshake.Took
	case SortAnswer:
		return float64(c.Exchanges.Answer.Max)
	case SortGoodput:
		return max(goodput(c, fsm.Client), goodput(c, fsm.Server))
	}
	return 0
}

// goodput returns the side's bytes without repetitions per second from the connection's
// first to its last data; 0 if there was no more than one packet of it.
func goodput(c *record.Connection, side fsm.Side) float64 {
	first, last := c.DataSpan()
	if last <= first {
		return 0
	}
	return float64(c.Traffic[side].UniqueBytes) / last.Seconds(first)
}

// before compares two connections: above 0, a is to be looked at first.
func (k SortKey) before(a, b *record.Connection) int {
	switch k {
	case SortCost:
		return cmp.Or(cmp.Compare(a.Cost(), b.Cost()), cmp.Compare(gravity(a), gravity(b)), cmp.Compare(a.Verdict.Concern(), b.Verdict.Concern()))
	case SortID:
		return 0
	}
	return cmp.Compare(k.value(a), k.value(b))
}
