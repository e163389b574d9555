package analyzer

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// merger puts the shards' results of a round together: it numbers connections in
// the order of the whole capture and passes their records on.
type merger struct {
	ids     uint64
	numbers []numbers // by shard
	ended   []completed
	next    []int // by shard: the connection to be numbered next
}

// completed is a connection that ended: its record, or what stands for it.
type completed struct {
	id    uint64
	own   *record.Connection
	plain *plain
}

// record returns the connection's record, which is valid until the next one's is
// asked for, and whether it is its own.
func (e *completed) record() (c *record.Connection, own bool) {
	if e.own != nil {
		return e.own, true
	}
	return e.plain.record(), false
}

// numbers translates a shard's own numbers of its connections, which count from
// 1, for those not yet reported.
type numbers struct {
	first uint64 // the shard's number that the list begins with
	list  []uint64
	dead  int // leading entries that are done with
}

func (n *numbers) take(own uint64) uint64 {
	i := int(own - n.first)
	id := n.list[i]
	n.list[i] = 0
	for n.dead < len(n.list) && n.list[n.dead] == 0 {
		n.dead++
	}
	if n.dead > 1024 && n.dead > len(n.list)/2 {
		n.list = append(n.list[:0], n.list[n.dead:]...)
		n.first += uint64(n.dead)
		n.dead = 0
	}
	return id
}

func newMerger(shards int) *merger {
	m := &merger{numbers: make([]numbers, shards), next: make([]int, shards)}
	for i := range m.numbers {
		m.numbers[i].first = 1
	}
	return m
}

// number gives the connections that began in the round their numbers. Each shard
// has them in order; the shards are few, so the next of all is soon found.
func (m *merger) number(r *round) {
	clear(m.next)
	for {
		first := -1
		for s := range r.parts {
			if m.next[s] < len(r.parts[s].begun) && (first < 0 || before(r.parts[s].begun[m.next[s]], r.parts[first].begun[m.next[first]])) {
				first = s
			}
		}
		if first < 0 {
			return
		}
		m.ids++
		m.numbers[first].list = append(m.numbers[first].list, m.ids)
		m.next[first]++
	}
}

func before(a, b flow.Birth) bool {
	return a.Ordinal < b.Ordinal || a.Ordinal == b.Ordinal && a.After < b.After
}

// merge returns the connections that the round completed, by ID. The slice is
// valid until the next call.
func (m *merger) merge(r *round) []completed {
	m.number(r)
	m.ended = m.ended[:0]
	for s := range r.parts {
		for _, c := range r.parts[s].ended {
			c.ID = m.numbers[s].take(c.ID)
			m.ended = append(m.ended, completed{id: c.ID, own: c})
		}
		for i := range r.parts[s].plains {
			l := &r.parts[s].plains[i]
			l.ID = m.numbers[s].take(l.ID)
			m.ended = append(m.ended, completed{id: l.ID, plain: l})
		}
	}
	slices.SortFunc(m.ended, func(a, b completed) int { return cmp.Compare(a.id, b.id) })
	return m.ended
}
