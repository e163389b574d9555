package flow

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// data counts payload and the use made of the connection.
func (f *Flow) data(s *fsm.Segment, d *Direction, from fsm.Side, t fsm.Time) {
	d.LastData, d.LastDataFrame = t, f.Last.Frame
	d.Octets += uint64(s.Len)
	d.Unique += uint64(min(f.Conn.Fresh, s.Len))
	if f.Conn.Fresh == 0 {
		return
	}
	if d.Octets == uint64(s.Len) {
		d.FirstData = t
	}
	if f.hasData {
		f.noteWait(s, from, t-f.lastData, f.Last.Frame)
		if idle := t - f.lastData; idle > IdleSpan {
			f.IdleSpans++
			f.LongestIdle = max(f.LongestIdle, idle)
		} else {
			f.LongestIdle = max(f.LongestIdle, idle)
		}
		if from == fsm.Server && f.lastDataFrom == fsm.Client {
			f.Exchanges++
		}
	}
	f.hasData, f.lastData, f.lastDataFrom, f.lastDataFrame = true, t, from, f.Last.Frame
}
