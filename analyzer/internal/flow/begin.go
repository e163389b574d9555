package flow

import (
	"cmp"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Begin makes f the record of a connection that has had no segment yet; p will be its
// first. What an earlier connection left in f is forgotten, its memory used again.
func (f *Flow) Begin(p *decode.Packet, msl fsm.Time) {
	f.reset()
	f.Conn.Reset(msl)
	f.Encap, f.Incarnation = p.Encap, 1
	senderIsClient, o := orient(p)
	f.Orientation, f.Self = o, decode.Same(&p.Src, &p.Dst)
	if senderIsClient {
		f.Ends = [2]decode.Endpoint{p.Src, p.Dst}
	} else {
		f.Ends = [2]decode.Endpoint{p.Dst, p.Src}
	}
	f.First = fsm.Stamp{Time: p.Time, Frame: p.Frame, Nth: 1}
	f.Latest = f.First
	f.Lowest, f.Highest = p.Frame, p.Frame
	f.FirstFlags, f.FirstFrom, f.FirstSeq, f.FirstAck = p.Segment.Flags, f.SideOf(p), p.Segment.Seq, p.Segment.Ack
	f.Dir[f.SideOf(p)].lastReal = p.Time
}

// reset empties f but for the memory that its lists and tables have taken.
func (f *Flow) reset() {
	timeline, transitions := f.Timeline[:0], f.Conn.Transitions[:0]
	if cap(transitions) == 0 {
		transitions = make([]fsm.Transition, 0, 12)
	}
	queues := [2]sendQueue{f.Dir[0].sender.queue, f.Dir[1].sender.queue}
	contents := [2]*contents{f.Dir[0].contents, f.Dir[1].contents}
	windows := [2]*WindowStats{f.Dir[0].windowsRoom(), f.Dir[1].windowsRoom()}
	histograms := [2]*histogram{f.Dir[0].sender.rtt.room(), f.Dir[1].sender.rtt.room()}
	spare := cmp.Or(f.events, f.spare)
	exchanges := cmp.Or(f.exchanges, f.spareExchanges)
	series := cmp.Or(f.series, f.spareSeries)
	*f = Flow{}
	f.Timeline, f.Conn.Transitions, f.spare, f.spareSeries = timeline, transitions, spare, series
	if exchanges != nil {
		exchanges.reset()
		f.spareExchanges = exchanges
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		d.sender.queue = queues[i]
		d.sender.queue.clear()
		d.sender.rtt.spare, d.spareWindows = histograms[i], windows[i]
		if d.contents = contents[i]; d.contents != nil {
			d.contents.forget()
		}
	}
}

// Finish brings the connection's records to the end of the capture, or to the time at
// which it is reported.
func (f *Flow) Finish(now fsm.Time) {
	f.Until = now
	f.endFragments()
	f.endByICMP()
	if f.Conn.Expire(now) != 0 {
		f.Meanings |= fsm.StateChanged
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		if d.windows != nil {
			d.windows.endTiny()
		}
		if d.zero {
			d.zero, d.WindowShut = false, true
			d.ZeroWindowTime += max(0, f.Last.Time-d.zeroSince)
			if w := d.ensureWindowStats(); f.Last.Time-d.zeroSince > w.LongestZero {
				w.LongestZero, w.ZeroFrame = f.Last.Time-d.zeroSince, w.zeroFrame
			}
		}
		if d.blocked {
			d.blocked = false
			d.Blocked += max(0, f.Last.Time-d.blockedSince)
		}
	}
}
