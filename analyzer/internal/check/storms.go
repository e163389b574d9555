package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var finStorm = &Check{
	Name: record.CheckFINStorm, Title: "FIN storm", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.8.1",
	Condition: "One side sends 100 FINs or more, less than a second apart on average: no retransmission timer does that.",
	Benign:    []string{"a forwarding loop that repeats packets"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "FIN_storm"}},
	Filter:    "tcp.flags.fin == 1 && tcp.analysis.retransmission",
	Meaning:   fsm.FINAgain | fsm.FINMoved,
	Thresholds: []Threshold{
		{Name: "count", Count: 100, Meaning: "a side sends so many FINs"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			first := f.FIN(side)
			if d.FINs < uint64(by.Count("count")) || first == nil || d.LastFIN-first.Time > fsm.Time(d.FINs-1)*fsm.Second {
				continue
			}
			frames, _ := notable(f, side, fsm.FINAgain|fsm.FINMoved)
			found(Finding{
				Side: side.String(), Frames: append([]fsm.Frame{first.Frame}, frames...), Count: int(d.FINs),
				Seen: fmt.Sprintf("%s FINs in %s", phrase.Count(d.FINs), phrase.Elapsed(d.LastFIN-first.Time)), Expected: "one FIN, and timers that back off",
				Message: fmt.Sprintf("The %s sent %s FINs within %s.", side, phrase.Count(d.FINs), phrase.Elapsed(d.LastFIN-first.Time)),
			})
		}
	},
}

var rstStorm = &Check{
	Name: record.CheckRSTStorm, Title: "RST storm", Family: "reset",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.5.2",
	Condition:       "One side sends 100 RSTs or more on one connection, less than a second apart on average.",
	Benign:          []string{"a fast sender: each segment still in flight when the connection was reset draws a RST of its own"},
	Peers:           []record.PeerName{{Tool: "Zeek", Name: "RST_storm"}},
	Filter:          "tcp.flags.reset == 1",
	Meaning:         fsm.RSTSent | fsm.RSTNoConnection,
	OncePerTemplate: "a clean connection has no hundred RSTs",
	Thresholds: []Threshold{
		{Name: "count", Count: 100, Meaning: "a side sends so many RSTs"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			d := &f.Dir[side]
			first := f.RST[side]
			if d.RSTs < uint64(by.Count("count")) || d.LastRST-first.Time > fsm.Time(d.RSTs-1)*fsm.Second {
				continue
			}
			frames, _ := notable(f, side, fsm.RSTNoConnection)
			doubt := ""
			if peer := &f.Dir[side.Peer()]; d.RSTs <= peer.Packets && d.LastRST-first.Time < fsm.Second+2*f.PathRTT() {
				doubt = "no more than the peer's segments, within a second: each that was in flight draws a RST"
			}
			found(Finding{
				Doubt: doubt,
				Side:  side.String(), Frames: append([]fsm.Frame{first.Frame}, frames...), Count: int(d.RSTs),
				Seen: fmt.Sprintf("%s RSTs in %s", phrase.Count(d.RSTs), phrase.Elapsed(d.LastRST-first.Time)), Expected: "one RST",
				Message: fmt.Sprintf("The %s sent %s RSTs within %s.", side, phrase.Count(d.RSTs), phrase.Elapsed(d.LastRST-first.Time)),
			})
		}
	},
}
