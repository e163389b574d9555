package analyzer

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// round is a run of packets, sorted by shard, on its way through the analysis.
// What a shard makes of its part depends on nothing outside it, so rounds give
// the same results however many workers share the shards.
type round struct {
	parts  []part
	now    fsm.Time // latest time of the capture when the round ended
	packet uint64   // packets of the capture by then
	names  decode.EncapNames
	finish uint64 // at the capture's end: the connections that began with this packet or before are reported
	done   sync.WaitGroup
}

// part is what one shard gets of a round, and what it gives back.
type part struct {
	packets []decode.Packet
	octets  []byte               // the beginnings of their payloads
	begun   []flow.Birth         // connections that began, in order
	ended   []*record.Connection // records that were completed
	plains  []plain              // connections that ended without a record of their own
	open    int                  // connections open afterwards
}

func newRound(shards int) *round { return &round{parts: make([]part, shards)} }

// clear makes the round ready for the next packets.
func (r *round) clear() {
	for i := range r.parts {
		p := &r.parts[i]
		p.packets, p.octets, p.begun = p.packets[:0], p.octets[:0], p.begun[:0]
		p.ended, p.plains = p.ended[:0], p.plains[:0]
	}
	r.finish = 0
}

// keptPayload is how much of a packet's payload goes along: the tracker compares
// the contents of overlapping segments.
const keptPayload = 128

// add copies a packet, with the beginning of its payload, into the part of its
// connection.
func (r *round) add(p *decode.Packet) {
	q := &r.parts[shardOf(p, len(r.parts))]
	if n := min(len(p.Payload), keptPayload); n > 0 {
		start := len(q.octets)
		q.octets = append(q.octets, p.Payload[:n]...)
		p.Payload = q.octets[start : start+n : start+n]
	} else {
		p.Payload = nil
	}
	q.packets = append(q.packets, *p)
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
