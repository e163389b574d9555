package pipeline

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/dedup"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// batch is a run of packets on its way through the analysis: it is filled with
// decoded packets, sorted by shard, worked on and merged. What a shard makes of its
// packets depends on nothing outside it, so batches give the same results however many
// workers share the shards.
type batch struct {
	packets []decode.Packet
	bytes   []byte // the beginnings of their payloads
	shards  []batchShard
	now     fsm.Time // latest time of the capture when the batch ended
	packet  uint64   // the latest packet by then, counted as Packet.Ordinal is
	names   decode.EncapNames
	icmp    bool             // the capture had held ICMP by then
	holes   []conntrack.Hole // of the capture so far, or of more of it
	finish  uint64           // at the capture's end: the connections that began with this packet or before are reported
	look    lookKind
	survey  int // how many open connections are surveyed after it
	done    sync.WaitGroup
}

// batchShard is what one shard gets of a batch, and what it gives back.
type batchShard struct {
	packets   []uint16          // their indexes, in order
	begun     []conntrack.Birth // connections that began, in order
	streams   []conntrack.StreamEvent
	ended     []ended              // with records of their own
	templated []templated          // connections that ended without a record of their own
	answers   []fsm.Time           // of these
	open      int                  // connections open afterwards
	notices   []record.Notice      // about these
	untold    uint64               // findings about them that were not told
	surveyed  []*record.Connection // open connections as they are now
}

// ended is a connection that ended.
type ended struct {
	record *record.Connection
	left   bool // it is not chosen
}

func newBatch(shards int) *batch {
	return &batch{packets: make([]decode.Packet, 0, batchPackets), shards: make([]batchShard, shards)}
}

// clear makes the batch ready for the next packets.
func (b *batch) clear() {
	b.packets, b.bytes = b.packets[:0], b.bytes[:0]
	for i := range b.shards {
		p := &b.shards[i]
		p.packets, p.begun, p.streams, p.ended, p.templated, p.answers = p.packets[:0], p.begun[:0], p.streams[:0], p.ended[:0], p.templated[:0], p.answers[:0]
		clear(p.notices)
		p.notices, p.untold, p.surveyed = p.notices[:0], 0, p.surveyed[:0]
	}
	b.finish = 0
}

// next returns room for a packet, which add then takes in. There is room for
// batchPackets.
func (b *batch) next() *decode.Packet { return &b.packets[:len(b.packets)+1][len(b.packets)] }

// keptPayload is how much of a packet's payload goes along: the tracker compares
// the contents of overlapping segments.
const keptPayload = 128

// add takes in the packet that next gave room for, with the beginning of its
// payload.
func (b *batch) add() {
	p := b.next()
	if n := min(len(p.Payload), keptPayload); n > 0 {
		start := len(b.bytes)
		b.bytes = append(b.bytes, p.Payload[:n]...)
		p.Payload = b.bytes[start : start+n : start+n]
	} else {
		p.Payload = nil
	}
	b.packets = b.packets[:len(b.packets)+1]
}

// sort finds copies and gives each packet to its connection's shard.
func (b *batch) sort(finder *dedup.Finder) {
	for i := range b.packets {
		p := &b.packets[i]
		if p.IsSegment() {
			p.Copy = finder.Classify(p)
		}
		q := &b.shards[shardOf(p, len(b.shards))]
		q.packets = append(q.packets, uint16(i))
	}
}

// shardOf spreads connections evenly; both directions give the same shard.
func shardOf(p *decode.Packet, shards int) int {
	if shards == 1 {
		return 0
	}
	h := endHash(&p.Src) + endHash(&p.Dst)
	h *= 0x9e3779b97f4a7c15
	hi, _ := bits.Mul64(h, uint64(shards))
	return int(hi)
}

func endHash(e *decode.Endpoint) uint64 {
	h := binary.LittleEndian.Uint64(e.IP[:]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(e.IP[8:]), 21) ^ uint64(e.Port)<<24
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>31
}
