package flow

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// KeepSeries has the segments that are added from now on kept in a compact form, in as many
// bytes as room has left, which other flows may take from too.
func (f *Flow) KeepSeries(room *int) {
	f.series, f.spareSeries = f.spareSeries, nil
	if f.series == nil {
		f.series = &series.Encoder{}
	}
	f.series.Room = room
	f.spending.series = f.series
}

// DropSeries forgets the series, so that others may have its room.
func (f *Flow) DropSeries() {
	if f.series != nil {
		f.series.Reset()
		f.spareSeries, f.series, f.spending.series = f.series, nil, nil
	}
}

// AppendSeries appends the series to b; nothing if none was kept.
func (f *Flow) AppendSeries(b []byte) []byte {
	if f.series == nil {
		return b
	}
	t := series.Tail{Spent: !f.OneSided() && !f.Untimed, Account: uint8(f.spending.silence()), Until: f.spending.latest.Time}
	return f.series.Append(b, t)
}

// addToSeries adds a segment to the series.
func (f *Flow) addToSeries(k *TimelineEntry, s *fsm.Segment, sampled fsm.Frame) {
	p := series.Point{
		Frame: k.Frame, Time: k.Time, From: k.From, Flags: s.Flags, Seq: k.RelSeq, Ack: k.RelAck, Len: s.Len, Window: k.Scaled,
		Sampled: sampled,
	}
	if k.Meaning != 0 || !k.Facts.Empty() {
		p.Marks = k.Marks()
		if k.Resent() {
			p.Original = k.Original
		}
	}
	if s.Opts&fsm.OptSACK != 0 {
		p.SACKs = min(s.NumSACK, uint8(len(s.SACK)))
		for i, b := range s.SACK[:p.SACKs] {
			from := int64(k.RelAck) + int64(b.From.Minus(s.Ack))
			p.SACK[i] = series.Range{From: from, To: from + int64(b.To.Minus(b.From))}
		}
	}
	f.series.Add(&p)
}

// Marks returns what the segment was found to be.
func (k *TimelineEntry) Marks() series.Marks {
	m := marksOf(k.Meaning, k.Facts)
	if k.Resent() {
		m |= kindMarks[k.Kind]
	}
	return m
}

// Resent reports whether it is a retransmission, which has a kind.
func (k *TimelineEntry) Resent() bool { return k.Facts.Any(resentFacts) }
