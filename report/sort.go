package report

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sortKey is what the connections of a text report are ordered by.
type sortKey uint8

// The keys. All but sortID put the largest first.
const (
	sortCost sortKey = iota // time lost, then findings and verdict
	sortID
	sortDuration
	sortBytes
	sortRetransmissions
	sortHandshake
	sortAnswer // the slowest answer
	sortGoodput
)

// SortKeys are what connections can be ordered by, in Options.Sort.
var SortKeys = []string{"cost", "id", "duration", "bytes", "retransmissions", "handshake", "answer", "goodput"}

// sortKeyOf returns the key of that name; the zero value for others.
func sortKeyOf(name string) sortKey { return sortKey(max(0, slices.Index(SortKeys, name))) }

// value returns what a connection is ordered by, the largest first.
func (k sortKey) value(c *record.Connection) float64 {
	switch k {
	case sortDuration:
		return c.Last.Seconds(c.First)
	case sortBytes:
		return float64(c.Traffic[0].Bytes + c.Traffic[1].Bytes)
	case sortRetransmissions:
		return float64(c.Traffic[0].Retransmissions + c.Traffic[1].Retransmissions)
	case sortHandshake:
		return c.Handshake.Took
	case sortAnswer:
		return float64(c.Exchanges.Answer.Max)
	case sortGoodput:
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
func (k sortKey) before(a, b *record.Connection) int {
	switch k {
	case sortCost:
		return cmp.Or(cmp.Compare(a.Cost(), b.Cost()), cmp.Compare(gravity(a), gravity(b)), cmp.Compare(a.Verdict.Concern(), b.Verdict.Concern()))
	case sortID:
		return 0
	}
	return cmp.Compare(k.value(a), k.value(b))
}
