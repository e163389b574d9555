package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// noteWait takes the time into account that an answer took; heldUp says that a closed
// window made it wait, or a request that never came whole.
func (x *exchanges) noteWait(w Wait, heldUp bool) {
	if w.Time > x.longest.Time || x.longest.To == 0 {
		x.longest = w
	}
	switch {
	case heldUp:
		if x.excused == nil {
			x.excused = &record.Distribution{}
		}
		x.excused.Add(uint64(w.Time))
	case w.Time > x.slowest.Time:
		x.slowest = w
	}
}

// timesShut returns how often the client's window has closed and opened again.
func (f *Flow) timesShut() uint64 {
	d := &f.Dir[fsm.Client]
	if d.zero {
		return d.ZeroWindows - 1
	}
	return d.ZeroWindows
}

// heldUp reports whether a window has been closed since the client's request: its own, so
// that the server could not answer, or for long the server's, which then did not read.
func (f *Flow) heldUp() bool {
	server := &f.Dir[fsm.Server]
	return f.Dir[fsm.Client].ZeroWindows > f.turn.shut ||
		server.zero || server.WindowShut || server.ZeroWindowTime-f.turn.closed > patience
}

// SlowAnswers returns how many answers took longer than a time, how long these took
// together, and the slowest, without those that a closed window held up.
func (f *Flow) SlowAnswers(after fsm.Time) (n int, total fsm.Time, slowest Wait) {
	x := f.exchanges
	if x == nil || x.slowest.Time <= after {
		return 0, 0, Wait{}
	}
	count, sum := x.answer.Above(uint64(after))
	if x.excused != nil {
		excused, time := x.excused.Above(uint64(after))
		count, sum = count-min(count, excused), sum-min(sum, time)
	}
	return int(max(1, count)), max(fsm.Time(sum), x.slowest.Time), x.slowest
}

// Answers returns how many requests were answered, and the median of the times.
func (f *Flow) Answers() (n int, median fsm.Time) {
	if f.exchanges == nil {
		return 0, 0
	}
	return int(f.exchanges.answer.N), fsm.Time(f.exchanges.answer.Quantile(0.5))
}

// OpenRequest returns for how long the latest request has stayed without an answer, up to
// the time at which the connection was reported, or to the reset or the FIN that came
// instead of one; a FIN that the client sends soon is none. From is 0 if there is none.
func (f *Flow) OpenRequest() Wait {
	t := &f.turn
	if t.phase != asking || f.OneSided() || f.Untimed {
		return Wait{}
	}
	w := Wait{From: t.frame, Since: t.asked, Time: max(0, f.Until-t.asked)}
	end := func(at fsm.Time, frame fsm.Frame) {
		if wait := at - t.asked; wait < w.Time {
			w.Time, w.To = wait, frame
		}
	}
	for _, rst := range f.RST {
		if rst.Nth != 0 {
			end(rst.Time, rst.Frame)
		}
	}
	if fin := f.FIN(fsm.Server); fin != nil {
		end(fin.Time, fin.Frame)
	}
	if fin := f.FIN(fsm.Client); fin != nil && fin.Time-t.asked > patience {
		end(fin.Time, fin.Frame)
	}
	if w.Time < 0 { // it asked one that had closed
		return Wait{}
	}
	return w
}

// AwaitsAnswer reports whether the server has the latest request whole, as far as the
// capture shows, and the client waits for the answer, which no closed window holds up.
func (f *Flow) AwaitsAnswer() bool {
	t, server := &f.turn, &f.Conn.End[fsm.Server]
	return t.phase == asking && t.waits && server.HasAck && server.Acked.AtOrAfter(t.end) && !f.heldUp() && !f.requestIncomplete()
}
