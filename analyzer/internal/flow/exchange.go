package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// noteData counts payload and the use made of the connection.
func (f *Flow) noteData(o *observation) {
	d, t := o.d, o.p.Time
	d.countSize(o.s.Len)
	d.notePause(f.Last)
	d.LastData, d.LastDataFrame = t, f.Last.Frame
	d.Bytes += uint64(o.s.Len)
	d.UniqueBytes += uint64(min(f.Conn.Fresh, o.s.Len))
	f.noteTurn(o)
	if f.Conn.Fresh == 0 {
		return
	}
	if d.Bytes == uint64(o.s.Len) {
		d.FirstData = t
	}
	if f.hasData {
		idle := t - f.lastData
		f.noteDataStall(o, idle)
		if idle > IdleSpan {
			f.IdleSpans++
		}
		f.LongestIdle = max(f.LongestIdle, idle)
		if o.from == fsm.Server && f.lastDataFrom == fsm.Client {
			f.Exchanges++
		}
	}
	f.hasData, f.lastData, f.lastDataFrom, f.lastDataFrame = true, t, o.from, f.Last.Frame
}
