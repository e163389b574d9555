package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var finUnacked = &Check{
	Name: record.CheckFINUnacked, Title: "FIN never acknowledged", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6",
	Condition: "A side's FIN was never acknowledged and no RST ended the connection, although the FIN was retransmitted or the capture went on for more than 10 s.",
	Benign:    []string{"the capture ended too early", "the ACK was not captured", "the peer, or the path to it, vanished"},
	Filter:    "tcp.flags.fin == 1", Needs: BothSides | Whole,

	OncePerTemplate: "a clean connection has both its FINs acknowledged, or none, or only one side was captured",
	Judge: func(f *flow.Flow, found func(Finding)) {
		judgeFINUnacked(f, found, func(side fsm.Side, fin fsm.Frame, waited fsm.Time) string {
			return fmt.Sprintf("The %s's FIN in frame %d was not acknowledged in the remaining %s of the capture.", side, fin.Number(), phrase.Elapsed(waited))
		})
	},
	Pending: func(f *flow.Flow, _ Limits, found func(Finding)) {
		judgeFINUnacked(f, found, func(side fsm.Side, fin fsm.Frame, waited fsm.Time) string {
			return fmt.Sprintf("The %s's FIN in frame %d has not been acknowledged for %s.", side, fin.Number(), phrase.Elapsed(waited))
		})
	},
}

func judgeFINUnacked(f *flow.Flow, found func(Finding), message func(side fsm.Side, fin fsm.Frame, waited fsm.Time) string) {
	if f.OneSided() {
		return
	}
	for _, side := range sides {
		e := &f.Conn.End[side]
		first := f.FIN(side)
		if !e.SentFIN || f.FINAcked[side].Nth != 0 || first == nil || f.RST[0].Nth+f.RST[1].Nth != 0 || f.AllFacts.Any(illegalFlags) {
			continue
		}
		again := f.CountMeaning(side, fsm.FINAgain)
		if again == 0 && f.Until-first.Time < 10*fsm.Second {
			continue
		}
		frames, _ := notable(f, side, fsm.FINAgain)
		found(Finding{
			Side: side.String(), Frames: append([]fsm.Frame{first.Frame}, frames...), Count: 1, Since: first.Time,
			Seen: phrase.Counted(again+1, "FIN", "FINs") + ", no ACK", Expected: fmt.Sprintf("an ACK of %s", number(f, side, e.FinSeq+1)),
			Message: message(side, first.Frame, f.Until-first.Time),
		})
	}
}
