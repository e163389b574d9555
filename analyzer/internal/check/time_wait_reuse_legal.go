package check

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var timeWaitReuseLegal = &Check{
	Name: record.CheckTimeWaitReuseLegal, Title: "4-tuple legally reused during TIME-WAIT", Family: "teardown",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.6.1 (MAY-2), RFC 6191 §2",
	Condition: "The 4-tuple is reused within 2 MSL of a close by a SYN whose ISN is above the last sequence number that its sender had used, or whose timestamp is newer.",
	Benign:    []string{"a busy client that cycles through its ports quickly"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.reused_ports"}, {Tool: "Zeek", Name: "active_connection_reuse"}},
	Filter:    "tcp.analysis.reused_ports",

	OncePerTemplate: "the key tells how the SYN stands to the earlier connection of the 4-tuple",
	Judge: func(f *flow.Flow, found func(Finding)) {
		r := judgeReuse(f)
		if !r.Early || !r.Legal {
			return
		}
		// A busy client has it on every connection, so this is put together without fmt.
		after := phrase.Elapsed(r.After)
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1,
			Seen:     "ISN " + strconv.FormatUint(uint64(f.Conn.End[fsm.Client].ISS), 10) + ", " + after + " after TIME-WAIT began",
			Expected: "an ISN above " + strconv.FormatUint(uint64(r.Used), 10) + ", or a newer timestamp",
			Message: "The SYN in " + phrase.Frame(f.SYN.Frame) + " reuses the ports of the connection that began in " +
				phrase.Frame(f.Previous.First) + ", " + after + " into its TIME-WAIT; " + r.Why + " allows it.",
		})
	},
}

// judgeReuse says how the connection's SYN stands to the TIME-WAIT of the one before.
func judgeReuse(f *flow.Flow) flow.Reuse {
	if f.Previous == nil || f.SYN.Frame == 0 {
		return flow.Reuse{}
	}
	syn := &f.Dir[fsm.Client]
	return f.Previous.Reuse(f.Ends[fsm.Client], f.SYN.Time, f.Conn.End[fsm.Client].ISS, syn.SYNTimestamp, syn.SYNOptions.Has(fsm.OptTimestamps))
}

// holderOf names, by the new connection's sides, who should still have held
// TIME-WAIT.
func holderOf(f *flow.Flow, r flow.Reuse) string {
	if f.Previous.Ends[r.Side] == f.Ends[fsm.Client] {
		return fsm.Client.String()
	}
	return fsm.Server.String()
}
