package main

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// maxKept bounds the connections of either kind that a keeper holds.
const maxKept = 10_000

// keeper holds copies of connections for the report at the end of a capture
// that may go on for weeks: so many with an error or a warning, so many others.
// The summary counts all of them in any case.
type keeper struct {
	grave, plain []*record.Connection
}

func (k *keeper) add(c *record.Connection) {
	list := &k.plain
	if severityRank(c) > 1+int(record.SeverityNote) {
		list = &k.grave
	}
	if len(*list) < maxKept {
		*list = append(*list, c.Clone())
	}
}

// list returns the connections by ID.
func (k *keeper) list() []*record.Connection {
	all := slices.Concat(k.grave, k.plain)
	slices.SortFunc(all, func(a, b *record.Connection) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
