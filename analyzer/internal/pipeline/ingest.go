package pipeline

import (
	"cmp"
	"math"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ingest is the part of an analysis that sees every packet in order: it decodes,
// counts, and gathers the segments in batches.
type ingest struct {
	decoder *decode.Decoder
	wanted  func(*decode.Packet) bool
	opens   func(*decode.Packet) // takes SYNs that are no answers, or nil

	packets, segments, unwanted uint64
	skipped                     [decode.NumReasons]uint64
	first, last, newest         fsm.Time // of the capture
	watched                     fsm.Time // until when the capture is known to have gone on: last, or later without packets
	newestFrame                 fsm.Frame
	holes                       []conntrack.Hole

	fed         uint64   // packets that were tracked, or had nothing to track
	now, ticked fsm.Time // the latest of their times, and that at the latest batch's end
	quality     record.Quality
	streams     streamDoubts
}

// How often connections are reported: it costs little, and a person who watches
// wants to see them soon.
const (
	batchPackets = 2048
	batchTime    = 100_000_000
)

// longestQuiet is how long nothing at all may have been captured for the capture to count as
// one that went on. Hosts that are switched on say something every day: leases and keys
// are renewed, names asked for, and keepalive probes of idle connections go out every
// two hours. A night stays below it. Behind a longer hole stand packets of another
// recording, put behind the first, or the clock was set.
const longestQuiet = 24 * 3600 * fsm.Second

// arrive counts a packet and its time as the capture has them.
func (f *ingest) arrive(frame fsm.Frame, t fsm.Time) {
	f.packets++
	if f.packets == 1 {
		f.first, f.last, f.newest = t, t, t
		f.watched, f.newestFrame = max(f.watched, t), frame
		return
	}
	if t-f.watched > longestQuiet || f.first-t > longestQuiet {
		f.noteHole(frame, t)
	}
	f.first, f.last, f.watched = min(f.first, t), max(f.last, t), max(f.watched, t)
	if t < f.newest {
		f.quality.ClockBackwards++
	}
	f.newest, f.newestFrame = t, frame
}

// maxHoles bounds the holes that are told to those who judge connections: a capture that has
// more is none.
const maxHoles = 100

// noteHole notes that nothing was captured for long before a packet, or that this one stands
// so long before all others.
func (f *ingest) noteHole(frame fsm.Frame, t fsm.Time) {
	h := conntrack.Hole{Before: frame, From: math.MinInt64, To: f.first}
	if t > f.watched {
		h.From, h.To = f.watched, t
		q := &f.quality
		q.Holes++
		if longest := &q.LongestHole; h.To-h.From > longest.To-longest.From {
			*longest = record.Hole{After: f.newestFrame, Before: frame, From: h.From, To: h.To}
		}
	}
	if len(f.holes) < maxHoles {
		f.holes = append(f.holes, h)
	}
}

// batchEnds takes the time of the next packet to be tracked into account and reports
// whether the packets before it make a batch.
func (f *ingest) batchEnds(t fsm.Time, immediate bool) bool {
	f.fed++
	if f.fed == 1 {
		f.now, f.ticked = t, t
		return false
	}
	f.now = max(f.now, t)
	if immediate || f.fed%batchPackets == 0 || f.now-f.ticked >= batchTime {
		f.ticked = f.now
		return true
	}
	return false
}

// decode decodes a packet into p and reports whether there is anything to analyse
// in it.
func (f *ingest) decode(raw *decode.Raw, p *decode.Packet) bool {
	f.streams.arrive(raw.Frame)
	if reason := f.decoder.Decode(raw, p); reason != decode.OK {
		f.skipped[reason]++
		f.streams.skipped(reason)
		p.Malformed = reason == decode.TCPMalformed && p.Addressed
		return p.Malformed || reason == decode.ICMPErrorMessage && p.Addressed && (f.wanted == nil || f.wanted(p))
	}
	if f.wanted != nil && !f.wanted(p) {
		f.unwanted++
		f.streams.doubt = true
		return false
	}
	if raw.Process != nil {
		p.Process, p.Way = raw.Process, cmp.Or(raw.Way, p.Way)
	}
	p.StreamDoubt = f.streams.of(p, f.decoder.EncapNames())
	f.segments++
	f.note(p)
	if f.opens != nil && p.Segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN {
		f.opens(p)
	}
	return true
}

// note counts what a segment says of the capture.
func (f *ingest) note(p *decode.Packet) {
	if p.FirstOnly {
		f.quality.FirstFragments++
	} else if p.Truncated {
		f.quality.SnapTruncated++
	}
	if p.Untimed {
		f.quality.Untimed++
	}
	if p.CutOptions != 0 {
		f.quality.CutOptions++
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

// largestOnWire is the largest IP packet that a network carries:
// jumbo frames of 9000 bytes and a little. Larger ones were captured before
// segmentation or after reassembly by the network card.
const largestOnWire = 9216

// capture describes what was read.
func (f *ingest) capture() record.Capture {
	c := record.Capture{Packets: f.packets, Segments: f.segments, First: f.first, Last: f.last, Quality: f.quality}
	fragments := f.decoder.Fragments()
	c.Quality.Fragmented, c.Quality.Overlapping = fragments.Pending+fragments.TimedOut+fragments.Evicted, fragments.Overlaps
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
