package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Waits returns since when somebody has been waiting on the connection, for anything:
// an answer to a SYN, an acknowledgment, room in a window, an answer to a request, the
// second FIN. It is 0 if nobody is known to. It costs little, so that many connections
// can be looked at; whether anything is wrong is for the checks to say.
func (f *Flow) Waits() (since fsm.Time) {
	earlier := func(t fsm.Time) {
		if since == 0 || t < since {
			since = t
		}
	}
	if f.Over() {
		return 0
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		if d.Unanswered.Frame != 0 {
			earlier(d.Unanswered.Time)
		}
		if d.zero {
			earlier(d.zeroSince)
		}
		if d.FINs > 0 {
			earlier(f.Last.Time)
		}
	}
	if f.hasData && f.lastDataFrom == fsm.Client {
		earlier(f.lastData)
	}
	return since
}

// LookAt makes s what f would be if it were reported now, and leaves f as it is. s shares
// with f whatever is only read: it is for the checks, and valid until f has its next
// segment.
func (s *Flow) LookAt(f *Flow, now fsm.Time) {
	conn, windows := s.Conn, [2]*WindowStats{s.Dir[0].windows, s.Dir[1].windows}
	*s = *f
	s.Conn = conn
	s.Conn.CopyFrom(&f.Conn)
	for i := range s.Dir {
		if from := f.Dir[i].windows; from != nil {
			w := windows[i]
			if w == nil {
				w = &WindowStats{}
			}
			run := append(w.TinyRun.Frames[:0], from.TinyRun.Frames...)
			*w = *from
			w.TinyRun.Frames = run
			s.Dir[i].windows = w
		}
	}
	if f.fragments != nil {
		x := *f.fragments
		s.fragments = &x
	}
	s.Finish(max(now, f.Last.Time))
}
