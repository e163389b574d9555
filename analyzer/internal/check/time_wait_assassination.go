package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var timeWaitAssassination = &Check{
	Name: record.CheckTimeWaitAssassination, Title: "TIME-WAIT ended by a RST", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 1337 §2",
	Condition: "A side in TIME-WAIT acknowledges a late segment, the other side, which no longer has the connection, answers with a RST, and that RST is acceptable: TIME-WAIT ends early. With a doubt where the late segment is but the other side's FIN once more.",
	Benign:    []string{"the RST was lost beyond the tap, and TIME-WAIT continued", "the host ignores RSTs in TIME-WAIT, as RFC 1337 proposes (Linux: tcp_rfc1337)", "an application that resets after closing"},
	Filter:    "tcp.flags.reset == 1 && tcp.completeness & 16",
	Meaning:   fsm.TimeWaitKilled,
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.Conn.End[0].State == fsm.TimeWait || f.Conn.End[1].State == fsm.TimeWait {
			return // it answered later
		}
		timeWaitKilled(f, func(x Finding) {
			if ofItself(f, x) {
				return
			}
			ended := func(t *fsm.Transition) bool { return t.Event == fsm.RecvRST && t.From == fsm.TimeWait }
			if f.Transition(fsm.Client, ended) != nil || f.Transition(fsm.Server, ended) != nil { // else it had closed before, as it showed
				found(x)
			}
		})
	},
}

var timeWaitKilled = eachSideMeaning(fsm.TimeWaitKilled, func(f *flow.Flow, side fsm.Side, k *flow.NotableSegment) Finding {
	since, until := f.Conn.End[side.Peer()].TimeWaitSpan()
	why := ""
	if n := finAgainBefore(f, side, k); n != 0 {
		why = fmt.Sprintf("the FIN had come again in frame %d while its ACK was under way, and the second of two ACKs draws such a RST: nothing old is at large", n.Number())
	}
	return Finding{
		Doubt: why,
		Seen:  fmt.Sprintf("RST %s after TIME-WAIT began", phrase.Elapsed(k.Time-since)), Expected: fmt.Sprintf("nothing for %s", phrase.Elapsed(until-since)),
		Message: fmt.Sprintf("The RST in frame %d ends the %s's TIME-WAIT %s early, if it arrives.", k.Frame.Number(), side.Peer(), phrase.Elapsed(until-k.Time)),
	}
})

// ofItself reports whether the RST of a finding answers no ACK that was sent in TIME-WAIT: the
// other side had sent nothing since that began, or at last another FIN, which nobody sends there.
func ofItself(f *flow.Flow, x Finding) bool {
	for _, side := range sides {
		b, peer := f.Dir[side].BeforeRST, side.Peer()
		if side.String() != x.Side || b == nil || f.RST[side].Frame != x.Frames[0] {
			continue
		}
		since, _ := f.Conn.End[peer].TimeWaitSpan()
		moved, _ := notableThat(f, peer, fsm.FINMoved, flow.Facts(), func(k *flow.NotableSegment) bool { return k.Time == b.Peer })
		return b.Peer < since || len(moved) > 0
	}
	return false
}

// finAgainBefore returns the latest segment of side before its RST, if that segment is its
// FIN once more, or 0.
func finAgainBefore(f *flow.Flow, side fsm.Side, rst *flow.NotableSegment) (again fsm.Frame) {
	f.EachNotable(side, fsm.FINAgain, flow.Facts(), func(k *flow.NotableSegment) {
		if k.Nth < rst.Nth && k.Frame > f.Dir[side].LastDataFrame {
			again = k.Frame
		}
	})
	return again
}
