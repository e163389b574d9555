package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Waits is since when there are waits on a connection: the longest, and the shortest. Both
// are 0 while nobody is known to wait.
type Waits struct{ First, Last fsm.Time }

func (w *Waits) add(since fsm.Time) {
	if w.First == 0 || since < w.First {
		w.First = since
	}
	w.Last = max(w.Last, since)
}

// Waits returns since when somebody has been waiting on the connection, for anything: an
// answer to a SYN, an acknowledgment, room in a window, an answer to a request, the second
// FIN. It costs little, so that many connections can be looked at; whether anything is
// wrong is for the checks to say.
func (f *Flow) Waits() (w Waits) {
	if f.Over() {
		return w
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		if d.Unanswered.Frame != 0 {
			w.add(d.Unanswered.Time)
		}
		if d.zero {
			w.add(d.zeroSince)
		}
		if d.FINs > 0 {
			w.add(f.Last.Time)
		}
	}
	if f.hasData && f.lastDataFrom == fsm.Client {
		w.add(f.lastData)
	}
	return w
}

// LookAt makes s what f would be if it were reported now, and leaves f as it is. s shares
// with f whatever is only read: it is for the checks, and valid until f has its next
// segment.
func (s *Flow) LookAt(f *Flow, now fsm.Time) {
	conn, windows := s.Conn, [2]*WindowStats{s.Dir[0].windowsRoom(), s.Dir[1].windowsRoom()}
	*s = *f
	s.series, s.spending.series = nil, nil // which goes on
	s.Conn = conn
	s.Conn.CopyFrom(&f.Conn)
	for i := range s.Dir {
		s.Dir[i].windows, s.Dir[i].spareWindows = nil, windows[i] // not f's
		if from := f.Dir[i].windows; from != nil {
			var run []fsm.Frame
			if windows[i] != nil {
				run = windows[i].TinyRun.Frames[:0]
			}
			w := s.Dir[i].ensureWindowStats()
			*w = *from
			w.TinyRun.Frames = append(run, from.TinyRun.Frames...)
		}
	}
	if f.fragments != nil {
		x := *f.fragments
		s.fragments = &x
	}
	s.Finish(max(now, f.Last.Time))
}
