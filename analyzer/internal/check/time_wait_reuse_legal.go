package check

import (
	"fmt"

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

	OncePerTemplate: "looks at the earlier connection of the 4-tuple, which a clean one does not have",
	Judge: func(f *flow.Flow, found func(Finding)) {
		r := judgeReuse(f)
		if !r.early || !r.legal {
			return
		}
		found(Finding{
			Side: "client", Frames: []fsm.Frame{f.SYN.Frame}, Count: 1,
			Seen:     fmt.Sprintf("ISN %d, %s after TIME-WAIT began", f.Conn.End[fsm.Client].ISS, phrase.Elapsed(r.after)),
			Expected: fmt.Sprintf("an ISN above %d, or a newer timestamp", r.used),
			Message: fmt.Sprintf("The SYN in frame %d reuses the ports of the connection that began in frame %d, %s into its TIME-WAIT; %s allows it.",
				f.SYN.Frame.Number(), f.Previous.First.Number(), phrase.Elapsed(r.after), r.why),
		})
	},
}

// reuse says how a connection's SYN stands to the TIME-WAIT of the one before.
type reuse struct {
	early bool     // it came within 2 MSL
	legal bool     // its number or its timestamp allows that
	why   string   // which of them
	after fsm.Time // since TIME-WAIT began
	used  fsm.Seq  // the number that its sender had reached before
	side  int      // who held TIME-WAIT, by the earlier connection's sides
}

func judgeReuse(f *flow.Flow) reuse {
	pre := f.Previous
	if pre == nil || f.SYN.Frame == 0 {
		return reuse{}
	}
	var r reuse
	for side := range pre.TimeWait {
		if pre.TimeWait[side] && f.SYN.Time < pre.Until[side] {
			r.early, r.side, r.after = true, side, f.SYN.Time-pre.Since[side]
		}
	}
	if !r.early {
		return r
	}
	sender := 0 // the SYN's sender among the earlier connection's sides
	if pre.Ends[1] == f.Ends[fsm.Client] {
		sender = 1
	}
	r.used = pre.SndNxt[sender]
	syn := &f.Dir[fsm.Client]
	switch {
	case f.Conn.End[fsm.Client].ISS.AtOrAfter(r.used):
		r.legal, r.why = true, "the higher ISN"
	case pre.HasTS[sender] && syn.SYNOptions.Has(fsm.OptTimestamps) && int32(syn.SYNTimestamp-pre.TSVal[sender]) > 0:
		r.legal, r.why = true, "the newer timestamp"
	}
	return r
}

// holder names, by the new connection's sides, who should still have held
// TIME-WAIT.
func (r reuse) holder(f *flow.Flow) string {
	if f.Previous.Ends[r.side] == f.Ends[fsm.Client] {
		return fsm.Client.String()
	}
	return fsm.Server.String()
}
