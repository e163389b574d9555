package conclude

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// buildMeasures fills in what was counted of a side's segments, and how fast its data went.
func buildMeasures(f *flow.Flow, side fsm.Side, t *record.Traffic) {
	d := &f.Dir[side]
	n := &d.Counts
	t.MeanInFlight, t.MeanWindow = d.MeanInFlight(), d.MeanWindow()
	t.Segments = record.SegmentCounts{
		Data: d.DataSegments, ACK: n.ACKs, PureACK: n.PureACKs, PSH: n.PSHs,
		SYN: uint64(n.SYNs), FIN: uint64(n.FINs), RST: uint64(n.RSTs), URG: uint64(n.URGs),
		SACK: n.SACKs, DSACK: n.DSACKs, MostSACKBlocks: n.MostSACKBlocks, TripleDupACKs: n.TripleDupACKs,
		MinBytes: n.MinBytes, MaxBytes: n.MaxBytes, MinTTL: n.MinTTL, MaxTTL: n.MaxTTL,
	}
	if d.FirstDataAt.Frame != 0 {
		t.Data = record.DataTimes{
			First: d.FirstDataAt.Time, FirstFrame: d.FirstDataAt.Frame, Last: d.LastData, LastFrame: d.LastDataFrame,
			Idle: record.Span{Seconds: seconds(d.Pause.Span), From: d.Pause.From, To: d.Pause.To},
		}
	}
	if again := d.ResentAfter(); again.N > 0 {
		t.ResentAfter = record.ResentTimes{
			Most: uint64(again.Most), Min: seconds(again.Min), Max: seconds(again.Max),
			Mean: seconds(again.Sum) / float64(again.N),
		}
	}
	buildRates(f, side, t)
}

// buildRates leaves a rate unknown where there is no time to divide by.
func buildRates(f *flow.Flow, side fsm.Side, t *record.Traffic) {
	r := &t.Rates
	*r = record.Rates{Throughput: -1, Goodput: -1, DataGoodput: -1, Resent: -1, Delivery: -1}
	once := float64(t.UniqueBytes + t.GapBytes)
	if span := seconds(f.Latest.Time - f.First.Time); span > 0 {
		r.Throughput, r.Goodput = float64(t.Bytes)/span, once/span
	}
	if span := seconds(t.Data.Last - t.Data.First); span > 0 {
		r.DataGoodput = once / span
	}
	if t.Segments.Data > 0 {
		r.Resent = float64(f.Dir[side].Counts.ResentData) / float64(t.Segments.Data)
	}
	if bytes, limited, known := f.DeliveryRate(side); known {
		r.Delivery, r.AppLimited = bytes, limited
	}
}
