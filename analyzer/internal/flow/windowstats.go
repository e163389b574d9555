package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// WindowStats is how a direction's own window and its data in the peer's window went,
// where that is out of the ordinary. Few connections need it, so it is made on demand.
type WindowStats struct {
	// The direction's own window while it was closed.
	LongestZero  fsm.Time  // the longest time that it stayed closed …
	ZeroFrame    fsm.Frame // … and the frame that closed it then
	SmallOpening Tally     // openings from zero by less than a segment's worth

	// The direction's data against the peer's window.
	Unprobed   Unprobed // the longest closure during which it sent no probe
	Steady     Steady   // probes of a closed window that did not back off
	Unanswered Tally    // the longest run of probes that got no answer, of a peer that was heard again
	TooLarge   Tally    // segments larger than the peer's MSS
	Largest    uint32   // bytes of the largest of them
	TinyRun    Tally    // the longest run of small segments sent in one go
	TinyBytes  uint64   // bytes of data in that run

	Stalls    Tally // next data sent only when a delayed ACK came
	StallTime fsm.Time

	zeroFrame fsm.Frame // that closed the window now closed
	opened    fsm.Stamp // the latest end of a closed window
	probes    probePace
	silent    Tally    // probes since the peer was last heard that it owed an answer
	reopened  Unprobed // a closure that may count, until data follows it
	tiny      Tally
	tinyBytes uint64
	stalledAt fsm.Time // when the ACK came that may have been waited for
	stall     fsm.Time // how long its receiver held it back
	stallRoom int32    // what the window had room for before it
}

// Tally counts occurrences and keeps the frames of the first of them.
type Tally struct {
	N      int
	Frames []fsm.Frame // at most MaxMarks
}

func (t *Tally) note(f fsm.Frame) {
	t.N++
	t.Frames = appendFrame(t.Frames, f)
}

// Unprobed is a time during which a window was closed, data waited, and no probe
// was sent.
type Unprobed struct {
	Span         fsm.Time
	Closed, Open fsm.Frame
	opened       fsm.Time
}

// Steady is a run of window probes whose intervals did not grow.
type Steady struct {
	Probes      int
	First, Last fsm.Time // the first and the last interval between two of them
	Frames      []fsm.Frame
}

// probePace follows the probes of one closed window.
type probePace struct {
	closure fsm.Time
	run     Steady
	last    fsm.Time
}

// openedAt returns when the direction's window was opened last after it had been closed.
func (d *Direction) openedAt() fsm.Stamp { return d.WindowStats().opened }

// WindowStats returns what was noted of the direction. The caller must not write to it.
func (d *Direction) WindowStats() *WindowStats {
	if d.windows == nil {
		return &noWindowStats
	}
	return d.windows
}

// ShutSince returns the frame that closed the direction's window, and when, if it was
// closed when the connection was reported; a frame of 0 if it was not.
func (d *Direction) ShutSince() (frame fsm.Frame, since fsm.Time) {
	if !d.WindowShut || d.windows == nil {
		return 0, 0
	}
	return d.windows.zeroFrame, d.zeroSince
}

var noWindowStats WindowStats

// ensureWindowStats returns the same to write to.
func (d *Direction) ensureWindowStats() *WindowStats {
	if d.windows == nil {
		if d.windows, d.spareWindows = d.spareWindows, nil; d.windows == nil {
			d.windows = new(WindowStats)
		}
		*d.windows = WindowStats{}
	}
	return d.windows
}

// windowsRoom returns memory for the WindowStats of a later connection, or nil.
func (d *Direction) windowsRoom() *WindowStats {
	if d.windows != nil {
		return d.windows
	}
	return d.spareWindows
}

// notePace looks at the rhythm of a data segment: how large it is, what it follows,
// how the network marked it. It comes before the segment is counted.
func (f *Flow) notePace(o *observation) {
	s, d, tos, frame := o.s, o.d, o.p.TOS, o.p.Frame
	d.DataSegments++
	if tos&3 != 0 {
		d.Marked++
		if tos&3 == CongestionExperienced {
			d.Congested++
		}
	}
	mss := uint32(o.r.Options.MSS)
	if mss == 0 {
		mss = usualMSS
	} else if s.Len > mss {
		w := d.ensureWindowStats()
		w.TooLarge.note(frame)
		w.Largest = max(w.Largest, s.Len)
	}
	if w := d.windows; w != nil {
		f.afterWait(w, o)
	}
	if 2*s.Len < mss {
		f.smallSegment(o)
	} else if d.windows != nil {
		d.windows.endTiny()
	}
}

const (
	// CongestionExperienced is the ECN codepoint of a packet that a router marked
	// (RFC 3168 §5).
	CongestionExperienced = 3
	usualMSS              = 1460 // where the peer's SYN was not captured
)

