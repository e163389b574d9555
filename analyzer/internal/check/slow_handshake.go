package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var slowHandshake = &Check{
	Name: record.CheckSlowHandshake, Title: "slow handshake", Family: "handshake",
	Severity: record.SeverityNote, Rule: "observer: the time from the SYN to the handshake's last ACK",
	Condition: "The handshake takes more than 1 s beyond what syn-retransmit and synack-retransmit tell of: a side was slow to answer.",
	Benign:    []string{"a path by satellite, or queues on it", "a host that was suspended or overloaded", "a proxy that opens the connection to the server first"},
	Filter:    "tcp.flags.syn == 1 && tcp.time_delta > 1", Needs: BothSides | InStep,
	OncePerTemplate: "a clean connection's handshake is not as slow",
	Thresholds: []Threshold{
		{Name: "after", Time: fsm.Second, Meaning: "the handshake takes longer than this, beyond repetitions", Wait: true},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		if f.SYN.Nth == 0 || f.SYNACK.Nth == 0 || f.FinalACK.Nth == 0 || f.Midstream() || f.AllFacts.Any(illegalFlags) {
			return
		}
		repeats := waitedForSYNACK(f, fsm.Client) + waitedForACK(f, fsm.Server)
		took := f.FinalACK.Time - f.SYN.Time
		cost := took - repeats
		if cost <= by.Time("after") {
			return
		}
		server := max(0, f.SYNACK.Time-f.Conn.End[fsm.Client].Syn.Time)
		side, slow := fsm.Server, server
		if client := f.FinalACK.Time - max(f.SYNACK.Time, f.Conn.End[fsm.Server].Syn.Time); client > server {
			side, slow = fsm.Client, client
		}
		x := Finding{
			Side: side.String(), Frames: []fsm.Frame{f.SYN.Frame, f.SYNACK.Frame, f.FinalACK.Frame}, Count: 1, Cost: cost,
			Seen: "handshake of " + phrase.Elapsed(took), Expected: "less than " + phrase.Elapsed(by.Time("after")),
			Message: fmt.Sprintf("The handshake took %s; the %s's side took %s of it to answer.", phrase.Elapsed(took), side, phrase.Elapsed(slow)),
		}
		if repeats > 0 {
			x.Message = fmt.Sprintf("The handshake took %s, %s of it until its SYN or SYN-ACK was sent again; the %s's side took %s to answer.", phrase.Elapsed(took), phrase.Elapsed(repeats), side, phrase.Elapsed(slow))
		}
		found(x)
	},
}
