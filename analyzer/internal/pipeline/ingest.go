package pipeline

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// front is the part of an analysis that sees every packet in order: it decodes,
// counts, and gathers the segments in rounds.
type ingest struct {
	decoder *decode.Decoder
	wanted  func(*decode.Packet) bool

	packets, segments, unwanted uint64
	skipped                     [decode.NumReasons]uint64
	first, last, newest, ticked fsm.Time
	quality                     record.Quality
}

// How often connections are reported: it costs little, and a person who watches
// wants to see them soon.
const (
	batchPackets = 2048
	batchTime    = 100_000_000
)

// roundEnds takes the next packet's time into account and reports whether the
// packets before it make a round.
func (f *ingest) batchEnds(t fsm.Time, immediate bool) bool {
	f.packets++
	if f.packets == 1 {
		f.first, f.last, f.newest, f.ticked = t, t, t, t
		return false
	}
	f.first, f.last = min(f.first, t), max(f.last, t)
	if t < f.newest {
		f.quality.ClockBackwards++
	}
	f.newest = t
	if immediate || f.packets%batchPackets == 0 || f.last-f.ticked >= batchTime {
		f.ticked = f.last
		return true
	}
	return false
}

// decode decodes a packet into the round, if there is anything to analyse in it.
func (f *ingest) decode(raw *decode.Raw, r *batch) {
	p := r.next()
	if reason := f.decoder.Decode(raw, p); reason != decode.OK {
		f.skipped[reason]++
		if reason == decode.TCPMalformed && p.Addressed {
			p.Malformed, p.Ordinal = true, f.packets
			r.add()
		}
		return
	}
	if f.wanted != nil && !f.wanted(p) {
		f.unwanted++
		return
	}
	f.segments++
	f.note(p)
	p.Ordinal = f.packets
	r.add()
}

// note counts what a segment says of the capture.
func (f *ingest) note(p *decode.Packet) {
	if p.Truncated {
		f.quality.SnapTruncated++
	}
	if p.ZeroLength || p.IPLen > largestOnWire {
		f.quality.OffloadGiants++
	}
	switch p.Checksum {
	case decode.ChecksumOffload:
		f.quality.OffloadChecksum++
	case decode.ChecksumBad:
		f.quality.BadChecksum++
	}
}

// largestOnWire is the largest IP packet that a network carries in earnest:
// jumbo frames of 9000 octets and a little. Larger ones were captured before
// segmentation or after reassembly by the network card.
const largestOnWire = 9216

// capture describes what was read.
func (f *ingest) capture() record.Capture {
	c := record.Capture{Packets: f.packets, Segments: f.segments, First: f.first, Last: f.last, Quality: f.quality}
	for reason, n := range f.skipped {
		if n > 0 {
			c.Skipped = append(c.Skipped, record.Count{Name: decode.Reason(reason).String(), N: n})
		}
	}
	if f.unwanted > 0 {
		c.Skipped = append(c.Skipped, record.Count{Name: "filtered-out", N: f.unwanted})
	}
	slices.SortStableFunc(c.Skipped, func(x, y record.Count) int { return cmp.Compare(y.N, x.N) })
	return c
}