// afterWait looks whether new data was waiting for something that just came: the
// opening of a window, or a delayed ACK.
func (f *Flow) afterWait(w *WindowStats, o *observation) {
	const soon = 5_000_000
	d, now := o.d, f.Last.Time
	if w.reopened.opened != 0 {
		if now-w.reopened.opened <= max(2*d.sender.rtt.Smoothed(), 10*soon) && w.reopened.Span > w.Unprobed.Span {
			w.Unprobed = w.reopened
		}
		w.reopened = Unprobed{}
	}
	if w.stalledAt != 0 {
		// The ACK has to reach the sender, and what that sends then the tap.
		way := f.shortestTrip(o.from.Peer())
		if wait := now - w.stalledAt; wait >= way/2 && wait <= way+soon && o.s.Len < f.packetSize() && int32(o.s.Len) <= w.stallRoom {
			w.Stalls.note(f.Last.Frame)
			w.StallTime += w.stall
		}
		w.stalledAt = 0
	}
}

// smallSegment follows runs of segments of less than half the size that the peer
// takes, sent in one go: each within 10 ms of the one before, and without data
// from the peer in between, which would be a dialogue.
func (f *Flow) smallSegment(o *observation) {
	d := o.d
	if d.LastData == 0 || f.Last.Time-d.LastData > tinyPause || o.r.LastData > d.LastData {
		if d.windows != nil {
			d.windows.endTiny()
		}
		return
	}
	w := d.ensureWindowStats()
	if w.tiny.N == 0 {
		w.tiny.note(d.LastDataFrame)
		if d.Last.Frame == d.LastDataFrame {
			w.tinyBytes = uint64(d.lastLen)
		}
	}
	w.tiny.note(o.p.Frame)
	w.tinyBytes += uint64(o.s.Len)
}

const tinyPause = 10_000_000

func (w *WindowStats) endTiny() {
	if w.tiny.N > w.TinyRun.N {
		w.TinyRun.N, w.TinyBytes = w.tiny.N, w.tinyBytes
		w.TinyRun.Frames = append(w.TinyRun.Frames[:0], w.tiny.Frames...)
	}
	w.tiny = Tally{Frames: w.tiny.Frames[:0]}
	w.tinyBytes = 0
}

// windowOpens notes the end of a time during which the sender's window was
// closed.
func (f *Flow) windowOpens(o *observation, scaled uint32) {
	d, r := o.d, o.r
	now := f.Last.Time
	w := d.ensureWindowStats()
	w.opened = f.Last
	span := now - d.zeroSince
	if span > w.LongestZero {
		w.LongestZero, w.ZeroFrame = span, w.zeroFrame
	}
	mss := uint32(d.Options.MSS)
	if mss == 0 {
		mss = usualMSS
	}
	if scaled < min(mss, max(d.MaxWindow/2, 1)) {
		w.SmallOpening.note(f.Last.Frame)
	}
	if span > unprobedAfter && r.Last.Time <= d.zeroSince && r.Last.Nth != 0 {
		r.ensureWindowStats().reopened = Unprobed{Span: span, Closed: w.zeroFrame, Open: f.Last.Frame, opened: now}
	}
}

// unprobedAfter is how long a window may stay closed without a probe: several
// retransmission timeouts.
const unprobedAfter = 5 * fsm.Second

// windowProbe follows the pace of probes: each interval should be longer than the one before.
func (w *WindowStats) windowProbe(closure fsm.Time, at fsm.Stamp) {
	p := &w.probes
	if p.closure != closure {
		*p = probePace{closure: closure}
	}
	if p.run.Probes > 0 {
		interval := at.Time - p.last
		if p.run.Probes == 1 {
			p.run.First = interval
		}
		p.run.Last = interval
	}
	p.last = at.Time
	p.run.Probes++
	p.run.Frames = appendFrame(p.run.Frames, at.Frame)
	const grown, longest = 3, 30 * fsm.Second // half as long again; at the ceiling they stay
	if p.run.Probes >= steadyProbes && 2*p.run.Last < grown*p.run.First && p.run.Last < longest {
		if p.run.Probes > w.Steady.Probes {
			w.Steady = p.run
		}
	}
}

// probed notes a probe of a peer that was last heard at a time. One that comes soon after
// need not be answered: hosts limit the rate of such ACKs (Linux: tcp_invalid_ratelimit).
func (w *WindowStats) probed(at fsm.Stamp, heard fsm.Time) {
	if at.Time-heard >= answerRest {
		w.silent.note(at.Frame)
	}
}

// answerRest is how long a host may leave probes unanswered after an answer.
const answerRest = fsm.Second / 2

// heard ends a run of unanswered probes; what is heard may answer the latest.
func (w *WindowStats) heard() {
	if n := w.silent.N - 1; n > w.Unanswered.N {
		w.Unanswered.N = n
		w.Unanswered.Frames = append(w.Unanswered.Frames[:0], w.silent.Frames[:min(n, len(w.silent.Frames))]...)
	}
	w.silent = Tally{Frames: w.silent.Frames[:0]}
}

// steadyProbes is how many probes must come at one interval to count.
const steadyProbes = 4
