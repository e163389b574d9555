package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// segmentCounts appends what a side's segments were.
func (e *encoder) segmentCounts(n *record.SegmentCounts) {
	e.object(`"segments":`)
	e.keyUint(`"data":`, n.Data)
	e.keyUint(`"ack":`, n.ACK)
	e.keyUint(`"pure_ack":`, n.PureACK)
	e.keyUint(`"psh":`, n.PSH)
	e.keyUint(`"syn":`, n.SYN)
	e.keyUint(`"fin":`, n.FIN)
	e.keyUint(`"rst":`, n.RST)
	e.keyUint(`"urg":`, n.URG)
	e.uintIf(`"min_bytes":`, uint64(n.MinBytes), n.Data > 0)
	e.uintIf(`"max_bytes":`, uint64(n.MaxBytes), n.Data > 0)
	some := n.MaxTTL > 0 || n.ACK|n.SYN|n.RST > 0
	e.uintIf(`"min_ttl":`, uint64(n.MinTTL), some)
	e.uintIf(`"max_ttl":`, uint64(n.MaxTTL), some)
	e.endObject()
}

// What most connections have none of, as in the functions below.
var (
	noSelectiveACKs = encoded(func(e *encoder) { e.selectiveACKsOf(&record.SegmentCounts{}) })
	noDataTimes     = encoded(func(e *encoder) { e.dataTimesOf(&record.DataTimes{}) })
)

func (e *encoder) selectiveACKs(n *record.SegmentCounts) {
	if n.SACK|n.TripleDupACKs == 0 {
		e.buf = append(e.buf, noSelectiveACKs...)
		return
	}
	e.selectiveACKsOf(n)
}

func (e *encoder) selectiveACKsOf(n *record.SegmentCounts) {
	e.object(`"sack":`)
	e.keyUint(`"segments":`, n.SACK)
	e.keyUint(`"most_blocks":`, uint64(n.MostSACKBlocks))
	e.keyUint(`"dsacks":`, n.DSACK)
	e.endObject()
	e.keyUint(`"triple_duplicate_acks":`, n.TripleDupACKs)
}

// dataTimes appends when a side sent data.
func (e *encoder) dataTimes(d *record.DataTimes) {
	if d.FirstFrame == 0 && !e.files {
		e.buf = append(e.buf, noDataTimes...)
		return
	}
	e.dataTimesOf(d)
}

func (e *encoder) dataTimesOf(d *record.DataTimes) {
	e.object(`"data":`)
	if d.FirstFrame == 0 {
		e.keyNull(`"first_time":`)
		e.keyNull(`"last_time":`)
	} else {
		e.keyTime(`"first_time":`, d.First)
		e.keyTime(`"last_time":`, d.Last)
	}
	e.keyFrame(`"first_frame":`, `"first_file":`, d.FirstFrame)
	e.keyFrame(`"last_frame":`, `"last_file":`, d.LastFrame)
	e.secondsIf(`"longest_idle_s":`, d.Idle.Seconds, d.Idle.From != 0)
	e.keyFrame(`"idle_from_frame":`, `"idle_from_file":`, d.Idle.From)
	e.keyFrame(`"idle_to_frame":`, `"idle_to_file":`, d.Idle.To)
	e.endObject()
}

// rates appends how fast a side's data went.
func (e *encoder) rates(r *record.Rates) {
	e.object(`"rates":`)
	e.keyFloat(`"throughput":`, r.Throughput)
	e.keyFloat(`"goodput":`, r.Goodput)
	e.keyFloat(`"data_goodput":`, r.DataGoodput)
	e.keyFloat(`"delivery":`, r.Delivery)
	if r.Delivery < 0 {
		e.keyNull(`"app_limited":`)
	} else {
		e.keyBool(`"app_limited":`, r.AppLimited)
	}
	e.keyShare(`"retransmitted":`, r.Resent)
	e.endObject()
}

// resentAfter appends after what time segments were sent again.
func (e *encoder) resentAfter(r *record.ResentTimes) {
	known := r.Most > 0
	e.object(`"resent_after":`)
	e.keyUint(`"most_times":`, r.Most)
	e.secondsIf(`"min_s":`, r.Min, known)
	e.secondsIf(`"mean_s":`, r.Mean, known)
	e.secondsIf(`"max_s":`, r.Max, known)
	e.endObject()
}

// uintIf appends null for what there was nothing to tell from.
func (e *encoder) uintIf(k string, n uint64, known bool) {
	if !known {
		e.keyNull(k)
		return
	}
	e.keyUint(k, n)
}

func (e *encoder) roundTrips(r *record.RTT) {
	e.object(`"rtt":`)
	e.keyUint(`"samples":`, r.Samples)
	known := r.Samples > 0
	e.secondsIf(`"min_s":`, r.Min, known)
	e.secondsIf(`"median_s":`, r.Median, known)
	e.secondsIf(`"p95_s":`, r.P95, known)
	e.secondsIf(`"max_s":`, r.Max, known)
	e.secondsIf(`"rto_s":`, r.RTO, known)
	e.secondsIf(`"mean_s":`, r.Mean, known)
	e.secondsIf(`"deviation_s":`, r.Deviation, known)
	e.secondsIf(`"smoothed_s":`, r.Smoothed, known)
	e.secondsIf(`"smoothed_deviation_s":`, r.SmoothedDeviation, known)
	e.secondsIf(`"loaded_s":`, r.Loaded, known)
	e.endObject()
}

// frameFilter appends a display filter for the frames of a finding.
func (e *encoder) frameFilter(frames []fsm.Frame) {
	start := len(e.buf)
	e.key(`"wireshark_filter":"`)
	filled := len(e.buf)
	if e.buf = record.AppendWiresharkFrames(e.buf, frames); len(e.buf) == filled {
		e.buf = e.buf[:start]
		e.keyNull(`"wireshark_filter":`)
		return
	}
	e.buf = append(e.buf, '"', ',')
}
