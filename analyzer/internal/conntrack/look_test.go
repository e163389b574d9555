package conntrack

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// BenchmarkLook goes over 100,000 open connections in sixteen tables, once: what a second of
// a live capture with so many costs. None is due, some have waited for long.
func BenchmarkLook(b *testing.B) {
	type segments []struct {
		from fsm.Side
		fsm.Segment
	}
	opened := segments{
		{fsm.Client, fsm.Segment{Flags: fsm.SYN, Seq: 99, Window: 60000, Opts: fsm.OptMSS, MSS: 1460}},
		{fsm.Server, fsm.Segment{Flags: fsm.SYN | fsm.ACK, Seq: 499, Ack: 100, Window: 60000, Opts: fsm.OptMSS, MSS: 1460}},
		{fsm.Client, fsm.Segment{Flags: fsm.ACK, Seq: 100, Ack: 500, Window: 60000}},
		{fsm.Client, fsm.Segment{Flags: fsm.ACK, Seq: 100, Ack: 500, Len: 10, Window: 60000}},
	}
	answered := append(opened[:4:4], segments{
		{fsm.Server, fsm.Segment{Flags: fsm.ACK, Seq: 500, Ack: 110, Len: 10, Window: 60000}},
		{fsm.Client, fsm.Segment{Flags: fsm.ACK, Seq: 110, Ack: 510, Window: 60000}},
	}...)
	again := append(answered[:6:6], segments{
		{fsm.Client, fsm.Segment{Flags: fsm.ACK, Seq: 110, Ack: 510, Len: 10, Window: 60000}},
		{fsm.Server, fsm.Segment{Flags: fsm.ACK, Seq: 510, Ack: 120, Window: 60000}},
		{fsm.Server, fsm.Segment{Flags: fsm.ACK, Seq: 510, Ack: 120, Len: 10, Window: 60000}},
		{fsm.Client, fsm.Segment{Flags: fsm.ACK, Seq: 120, Ack: 520, Window: 60000}},
	}...)
	for _, tt := range []struct {
		name string
		segments
	}{
		{"idle", answered},
		{"asked", opened},
		{"fast path", again},
		{"SYNs", opened[:1]},
		{"whole", append(answered[:6:6], segments{{fsm.Client, fsm.Segment{Flags: fsm.ACK | fsm.URG, Seq: 110, Ack: 510, Urgent: 1, Window: 60000}}}...)},
	} {
		b.Run(tt.name, func(b *testing.B) {
			const n, shards = 100_000, 16
			judged := 0
			var tables []*Table
			for range shards {
				tables = append(tables, NewTable(Options{Look: LookOptions{Most: 512 / shards, Judge: func(*flow.Flow) Looked { judged++; return LookLater }}}))
			}
			for i := range n {
				for k, s := range tt.segments {
					p := source(i, s.Segment)
					p.Time, p.Payload = fsm.Time(k+1)*1000, make([]byte, s.Len)
					if s.from == fsm.Server {
						p.Src, p.Dst = p.Dst, p.Src
					}
					tables[i%shards].Add(&p)
				}
			}
			now := 1000 * fsm.Second
			look := func() {
				now += fsm.Second
				for _, t := range tables {
					t.Look(now)
				}
			}
			for range 20 {
				look()
			}
			judged = 0
			b.ResetTimer()
			for b.Loop() {
				look()
			}
			b.ReportMetric(float64(judged)/float64(b.N), "judged/op")
			b.ReportMetric(float64(tables[0].index.at.n), "open/shard")
			b.ReportMetric(float64(len(tables[0].index.conns)), "whole/shard")
		})
	}
}
