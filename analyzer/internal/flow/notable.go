package flow

import (
	"math/bits"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// NotableSegment is one segment that is out of the ordinary, kept so that the checks can judge with
// hindsight when the connection has ended.
type NotableSegment struct {
	Frame   fsm.Frame
	Time    fsm.Time
	Nth     uint32 // the connection's ordinal of the segment
	From    fsm.Side
	TTL     uint8
	IPID    uint16
	Meaning fsm.Meaning
	Facts   SegmentFacts
	Segment fsm.Segment
	States  [2]fsm.State // of client and server before the segment
	// What the receiver expected next from the sender: RCV.NXT as far as the
	// capture shows, and the right edge of its window.
	Next      fsm.Seq
	RightEdge fsm.Seq
	SndNxt    fsm.Seq   // highest number that the receiver itself had sent
	Captured  fsm.Frame // for ContentDiffers: the frame that carried the other bytes …
	OwnEdge   fsm.Seq   // right edge of the sender's own window before the segment
	TSRecent  uint32    // the timestamp that the receiver keeps
	Kind      Kind      // of a retransmission
	Original  fsm.Frame // that it repeats; 0 if it was not captured
	Prior     fsm.Frame // the receiver's latest segment, which this one may answer
	PriorLen  uint32    // bytes of data on it

	CapturedTTL uint8 // … and its TTL
}

// MaxNotable is how many segments of one kind and side are kept; more are counted.
const MaxNotable = 16

// eventLog holds a connection's notable segments. Most connections have none, so
// it is made when the first one comes.
type eventLog struct {
	segments []NotableSegment
	meanings [2][64]uint32 // occurrences by side and bit of fsm.Meaning
	facts    [2][numFacts]uint32
}

// noteObservation keeps a segment of which something was found for the checks.
func (f *Flow) noteObservation(o *observation) {
	b := &o.before
	f.noteSegment(NotableSegment{
		Frame: o.p.Frame, Time: o.p.Time, Nth: o.at.Nth, From: o.from, TTL: o.p.TTL, IPID: o.p.IPID,
		Meaning: o.meaning, Facts: o.facts, Segment: *o.s, States: b.states, Next: b.next, RightEdge: b.rightEdge, SndNxt: b.sndNxt,
		OwnEdge: b.ownEdge, TSRecent: b.tsRecent, Captured: o.captured, CapturedTTL: o.capturedTTL, Prior: o.r.Last.Frame, PriorLen: o.r.lastLen,
		Kind: o.kind, Original: o.original,
	})
}

//go:noinline
func (f *Flow) noteSegment(m NotableSegment) {
	if f.events == nil {
		f.events, f.spare = f.spare, nil
		if f.events == nil {
			f.events = &eventLog{}
		} else {
			*f.events = eventLog{segments: f.events.segments[:0]}
		}
	}
	f.events.add(m)
}

func (l *eventLog) add(m NotableSegment) {
	keep := count(l.meanings[m.From][:], uint64(m.Meaning))
	for i, word := range m.Facts {
		if count(l.facts[m.From][64*i:], word) {
			keep = true
		}
	}
	if keep {
		l.segments = append(l.segments, m)
	}
}

// count counts each bit of set and reports whether any of them has occurred at
// most MaxNotable times.
func count(counts []uint32, set uint64) (early bool) {
	for ; set != 0; set &= set - 1 {
		n := &counts[bits.TrailingZeros64(set)]
		*n++
		early = early || *n <= MaxNotable
	}
	return early
}

// CountMeaning returns how many segments of side meant m: of several meanings, the sum.
func (f *Flow) CountMeaning(side fsm.Side, m fsm.Meaning) (n int) {
	if f.events == nil {
		return 0
	}
	for set := uint64(m); set != 0; set &= set - 1 {
		n += int(f.events.meanings[side][bits.TrailingZeros64(set)])
	}
	return n
}

// CountFact returns how many segments of side showed the single fact g.
func (f *Flow) CountFact(side fsm.Side, g Fact) int {
	if f.events == nil {
		return 0
	}
	return int(f.events.facts[side][g])
}

// Notable returns the notable segments in order. The slice belongs to f.
func (f *Flow) Notable() []NotableSegment {
	if f.events == nil {
		return nil
	}
	return f.events.segments
}

// EachNotable calls yield for each kept segment of side that meant any of m or
// showed any of g.
func (f *Flow) EachNotable(side fsm.Side, m fsm.Meaning, g SegmentFacts, yield func(*NotableSegment)) {
	if f.events == nil {
		return
	}
	for i := range f.events.segments {
		k := &f.events.segments[i]
		if k.From == side && (k.Meaning.Any(m) || k.Facts.Any(g)) {
			yield(k)
		}
	}
}

// Forged returns the frame of data in side's name that another host probably sent: side's own
// data for the same numbers came later, with other bytes, and with the TTL of its
// first segment, from which that of the others differs by 2 or more. It is 0 if there is none.
func (f *Flow) Forged(side fsm.Side) (frame fsm.Frame) {
	if !f.AllFacts.Has(ContentDiffers) {
		return 0
	}
	own := f.Dir[side].TTL
	f.EachNotable(side, 0, Facts(ContentDiffers), func(k *NotableSegment) {
		if frame == 0 && k.TTL == own && OtherWay(own, k.CapturedTTL) {
			frame = k.Captured
		}
	})
	return frame
}
