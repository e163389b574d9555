// Package taps compares two captures of the same traffic, one taken near each
// end: which segments that one tap saw leave the other saw arrive, and what
// happened to them on the way. It keeps all segments of both in memory, some
// 330 octets each while they are matched.
package vantage

import (
	"bytes"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/dedup"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Tap gathers one capture's segments.
type Tap struct {
	decoder     *decode.Decoder
	copies      dedup.Finder
	wanted      func(*decode.Packet) bool
	packet      decode.Packet
	talks       map[key]*[2][]segment // by direction, see key
	taken       bitset                // numbers of the packets gathered
	first, last fsm.Time
	any         bool
}

// NewTap returns a Tap for the segments that are wanted; nil means all.
func NewTap(wanted func(*decode.Packet) bool) *Tap {
	return &Tap{
		decoder: decode.New(decode.Options{VerifyChecksums: true}), wanted: wanted,
		talks: make(map[key]*[2][]segment),
	}
}

// Packet gathers a packet, if it is a segment. raw and its data are not kept.
func (t *Tap) Packet(raw *decode.Raw) {
	if !t.any {
		t.any, t.first, t.last = true, raw.Time, raw.Time
	}
	t.first, t.last = min(t.first, raw.Time), max(t.last, raw.Time)
	p := &t.packet
	if t.decoder.Decode(raw, p) != decode.OK || t.wanted != nil && !t.wanted(p) {
		return
	}
	t.taken.add(p.Frame.Number())
	if c := t.copies.Classify(p); c == decode.CapturedTwice || c == decode.PerhapsTwice && p.Segment.Space() > 0 {
		return // one packet, seen twice by this tap
	}
	k, direction := keyOf(p)
	talk := t.talks[k]
	if talk == nil {
		talk = new([2][]segment)
		t.talks[k] = talk
	}
	talk[direction] = append(talk[direction], segmentOf(p))
}

// key is two endpoints, the lesser first: direction 0 is from it. Taps may see
// the same connection in different encapsulations.
type key struct{ a, b decode.Endpoint }

func keyOf(p *decode.Packet) (key, int) {
	if c := bytes.Compare(p.Src.IP[:], p.Dst.IP[:]); c < 0 || c == 0 && p.Src.Port < p.Dst.Port {
		return key{p.Src, p.Dst}, 0
	}
	return key{p.Dst, p.Src}, 1
}

// bitset holds packet numbers.
type bitset []uint64

func (b *bitset) add(n uint64) {
	for uint64(len(*b)) <= n/64 {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bitset) has(n uint64) bool { return n/64 < uint64(len(b)) && b[n/64]&(1<<(n%64)) != 0 }
