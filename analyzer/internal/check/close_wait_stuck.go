package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var closeWaitStuck = &Check{
	Name: record.CheckCloseWaitStuck, Title: "stuck in CLOSE-WAIT", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6",
	Condition: "A side acknowledged the peer's FIN and then neither closed nor sent data for more than 60 s, up to the end of the capture or until its FIN met a RST, because the peer had given FIN-WAIT-2 up: its application did not close the socket (a leaked descriptor, often, or a pool of connections).",
	Benign:    []string{"the application is still working on a response", "the side's FIN was not captured"},
	Filter:    "tcp.flags.fin == 1 && !(tcp.completeness & 32)", Needs: BothSides | Whole,

	OncePerTemplate: "a clean connection is not left in CLOSE-WAIT, as far as the capture proves",
	Thresholds: []Threshold{
		{Name: "after", Time: 60 * fsm.Second, Meaning: "a side stays in CLOSE-WAIT for longer than this without sending data"},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			if in := closeWait(f, side); in != nil && closedLate(f, side) {
				judgeLateClose(f, side, in, by, found)
				continue
			}
			in, since := leftInCloseWait(f, side, by)
			if in == nil {
				continue
			}
			quiet := f.Until - since
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{in.Frame, f.FINAcked[side.Peer()].Frame}, Count: 1, Cost: quiet,
				Seen: phrase.Elapsed(quiet) + " without a FIN, up to the end of the capture", Expected: "a FIN",
				Message: fmt.Sprintf("The %s received the peer's FIN in frame %d and had not closed when the capture ended %s later.", side, in.Frame.Number(), phrase.Elapsed(f.Until-in.Time)),
			})
		}
	},
	Pending: func(f *flow.Flow, by Limits, found func(Finding)) {
		for _, side := range sides {
			in, since := leftInCloseWait(f, side, by)
			if in == nil {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: []fsm.Frame{in.Frame, f.FINAcked[side.Peer()].Frame}, Count: 1, Since: since,
				Seen: phrase.Elapsed(f.Until-since) + " without a FIN so far", Expected: "a FIN",
				Message: fmt.Sprintf("The %s received the peer's FIN in frame %d and has not closed for %s.", side, in.Frame.Number(), phrase.Elapsed(f.Until-in.Time)),
			})
		}
	},
}

// closeWait returns a side's transition to CLOSE-WAIT, or nil.
func closeWait(f *flow.Flow, side fsm.Side) *fsm.Transition {
	return f.Transition(side, func(t *fsm.Transition) bool { return t.To == fsm.CloseWait })
}

// leftInCloseWait returns the transition by which a side came to CLOSE-WAIT, and since when it
// has stayed there without sending data; nil if that is not for long enough, or not proved.
func leftInCloseWait(f *flow.Flow, side fsm.Side, by Limits) (in *fsm.Transition, since fsm.Time) {
	e := &f.Conn.End[side]
	if in = closeWait(f, side); in == nil || e.State != fsm.CloseWait || !f.Conn.Proved(side) || !e.Seen {
		return nil, 0
	}
	if since = max(in.Time, f.Dir[side].LastData); f.Until-since <= by.Time("after") {
		return nil, 0
	}
	return in, since
}

// judgeLateClose reports a side that was in CLOSE-WAIT for so long that its FIN met nobody.
func judgeLateClose(f *flow.Flow, side fsm.Side, in *fsm.Transition, by Limits, found func(Finding)) {
	fin, acked := f.FIN(side), f.FINAcked[side.Peer()].Frame
	quiet := fin.Time - max(in.Time, f.Dir[side].LastData)
	if quiet <= by.Time("after") || acked == 0 || !in.Certain() {
		return
	}
	found(Finding{
		Side: side.String(), Frames: []fsm.Frame{in.Frame, acked, fin.Frame}, Count: 1, Cost: quiet,
		Seen: phrase.Elapsed(quiet) + " without a FIN", Expected: "a FIN",
		Message: fmt.Sprintf("The %s received the peer's FIN in frame %d and closed only %s later, in frame %d, when the peer had given the connection up.", side, in.Frame.Number(), phrase.Elapsed(fin.Time-in.Time), fin.Frame.Number()),
	})
}

// closedLate reports whether the peer answered side's FIN as one that had given
// FIN-WAIT-2 up.
func closedLate(f *flow.Flow, side fsm.Side) bool {
	late := false
	f.EachNotable(side.Peer(), fsm.RSTForLastACK, flow.Facts(), func(k *flow.NotableSegment) {
		_, gaveUp := f.GaveUpFINWait2(side.Peer(), k)
		late = late || gaveUp
	})
	return late
}
