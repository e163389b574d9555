package tracegen

import (
	"encoding/binary"
	"io"
)

// Monsters are single connections of a handshake and some n packets that make
// work for whoever keeps track of sequence numbers. Two kinds reuse their ports
// and so have more than one connection.
var Monsters = []Kind{
	monster("reverse", "segments in reverse order", func(m *monstrous, n int) {
		for i := range n {
			m.data(n-1-i, 1)
		}
	}),
	monster("reverse-sacked", "segments in reverse order, each with a SACK", func(m *monstrous, n int) {
		for i := n/2 - 1; i > 0; i-- { // the first one never comes
			m.data(i, 1)
			m.acknowledge(0, span{i, n / 2})
		}
	}),
	monster("random", "segments in random order", func(m *monstrous, n int) {
		for _, i := range m.rng.Perm(n) {
			m.data(i, 1)
		}
	}),
	monster("overlap", "segments of random lengths at random places, overlapping", func(m *monstrous, n int) {
		for range n {
			m.segment(uint32(m.rng.IntN(n*unit/2)), 1+m.rng.IntN(maxSegment))
		}
	}),
	monster("overlap-half", "each segment overlaps half of the one before", func(m *monstrous, n int) {
		for i := range n {
			m.segment(uint32(i*unit/2), unit)
		}
	}),
	monster("retransmit-sacked", "the first segment missing, all others sent twice, an ACK with SACK for each", func(m *monstrous, n int) {
		for i := 1; i < n/4; i++ {
			m.data(i, 1)
			m.acknowledge(0, span{1, i + 1})
		}
		for i := 1; i < n/4; i++ {
			m.data(i, 1)
			m.acknowledge(0, span{i, i + 1}, span{1, n / 4}) // the first block is a D-SACK
		}
	}),
	monster("same", "the same segment again and again", func(m *monstrous, n int) {
		for range n {
			m.data(0, 1)
		}
	}),
	monster("holes-filled", "every second segment, then those between", func(m *monstrous, n int) {
		for i := range n {
			m.data(i*2%n+i*2/n, 1)
		}
	}),
	monster("holes", "every second segment, the others never", func(m *monstrous, n int) {
		for i := range n {
			m.data(2*i+1, 1)
		}
	}),
	monster("sack-storm", "one ACK with three random SACK blocks for each segment, the first missing", func(m *monstrous, n int) {
		for i := 1; i < n/2; i++ {
			m.data(i, 1)
			m.acknowledge(0, m.within(i), m.within(i), m.within(i))
		}
	}),
	monster("dup-acks", "the same ACK again and again", func(m *monstrous, n int) {
		m.data(1, 1)
		for range n {
			m.acknowledge(0, span{1, 2})
		}
	}),
	monster("keepalives", "a keepalive and its answer again and again", func(m *monstrous, n int) {
		m.data(0, 1)
		m.acknowledge(1)
		for range n / 2 {
			m.segment(unit-1, 0)
			m.acknowledge(1)
		}
	}),
	monster("zero-window", "a window that stays closed, and probes of one byte", func(m *monstrous, n int) {
		m.data(0, 1)
		m.window = 0
		m.acknowledge(1)
		for range n / 2 {
			m.segment(unit, 1)
			m.acknowledge(1)
		}
	}),
	monster("reused", "ports reused again and again: SYN, SYN-ACK, RST", func(m *monstrous, n int) {
		for range n / 3 {
			m.step(clientSide, rst, m.start[0]+1, 0, nil, 0)
			m.start[0] += 0x12345
			m.start[1] += 0x54321
			m.open()
		}
	}),
	disputed(monster("syns", "SYNs of one 4-tuple, each with another sequence number, never answered", func(m *monstrous, n int) {
		m.step(clientSide, rst, m.start[0]+1, 0, nil, 0)
		for i := range n {
			m.step(clientSide, syn, uint32(i)*0x12345, 0, m.synOptions(0, monsterScale), 0)
		}
	})),
}

// unit is the length of most of a monster's segments: a million of them fit into
// the window, which is as large as can be.
const (
	unit         = 100
	monsterScale = 14
)

const (
	clientSide = 0
	serverSide = 1
)

// span is a run of segments, from the first to before the last.
type span struct{ first, end int }

// monstrous writes one connection. Its server sends the data.
type monstrous struct {
	*generator
	start  [2]uint32 // initial sequence numbers of client and server
	window uint16
	id     [2]uint16
}

func monster(name, title string, write func(*monstrous, int)) Kind {
	return Kind{Name: "one-" + name, Title: title, Write: func(w io.Writer, n int, seed uint64) (Counts, error) {
		m := &monstrous{generator: newGenerator(w, seed), window: 65535}
		m.start = [2]uint32{m.rng.Uint32(), m.rng.Uint32()}
		m.open()
		m.step(clientSide, ack, m.start[0]+1, m.start[1]+1, m.timestamps(0), 0)
		write(m, max(n, 4))
		return m.counts, m.err
	}}
}

// open writes a SYN and its answer.
func (m *monstrous) open() {
	m.counts.Connections++
	m.step(clientSide, syn, m.start[0], 0, m.synOptions(0, monsterScale), 0)
	m.step(serverSide, syn|ack, m.start[1], m.start[0]+1, m.synOptions(m.clock(), monsterScale), 0)
}

// data writes a run of so many whole units.
func (m *monstrous) data(place, count int) { m.segment(uint32(place*unit), count*unit) }

// segment writes data of the server's at an offset into its stream.
func (m *monstrous) segment(offset uint32, length int) {
	m.step(serverSide, ack, m.start[1]+1+offset, m.start[0]+1, m.timestamps(m.clock()), length)
}

// within is a random run of segments below i.
func (m *monstrous) within(i int) span {
	first := 1 + m.rng.IntN(i)
	return span{first, first + 1 + m.rng.IntN(i-first+1)}
}

// acknowledge writes an ACK of the client's for the first so many units, with
// SACK blocks.
func (m *monstrous) acknowledge(units int, blocks ...span) {
	options := m.timestamps(m.clock())
	if len(blocks) > 0 {
		options = append(options, 1, 1, 5, byte(2+8*len(blocks)))
		for _, b := range blocks {
			options = binary.BigEndian.AppendUint32(options, m.start[1]+1+uint32(b.first*unit))
			options = binary.BigEndian.AppendUint32(options, m.start[1]+1+uint32(b.end*unit))
		}
	}
	m.step(clientSide, ack, m.start[0]+1, m.start[1]+1+uint32(units*unit), options, 0)
}

// step writes one segment a few microseconds after the one before.
func (m *monstrous) step(side int, flags byte, seq, acked uint32, options []byte, length int) {
	m.now += int64(1000 + m.rng.IntN(4000))
	m.counts.Packets++
	m.counts.Bytes += uint64(length)
	m.id[side]++
	p := packet{
		source: 0x0a000002, target: target, sourcePort: 40000, targetPort: 80, seq: seq, ack: acked, flags: flags,
		window: m.window, options: options, payload: length, id: m.id[side],
	}
	if side == serverSide {
		p = turned(p)
		p.window = 65535
	}
	m.put(&shape{}, &p)
}
