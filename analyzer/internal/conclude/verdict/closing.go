package verdict

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// closed is the verdict on a connection that both sides closed with a FIN. Most
// connections end here, so the sentence is put together without fmt.
func closed(c *record.Connection) record.Verdict {
	cl := &c.Close
	first := sideOf(cl.FirstCloser)
	second := first.Peer()
	v := record.Verdict{
		Code: record.VerdictClosedNormally, Frames: []fsm.Frame{cl.FIN[0], cl.FIN[1], cl.FINAcked[0], cl.FINAcked[1]},
		Sure: cl.FINAcked[0] != 0 && cl.FINAcked[1] != 0,
	}
	var buf [200]byte
	b := buf[:0]
	switch {
	case c.Client == c.Server:
		v.Code = record.VerdictClosedSimultaneously
		b = append(b, "A socket connected to itself: its FIN in frame "...)
		b = strconv.AppendUint(b, cl.FIN[first].Number(), 10)
		b = append(b, " closed both directions"...)
	case cl.Kind == record.CloseSimultaneous:
		v.Code = record.VerdictClosedSimultaneously
		b = append(b, "Simultaneous close: the FINs in frames "...)
		b = strconv.AppendUint(b, min(cl.FIN[0], cl.FIN[1]).Number(), 10)
		b = append(b, " and "...)
		b = strconv.AppendUint(b, max(cl.FIN[0], cl.FIN[1]).Number(), 10)
		b = append(b, " crossed"...)
	case c.FINMayHaveWaited(second):
		v.Sure = false
		b = append(b, "The "...)
		b = append(b, first.String()...)
		b = append(b, "'s FIN came first (frame "...)
		b = strconv.AppendUint(b, cl.FIN[first].Number(), 10)
		b = append(b, "), then the "...)
		b = append(b, second.String()...)
		b = append(b, "'s (frame "...)
		b = strconv.AppendUint(b, cl.FIN[second].Number(), 10)
		b = append(b, "), which may have waited behind data since before that"...)
	default:
		b = append(b, "The "...)
		b = append(b, first.String()...)
		b = append(b, " closed first (FIN in frame "...)
		b = strconv.AppendUint(b, cl.FIN[first].Number(), 10)
		b = append(b, "), then the "...)
		b = append(b, second.String()...)
		b = append(b, " (frame "...)
		b = strconv.AppendUint(b, cl.FIN[second].Number(), 10)
		b = append(b, ')')
	}
	if cl.Duration >= 0 && cl.RST == 0 {
		b = append(b, "; the close took "...)
		b = append(b, phrase.Duration(cl.Duration)...)
		if a := anomaly(c, record.CheckFINRetransmit); a != nil {
			b = append(b, ", "...)
			b = append(b, phrase.By(sideOf(a.Side))...)
			b = append(b, "'s FIN being retransmitted "...)
			b = append(b, phrase.Times(a.Count)...)
			v.Sure = v.Sure && a.Count < 2 // whether the last ACK arrived nobody knows
		}
	}
	if cl.RST != 0 {
		v.Code = record.VerdictClosedWithReset
		v.Frames = append(v.Frames, cl.RST)
		b = append(b, ", but "...)
		b = append(b, timeWaitEnd(c)...)
	}
	v.Sentence = string(append(b, '.'))
	return v
}

// leftUnanswered returns the finding of a request that the server certainly left without an
// answer when it closed, or nil. A RST behind its FIN tells more of it.
func leftUnanswered(c *record.Connection) *record.Anomaly {
	if a := anomaly(c, record.CheckClosedWithoutAnswer); a != nil && a.Doubt == "" && (c.Reset.Frame == 0 || c.Reset.Side == fsm.Client) {
		return a
	}
	return nil
}

// closedUnanswered is the verdict on a server that closed instead of answering.
func closedUnanswered(c *record.Connection) record.Verdict {
	a := leftUnanswered(c)
	v := record.Verdict{Code: record.VerdictClosedWithoutAnswer, Frames: append([]fsm.Frame{}, a.Frames...)}
	v.Sentence = "The server acknowledged the request that ends in " + phrase.Frame(a.Frames[0]) + " and closed in " + phrase.Frame(a.Frames[1]) + " without an answer" + answered(c) +
		": its application rejected it, crashed on it, or ran into a time limit of its own."
	return v
}

// timeWaitEnd tells what the RST behind a complete close did.
func timeWaitEnd(c *record.Connection) string {
	who := phrase.By(sideOf(c.Close.ResetBy))
	for i := range c.Close.TimeWait {
		switch h := &c.Close.TimeWait[i]; h.Ended {
		case "assassinated":
			return "the RST of " + who + " in " + phrase.Frame(c.Close.RST) + " ended the " + h.Side.String() + "'s TIME-WAIT (RFC 1337)"
		case "missing":
			return "the RST of " + who + " in " + phrase.Frame(c.Close.RST) + " shows that it kept no TIME-WAIT"
		}
	}
	return who + " sent a RST in " + phrase.Frame(c.Close.RST) + " afterwards"
}

