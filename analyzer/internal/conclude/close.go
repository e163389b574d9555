package conclude

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

func buildClose(f *flow.Flow, c *record.Connection) {
	cl := &c.Close
	cl.Duration = -1
	var start, end *fsm.Transition
	var fins [2]*fsm.Transition
	for i := range c.Transitions {
		t := &c.Transitions[i]
		switch t.Event {
		case fsm.SendFIN, fsm.SendRST:
			if start == nil {
				start = t
				cl.FirstCloser = t.Side.String()
			}
			if t.Event == fsm.SendFIN {
				fins[t.Side] = t
				cl.FIN[t.Side] = t.Frame
			} else if cl.RST == 0 {
				cl.RST, cl.ResetBy = t.Frame, t.Side.String()
			}
		case fsm.SendSYN, fsm.RecvSYN, fsm.RecvSYNACK:
			if start != nil && cl.RST != 0 { // an attempt was reset before the one that this is about
				start, end = nil, nil
				cl.FirstCloser, cl.RST, cl.ResetBy = "", 0, ""
			}
		case fsm.RecvRST:
			if cl.RST == 0 {
				cl.RST, cl.ResetBy = t.Frame, t.Side.Peer().String()
			}
			if start == nil {
				start = t
				cl.FirstCloser = t.Side.Peer().String()
			}
		}
		if start != nil && t.Event != fsm.Timeout2MSL {
			end = t
		}
	}
	for side := range cl.FINAcked {
		if cl.FIN[side] != 0 {
			cl.FINAcked[side] = f.FINAcked[side].Frame
		}
	}
	if start != nil && end != nil {
		cl.Duration = max(0, end.Time.Seconds(start.Time))
	}
	cl.Kind = closeKind(f, c, fins)
	if cl.Kind == record.CloseRefused || cl.Kind == record.CloseUnanswered || cl.Kind == record.CloseRejected || cl.Kind == record.CloseNone {
		cl.FirstCloser = ""
	}
	buildTimeWait(f, c)
}

// closeKind names how the connection ended.
func closeKind(f *flow.Flow, c *record.Connection, fins [2]*fsm.Transition) record.CloseKind {
	client, server := c.State[fsm.Client].State, c.State[fsm.Server].State
	both := fins[0] != nil && fins[1] != nil
	opened := c.Handshake.Complete || f.Meanings.Any(fsm.Joined)
	switch {
	case len(c.Transitions) == 0:
		return record.CloseNone
	case f.CountMeaning(fsm.Server, fsm.RSTRefuses) > 0 && client == fsm.Closed && !opened:
		return record.CloseRefused
	case !f.Conn.End[fsm.Server].Seen && endedByICMP(c, fsm.Client):
		return record.CloseRejected
	case !f.Conn.End[fsm.Server].Seen && client == fsm.SynSent:
		return record.CloseUnanswered
	case both && resetAfterClose(f, c):
		return finKind(c)
	case c.Close.RST != 0 && !opened:
		return record.CloseAbortedHandshake
	case c.Close.RST != 0:
		return record.CloseReset
	case both && f.Over():
		return finKind(c)
	case both:
		return record.CloseClosing
	case fins[0] != nil || fins[1] != nil:
		return record.CloseHalfClosed
	case client == fsm.SynSent || server == fsm.SynReceived || client == fsm.SynReceived || server == fsm.SynSent:
		return record.CloseOpening
	}
	return record.CloseOpen
}

func finKind(c *record.Connection) record.CloseKind {
	for i := range c.Transitions {
		if c.Transitions[i].To == fsm.Closing {
			return record.CloseSimultaneous
		}
	}
	return record.CloseNormal
}

// resetAfterClose reports whether the FINs of both sides had been acknowledged
// before any RST: the RST ended a TIME-WAIT, not the connection.
func resetAfterClose(f *flow.Flow, c *record.Connection) bool {
	if c.Close.RST == 0 {
		return false
	}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if (t.Event == fsm.SendRST || t.Event == fsm.RecvRST) && t.From != fsm.TimeWait {
			return false
		}
	}
	return f.FINAcked[0].Frame != 0 && f.FINAcked[1].Frame != 0
}

func buildTimeWait(f *flow.Flow, c *record.Connection) {
	for side := range f.Conn.End {
		hold := record.TimeWaitHold{Side: fsm.Side(side), Ended: "expected"}
		entered := false
		for i := range c.Transitions {
			t := &c.Transitions[i]
			switch {
			case t.Side != hold.Side:
			case t.To == fsm.TimeWait:
				entered, hold.Since = true, t.Time
			case t.From == fsm.TimeWait && t.Event == fsm.Timeout2MSL:
				hold.Ended = "elapsed"
			case t.From == fsm.TimeWait && t.Event == fsm.RecvRST:
				hold.Ended = "assassinated"
			case t.From == fsm.TimeWait && t.Event == fsm.SendRST:
				hold.Ended = "missing"
			}
		}
		if !entered || f.Self && hold.Side == fsm.Server { // the same socket
			continue
		}
		_, hold.Until = f.Conn.End[side].TimeWaitSpan()
		if hold.Ended == "expected" && f.ReusedAt.Frame != 0 {
			hold.Ended = "reused"
		}
		hold.Watched = max(0, min(f.Until, hold.Until).Seconds(hold.Since))
		c.Close.TimeWait = append(c.Close.TimeWait, hold)
	}
}
