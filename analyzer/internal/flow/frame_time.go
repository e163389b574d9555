package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// TimeOf returns the time of one of the connection's segments, or of an ICMP error about
// it, 0 if it is not known any more: of an ordinary segment nothing is kept.
func (f *Flow) TimeOf(frame fsm.Frame) fsm.Time {
	if frame == 0 || f.Untimed {
		return 0
	}
	for _, at := range [...]*fsm.Stamp{
		&f.First, &f.Last, &f.SYN, &f.SYNACK, &f.FinalACK, &f.FINAcked[0], &f.FINAcked[1], &f.RST[0], &f.RST[1],
		&f.Dir[0].Last, &f.Dir[1].Last, &f.ReusedAt, &f.Challenged,
	} {
		if at.Frame == frame {
			return at.Time
		}
	}
	for i := range f.Dir {
		d := &f.Dir[i]
		switch frame {
		case d.LastDataFrame:
			return d.LastData
		case d.Unanswered.Frame:
			return d.Unanswered.Time
		case d.Unanswered.LastFrame:
			return d.Unanswered.Last
		}
	}
	for i := range f.Conn.Transitions {
		if t := &f.Conn.Transitions[i]; t.Frame == frame {
			return t.Time
		}
	}
	notable := f.Notable()
	for i := range notable {
		if notable[i].Frame == frame {
			return notable[i].Time
		}
	}
	for i := range f.ICMP() {
		if e := &f.ICMP()[i]; e.At.Frame == frame {
			return e.At.Time
		}
	}
	return 0
}
