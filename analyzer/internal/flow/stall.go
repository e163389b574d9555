package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// StallAccount is what a side waited for: answers, room in the peer's window, timers.
type StallAccount struct {
	Unanswered Unanswered

	blocked      bool
	LastTTL      uint8   // of its latest segment that is no RST; 0 where a RST cannot be held against it
	WindowShut   bool    // the window was closed at the end
	blockedEdge  fsm.Seq // of the peer's window when there was no room
	blockedSince fsm.Time

	FirstData   fsm.Time // first segment with data; 0 for none
	Blocked     fsm.Time // total time in which the peer's window left no room for the next segment
	TimeoutWait fsm.Time // total silence before retransmissions by timeout
	BeforeRST   *BeforeRST
}

// Unanswered is what a side sent, expecting an answer, since anything was last
// captured of its peer.
type Unanswered struct {
	Frame     fsm.Frame // the first such segment; 0 for none
	LastFrame fsm.Frame // the latest
	Time      fsm.Time
	Last      fsm.Time
	Idle      fsm.Time // silence of both sides before the first
	FirstGap  fsm.Time // before the first and the latest repetition
	LastGap   fsm.Time
	Resent    uint32    // repetitions
	Repeats   fsm.Frame // the segment that the latest of them repeats; 0 if it was not captured
}

// BeforeRST is what a side and its peer had last sent before the side's first
// RST: segments of any kind, and data. Zero stands for never.
type BeforeRST struct {
	Own, Peer           fsm.Time
	OwnData, PeerData   fsm.Time
	OwnFrame, PeerFrame fsm.Frame
}

// noteUnanswered follows the exchange of segments that ask for an answer and what
// comes back. d is the sender's direction, before the segment is noted as its
// latest.
func (d *Direction) noteUnanswered(p *decode.Packet, r *Direction, at fsm.Stamp, asks, again bool, original fsm.Frame) {
	if p.Segment.Flags&fsm.RST != 0 {
		if d.BeforeRST == nil {
			d.BeforeRST = &BeforeRST{
				Own: d.Last.Time, Peer: r.Last.Time, OwnData: d.LastData, PeerData: r.LastData,
				OwnFrame: d.LastDataFrame, PeerFrame: r.LastDataFrame,
			}
		}
		if p.Undelivered { // it was captured elsewhere, over another number of hops
			d.LastTTL = 0
		}
		return
	}
	if !p.Undelivered {
		d.LastTTL = p.TTL
	}
	if r.Unanswered.Frame != 0 && !p.Undelivered {
		r.Unanswered = Unanswered{}
	}
	if !asks {
		return
	}
	u := &d.Unanswered
	if u.Frame == 0 {
		*u = Unanswered{Frame: at.Frame, Time: at.Time}
		if latest := max(d.Last.Time, r.Last.Time); latest != 0 {
			u.Idle = max(0, at.Time-latest)
		}
		if again {
			u.FirstGap = at.Time - d.Last.Time
		}
	} else if again && u.FirstGap == 0 {
		u.FirstGap = at.Time - u.Last
	}
	if again {
		u.Resent++
		u.Repeats = original
		// Timers only grow while nothing comes back: what follows much sooner belongs to the
		// repetition before it.
		if gap := at.Time - max(u.Last, d.Last.Time); gap >= u.LastGap/8 {
			u.LastGap = gap
		}
	}
	u.Last, u.LastFrame = at.Time, at.Frame
}

// noteRoom notes a segment with new data behind which the peer's window has no
// room for another of its size: from then on the sender must wait.
func (d *Direction) noteRoom(end fsm.Seq, size uint32, y *fsm.Endpoint, now fsm.Time) {
	if !d.blocked && y.RightEdge.Minus(end) < int32(size) {
		d.blocked, d.blockedSince, d.blockedEdge = true, now, y.RightEdge
	}
}

// noteOpened ends the wait for room once the window's right edge has moved. r is
// the direction that waited, x the endpoint whose window it is.
func (r *Direction) noteOpened(x *fsm.Endpoint, now fsm.Time) {
	if r.blocked && x.RightEdge.After(r.blockedEdge) {
		r.blocked = false
		r.Blocked += max(0, now-r.blockedSince)
	}
}

// noteTimeout ends the wait for room where the sender's timer, which ran since then, runs out
// over data that an open window has had room for all along: for these it waits for an ACK.
func (d *Direction) noteTimeout(since fsm.Time, o *observation) {
	if d.blocked && !o.r.zero && o.s.End().AtOrBefore(o.y.RightEdge) {
		d.blocked = false
		d.Blocked += max(0, since-d.blockedSince)
	}
}

// StallTally is how long one side let the other, or itself, wait.
type StallTally struct {
	Longest fsm.Time
	Total   fsm.Time
	From    fsm.Frame // the segments around the longest
	To      fsm.Frame
	Times   uint32
}

func (w *StallTally) add(span fsm.Time, from, to fsm.Frame) {
	w.Times++
	w.Total += span
	if span > w.Longest {
		w.Longest, w.From, w.To = span, from, to
	}
}

// DataStalls holds the waits for the data of each side: for an answer to the peer's
// data, and for more behind its own when all of that was acknowledged. Waits in
// which something was retransmitted or a window was closed are left out: the path,
// or the peer, was slow then.
type DataStalls struct {
	Answer [2]StallTally
	Pause  [2]StallTally
	resent uint64
	shut   uint64 // windows closed so far
}

// shortestStall is the shortest wait that is noted; round trips are mostly below it.
const shortestStall = 50_000_000

// noteDataStall takes new data into account that comes span after the latest.
func (f *Flow) noteDataStall(o *observation, span fsm.Time) {
	from, frame := o.from, f.Last.Frame
	w := f.Stalls
	if w == nil {
		if span < shortestStall {
			return
		}
		w = &DataStalls{}
		f.Stalls = w
	}
	resent := f.Dir[0].Retransmissions + f.Dir[1].Retransmissions
	shut := f.Dir[0].ZeroWindows + f.Dir[1].ZeroWindows
	if span >= shortestStall && resent == w.resent && shut == w.shut {
		switch {
		case from != f.lastDataFrom:
			w.Answer[from].add(span, f.lastDataFrame, frame)
		case o.y.HasAck && o.y.Acked == o.s.Seq && o.y.Window > 0 && span >= f.wholeRoundTrip()+shortestStall: // beside the receiver every ACK is followed by a round trip
			w.Pause[from].add(span, f.lastDataFrame, frame)
		}
	}
	w.resent, w.shut = resent, shut
}
