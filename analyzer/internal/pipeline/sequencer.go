package pipeline

import (
	"cmp"
	"math"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// sequencer puts the shards' results of a batch together: it numbers connections in
// the order of the whole capture and passes their records on.
type sequencer struct {
	ids     uint64
	numbers []numbers // by shard
	ended   []completed
	notices []record.Notice
	survey  []*record.Connection
	sorted  []completed // room for order
	places  []uint32    // room for order: by ID, where in ended it is, from 1
	next    []int       // by shard: the connection to be numbered next
	whose   []uint8     // room for number
	streams streamCount
}

// completed is a connection that ended: its record, or what stands for it.
type completed struct {
	id        uint64
	own       *record.Connection
	templated *templated
	left      bool // it is not chosen
}

// record returns the connection's record, which is valid until the next one's is asked for,
// and whether it is its own.
func (m *sequencer) record(e *completed) (c *record.Connection, own bool) {
	if e.own != nil {
		return e.own, true
	}
	return e.templated.show(), false
}

// numbers translates a shard's own numbers of its connections, which count from
// 1, for those not yet reported. One that stays open for weeks must not keep the
// entries of all that came and went meanwhile.
type numbers struct {
	next    uint64 // the shard's number for the next connection
	list    []number
	streams []uint64 // beside list, if any connection has one
	done    int      // entries that are done with
}

// number is a connection's number in its shard and in the report, each of 48 bits: enough
// for nine years of a million connections a second. Done with, the latter is 0.
type number [3]uint32

func newNumber(own, id uint64) number {
	return number{uint32(own), uint32(id), uint32(own>>32)<<16 | uint32(id>>32)&(1<<16-1)}
}

func (e *number) own() uint64 { return uint64(e[0]) | uint64(e[2]>>16)<<32 }
func (e *number) id() uint64  { return uint64(e[1]) | uint64(e[2]&(1<<16-1))<<32 }

func (n *numbers) add(id, stream uint64) {
	if stream != 0 && n.streams == nil {
		n.streams = make([]uint64, len(n.list), len(n.list)+1)
	}
	n.list = append(n.list, newNumber(n.next, id))
	if n.streams != nil {
		n.streams = append(n.streams, stream)
	}
	n.next++
}

func (n *numbers) take(own uint64) (id, stream uint64) {
	i := int(own - n.list[0].own()) // where it is unless entries before it were removed
	if i >= len(n.list) || n.list[i].own() != own {
		i = n.find(own)
	}
	id = n.list[i].id()
	if n.streams != nil {
		stream = n.streams[i]
	}
	n.list[i] = newNumber(own, 0)
	n.done++
	if n.done > 1024 && n.done > len(n.list)/4 {
		n.compact()
	}
	return id, stream
}

// compact removes the entries that are done with.
func (n *numbers) compact() {
	k := 0
	for i := range n.list {
		if n.list[i].id() == 0 {
			continue
		}
		n.list[k] = n.list[i]
		if n.streams != nil {
			n.streams[k] = n.streams[i]
		}
		k++
	}
	n.list, n.done = n.list[:k], 0
	if n.streams != nil {
		n.streams = n.streams[:k]
	}
}

func (n *numbers) find(own uint64) int {
	i, _ := slices.BinarySearchFunc(n.list, own, func(e number, own uint64) int { return cmp.Compare(e.own(), own) })
	return i
}

// of returns the number in the report of a connection that was not reported yet.
func (n *numbers) of(own uint64) uint64 { return n.list[n.find(own)].id() }

func newSequencer(shards int) *sequencer {
	m := &sequencer{numbers: make([]numbers, shards), next: make([]int, shards)}
	for i := range m.numbers {
		m.numbers[i].next = 1
	}
	return m
}

// number gives the connections that began in the batch their numbers, in the order
// of the packets that showed them.
func (m *sequencer) number(b *batch) {
	clear(m.next)
	m.streams.gather(b)
	defer m.streams.upTo(math.MaxUint64)
	if b.finish > 0 || len(b.packets) == 0 {
		m.numberSettled(b)
		return
	}
	first := b.packets[0].Ordinal
	span := b.packets[len(b.packets)-1].Ordinal - first + 1
	whose := slices.Grow(m.whose[:0], int(span))[:span] // by packet: its shard, from 1
	m.whose = whose
	clear(whose)
	for s := range b.shards {
		for _, birth := range b.shards[s].begun {
			if i := birth.Ordinal - first; i < span {
				whose[i] = uint8(s + 1)
			}
		}
	}
	for i, s := range whose {
		for s != 0 && m.begins(b, int(s-1), first+uint64(i)) {
		}
	}
	m.numberSettled(b)
}

// begins numbers the shard's next connection, if the packet showed it.
func (m *sequencer) begins(b *batch, s int, ordinal uint64) bool {
	begun := b.shards[s].begun[m.next[s]:]
	if len(begun) == 0 || begun[0].Ordinal != ordinal {
		return false
	}
	m.ids++
	m.numbers[s].add(m.ids, m.streams.of(&begun[0]))
	m.next[s]++
	return true
}

// numberSettled does the same for connections that no packet showed.
func (m *sequencer) numberSettled(b *batch) {
	for {
		first := -1
		for s := range b.shards {
			if m.next[s] < len(b.shards[s].begun) && (first < 0 || bornBefore(b.shards[s].begun[m.next[s]], b.shards[first].begun[m.next[first]])) {
				first = s
			}
		}
		if first < 0 {
			return
		}
		m.begins(b, first, b.shards[first].begun[m.next[first]].Ordinal)
	}
}

func bornBefore(a, b conntrack.Birth) bool {
	return a.Ordinal < b.Ordinal || a.Ordinal == b.Ordinal && a.After < b.After
}

// merge returns the connections that the batch completed, by ID. The slice is
// valid until the next call.
func (m *sequencer) merge(b *batch) []completed {
	m.number(b)
	m.ended, m.notices, m.survey = m.ended[:0], m.notices[:0], m.survey[:0]
	for s := range b.shards {
		for _, n := range b.shards[s].notices {
			n.Connection = m.numbers[s].of(n.Connection)
			m.notices = append(m.notices, n)
		}
		for _, c := range b.shards[s].surveyed {
			c.ID, c.Stream = m.numbers[s].of(c.ID), 0
			m.survey = append(m.survey, c)
		}
		for _, x := range b.shards[s].ended {
			var stream uint64
			c := x.record
			c.ID, stream = m.numbers[s].take(c.ID)
			if c.Stream != conclude.NoStream {
				c.Stream = stream
			} else {
				c.Stream = 0
			}
			m.ended = append(m.ended, completed{id: c.ID, own: c, left: x.left})
		}
		for i := range b.shards[s].templated {
			l := &b.shards[s].templated[i]
			l.ID, _ = m.numbers[s].take(l.ID)
			m.ended = append(m.ended, completed{id: l.ID, templated: l, left: l.left})
		}
	}
	slices.SortStableFunc(m.notices, func(a, b record.Notice) int { return cmp.Compare(a.Connection, b.Connection) })
	m.order()
	return m.ended
}

// order sorts what ended by ID. In a flood that is as much as began, and the IDs
// lie rather close together: then each is put in its place at once.
func (m *sequencer) order() {
	if len(m.ended) < 2 {
		return
	}
	low, high := m.ended[0].id, m.ended[0].id
	for i := range m.ended {
		low, high = min(low, m.ended[i].id), max(high, m.ended[i].id)
	}
	span := high - low + 1
	if span > 32*uint64(len(m.ended)) {
		slices.SortFunc(m.ended, func(a, b completed) int { return cmp.Compare(a.id, b.id) })
		return
	}
	m.places = slices.Grow(m.places[:0], int(span))[:span]
	clear(m.places)
	for i := range m.ended {
		m.places[m.ended[i].id-low] = uint32(i + 1)
	}
	m.sorted = slices.Grow(m.sorted[:0], len(m.ended))
	for _, i := range m.places {
		if i != 0 {
			m.sorted = append(m.sorted, m.ended[i-1])
		}
	}
	m.ended, m.sorted = m.sorted, m.ended
}