// closing is the verdict when both FINs were sent and not both acknowledged.
func closing(c *record.Connection) record.Verdict {
	cl := &c.Close
	v := record.Verdict{Frames: []fsm.Frame{cl.FIN[0], cl.FIN[1], cl.FINAcked[0], cl.FINAcked[1]}}
	side := fsm.Client
	if cl.FINAcked[fsm.Client] != 0 {
		side = fsm.Server
	}
	watched := max(0, c.Until.Seconds(c.Last))
	u := &c.Tail[side].Unanswered
	v.Sentence = "Both sides closed (frames " + phrase.Bare(min(cl.FIN[0], cl.FIN[1])) + " and " + phrase.Bare(max(cl.FIN[0], cl.FIN[1])) + "), but " + phrase.By(side) + "'s FIN "
	switch {
	case c.Traffic[side].Retransmissions > 0 && u.Resent > 0 || watched > soon(c):
		v.Code = record.VerdictCloseUnacknowledged
		if u.Resent > 0 {
			v.Sentence += "was retransmitted " + phrase.Times(u.Resent)
			if u.Last > u.Time {
				v.Sentence += " in " + phrase.Duration(u.Last.Seconds(u.Time))
			}
			v.Frames = append(v.Frames, u.LastSent)
		}
		switch ack := ackOfFIN(c, side); {
		case ack != 0 && u.Resent > 0:
			v.Sentence += ", although " + phrase.By(side.Peer()) + " acknowledged it in " + phrase.Frame(ack) + ": nothing shows that the ACK was taken."
		case ack != 0:
			v.Sentence += "was acknowledged in " + phrase.Frame(ack) + ", and nothing shows that the ACK was taken."
		case u.Resent > 0:
			v.Sentence += " and never acknowledged."
		default:
			v.Sentence += "was never acknowledged in the remaining " + phrase.Duration(watched) + " of the capture."
		}
	default:
		v.Code = record.VerdictCaptureCut
		v.Sentence += "was not yet acknowledged when the capture " + phrase.EndedAfter(watched, c.LastFrame) + "."
	}
	return v
}

// ackOfFIN returns the frame in which side's peer acknowledged its FIN, or 0.
func ackOfFIN(c *record.Connection, side fsm.Side) fsm.Frame {
	if t := transition(c, side.Peer(), fsm.RecvFIN); t != nil {
		return t.Proof
	}
	return 0
}

// finTime returns when a side sent its FIN first.
func finTime(c *record.Connection, side fsm.Side) fsm.Time {
	if t := transition(c, side, fsm.SendFIN); t != nil {
		return t.Time
	}
	return c.Last
}

// transition returns the first transition of a side by an event, or nil.
func transition(c *record.Connection, side fsm.Side, ev fsm.Event) *fsm.Transition {
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Side == side && t.Event == ev {
			return t
		}
	}
	return nil
}

// halfClosed is the verdict when one side closed and the other did not.
func halfClosed(c *record.Connection) record.Verdict {
	cl := &c.Close
	x := fsm.Client
	if cl.FIN[x] == 0 {
		x = fsm.Server
	}
	y := x.Peer()
	v := record.Verdict{Frames: []fsm.Frame{cl.FIN[x], cl.FINAcked[x]}, Sure: true}
	watched := max(0, c.Until.Seconds(max(finTime(c, x), c.Tail[y].LastData)))
	fin := phrase.Capital(phrase.By(x)) + " closed its direction (FIN in " + phrase.Frame(cl.FIN[x]) + ")"
	switch {
	case anomaly(c, record.CheckCloseWaitStuck) != nil:
		v.Code = record.VerdictStuckCloseWait
		v.Sentence = fin + " and " + phrase.By(y) + ", which acknowledged it in " + phrase.Frame(cl.FINAcked[x]) + ", stayed in CLOSE-WAIT for the remaining " + phrase.Duration(watched) +
			" of the capture: its application did not close the socket."
	case anomaly(c, record.CheckFINWait2Stuck) != nil:
		v.Code, v.Sure = record.VerdictStuckFINWait2, anomaly(c, record.CheckFINWait2Stuck).Doubt == ""
		v.Sentence = fin + " and waited in FIN-WAIT-2 for the remaining " + phrase.Duration(watched) + " of the capture; " + phrase.By(y) + "'s FIN never came."
	case cl.FINAcked[x] == 0 && watched <= soon(c):
		v.Code, v.Sure = record.VerdictCaptureCut, false
		v.Sentence = fin + ", and the capture " + phrase.EndedAfter(watched, c.LastFrame) + ", before an ACK of it."
	case cl.FINAcked[x] == 0:
		v.Code, v.Sure = record.VerdictCloseUnacknowledged, false
		v.Sentence = fin + ", and that FIN was not acknowledged in the remaining " + phrase.Duration(watched) + " of the capture."
	default:
		v.Code = record.VerdictHalfClosed
		v.Sentence = fin
		if last := c.Tail[y].LastData; last > finTime(c, x) {
			v.Sentence += ", " + phrase.By(y) + " kept sending up to " + phrase.Frame(c.Tail[y].LastDataFrame)
			v.Frames = append(v.Frames, c.Tail[y].LastDataFrame)
		}
		v.Sentence += ", and the capture " + phrase.EndedAfter(max(0, c.Until.Seconds(c.Last)), c.LastFrame) + " while " + phrase.By(y) + "'s direction was still open."
	}
	return v
}
