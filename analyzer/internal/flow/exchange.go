package flow

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// data counts payload and the use made of the connection.
func (f *Flow) noteData(s *fsm.Segment, d *Direction, from fsm.Side, t fsm.Time) {
	d.LastData, d.LastDataFrame = t, f.Last.Frame
	d.Bytes += uint64(s.Len)
	d.UniqueBytes += uint64(min(f.Conn.Fresh, s.Len))
	if f.Conn.Fresh == 0 {
		return
	}
	if d.Bytes == uint64(s.Len) {
		d.FirstData = t
	}
	if f.hasData {
		f.noteDataStall(s, from, t-f.lastData, f.Last.Frame)
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
