package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// gone finds connections whose other end, or the path to it, was no longer
// there: probes or repetitions without an answer to the end.
func gone(c *record.Connection) (record.Verdict, bool) {
	for x := fsm.Client; x <= fsm.Server; x++ {
		t := &c.Tail[x]
		if t.Keepalives >= 3 && t.Heard != 0 {
			return deadByKeepalive(c, x), true
		}
		if t.Unanswered.Resent >= 2 && c.Tail[x.Peer()].LastFrame != 0 {
			v := vanished(c, x)
			toldByICMP(c, x, &v)
			return v, true
		}
	}
	return record.Verdict{}, false
}

// vanished is the verdict when a side repeated itself in vain.
func vanished(c *record.Connection, x fsm.Side) record.Verdict {
	t, y := &c.Tail[x], x.Peer()
	u := &t.Unanswered
	v := record.Verdict{Code: record.VerdictPeerVanished, Frames: []fsm.Frame{c.Tail[y].LastFrame, u.Frame, u.LastSent}}
	what, outstanding := "what it had sent", ""
	switch {
	case c.Close.FIN[x] != 0 && t.Outstanding <= 1:
		what = "its FIN"
	case t.Outstanding > 0:
		what, outstanding = "unacknowledged data", ", "+phrase.Size(uint64(t.Outstanding))+" outstanding"
	}
	last := c.Tail[y].LastFrame
	tried := phrase.By(x) + " retransmitted " + what + " " + phrase.Times(u.Resent) + " in " + phrase.Duration(max(0, u.Last.Seconds(u.Time)))
	how := "(" + phrase.Frame(u.Frame)
	if u.LastSent != u.Frame {
		how = "(frames " + phrase.Bare(u.Frame) + " to " + phrase.Bare(u.LastSent)
	}
	how += ", " + gaps(u) + outstanding + ")"
	end := "to the end of the capture"
	if c.Reset.Frame != 0 {
		end = "and then gave up with the RST in " + phrase.Frame(c.Reset.Frame)
	}
	if u.Idle >= longSilence {
		v.Code = record.VerdictDroppedWhileIdle
		v.Sentence = "After " + phrase.Duration(u.Idle) + " of silence " + tried + " without an answer " + how + ", " + end +
			": probably a firewall or NAT on the path had dropped its state, or " + phrase.By(y) + " was gone."
		return v
	}
	if y == fsm.Server && onlySYNACKs(c) {
		v.Frames = append(v.Frames, c.Handshake.SYNACK)
		v.Sentence = "The server sent nothing but its SYN-ACK (" + phrase.Frame(last) + "); " + tried + " without an answer " + how + ", " + end + ": " + silentServer(c)
		return v
	}
	v.Sentence = phrase.Capital(phrase.By(y)) + " was last heard in " + phrase.Frame(last) + "; " + tried + " without an answer " + how + ", " + end + ": it, or the path to it, was probably down."
	return v
}

// silentServer says what a server may be that sends nothing behind its SYN-ACK, the likeliest
// first. What was captured near it has reached it.
func silentServer(c *record.Connection) string {
	switch {
	case nearServer(c):
		return "captured near the server, so its accept queue was probably full, or it was down."
	case c.Handshake.SYNACKs > 1:
		return "its accept queue was probably full, or what the client sent did not reach it."
	}
	return "its accept queue was full, a firewall dropped the data, or it, or the path to it, went down."
}

// onlySYNACKs reports whether nothing was captured of the server but its SYN-ACK, although
// the client acknowledged it.
func onlySYNACKs(c *record.Connection) bool {
	h := &c.Handshake
	return h.SYNACKs > 0 && h.ACK != 0 && c.Traffic[fsm.Server].Packets == uint64(h.SYNACKs)
}

// notTakenUp reports whether the server did not take the connection up while the client sent
// its data again, as far as the tap shows.
func notTakenUp(c *record.Connection) bool {
	return anomaly(c, record.CheckAcceptQueueFull) != nil || nearServer(c) && onlySYNACKs(c)
}

func nearServer(c *record.Connection) bool { return c.Handshake.Vantage == "near-server" }

// superseded is the verdict when a new connection took the place of one that was
// not closed.
func superseded(c *record.Connection) record.Verdict {
	v := record.Verdict{Code: record.VerdictSuperseded, Frames: []fsm.Frame{c.LastFrame, c.Superseded}}
	if c.LastFrame > c.Superseded {
		v.Sentence = "Never closed: a new connection was attempted on its addresses and ports from " + phrase.Frame(c.Superseded) + " on, while it was still answered for (" + phrase.Frame(c.LastFrame) + " at last); one side had probably lost it."
		return v
	}
	v.Sentence = "Never closed: a new connection reused its addresses and ports in " + phrase.Frame(c.Superseded) + ", " +
		phrase.Duration(max(0, c.Until.Seconds(c.Last))) + " after the last segment (" + phrase.Frame(c.LastFrame) + "); one side or both had probably lost it, or its end was not captured."
	return v
}

// open is the verdict on a connection that nobody had closed.
func open(c *record.Connection) record.Verdict {
	v := record.Verdict{Frames: []fsm.Frame{c.LastFrame}, Sure: true}
	since := max(0, c.Until.Seconds(c.Last))
	for x := fsm.Client; x <= fsm.Server; x++ {
		if z := &c.Traffic[x.Peer()]; c.Tail[x.Peer()].WindowClosed && c.Tail[x.Peer()].LastFrame != 0 {
			v.Code = record.VerdictWindowClosed
			v.Sentence = phrase.Capital(phrase.By(x.Peer())) + "'s receive window was zero, for " + phrase.Duration(z.ZeroWindowTime) + " in all, when the capture ended (last segment: " + phrase.Frame(c.LastFrame) + "): its application did not read."
			return v
		}
	}
	v.Code = record.VerdictStillOpen
	if c.Quality.Midstream {
		v.Code, v.Sure = record.VerdictJoinedMidway, false
		v.Frames = append(v.Frames, c.FirstFrame)
		v.Sentence = "Mid-stream: handshake not captured (first segment: " + phrase.Frame(c.FirstFrame) + "), and the capture ended before the connection was closed; it holds " + phrase.Duration(max(0, c.Last.Seconds(c.First))) + " of it."
		return v
	}
	for x := fsm.Client; x <= fsm.Server; x++ {
		if n := c.Tail[x].Outstanding; n > 0 && since <= soon(c) && c.Tail[x].LastData > 0 {
			v.Code, v.Sure = record.VerdictCaptureCut, false
			v.Sentence = "The capture " + phrase.EndedAfter(since, c.LastFrame) + " in the middle of a transfer, with " + phrase.Size(uint64(n)) + " of " + phrase.By(x) + " unacknowledged."
			return v
		}
	}
	v.Sentence = "Open on both sides when the capture " + phrase.EndedAfter(since, c.LastFrame) + ", its last segment."
	for x := fsm.Client; x <= fsm.Server; x++ {
		if n := c.Tail[x].Outstanding; n > 0 && c.Tail[x].LastData > 0 {
			v.Sure = false
			v.Sentence = "Open when the capture ended, but the " + phrase.Size(uint64(n)) + " of " + phrase.By(x) + " in " + phrase.Frame(c.Tail[x].LastDataFrame) + " had not been acknowledged for " +
				phrase.Duration(max(0, c.Until.Seconds(c.Tail[x].LastData))) + "."
			v.Frames = append(v.Frames, c.Tail[x].LastDataFrame)
		}
	}
	return v
}

// oneDirection is the verdict when only one side was captured: what it did is
// certain, what it met is not.
func oneDirection(c *record.Connection) record.Verdict {
	x := fsm.Client
	if c.Tail[x].LastFrame == 0 {
		x = fsm.Server
	}
	cl := &c.Close
	v := record.Verdict{Code: record.VerdictOneDirectionOnly, Frames: []fsm.Frame{c.FirstFrame, cl.FIN[x], c.LastFrame}}
	if h := &c.Handshake; x == fsm.Server && h.SYNACK != 0 && c.State[x].State == fsm.SynReceived {
		v.Sentence = "Nothing but SYN-ACKs of the server was captured (" + phrase.Counted(h.SYNACKs, "SYN-ACK", "SYN-ACKs") + ", from " + phrase.Frame(h.SYNACK) + " on): the other direction is missing from the capture, or somebody forged SYNs in the client's name (backscatter) and there is no client."
		return v
	}
	v.Sentence = "Only " + phrase.By(x) + "'s segments were captured (frames " + phrase.Bare(c.FirstFrame) + " to " + phrase.Bare(c.LastFrame) + "): it sent " + phrase.Size(c.Traffic[x].UniqueBytes)
	switch {
	case cl.RST != 0 && sideOf(cl.ResetBy) == x:
		v.Sentence += " and reset the connection in " + phrase.Frame(cl.RST) + "."
		v.Frames = append(v.Frames, cl.RST)
	case cl.FIN[x] != 0 && (c.State[x].State == fsm.TimeWait || c.State[x].State == fsm.Closed):
		v.Sentence += " and closed in " + phrase.Frame(cl.FIN[x]) + ", and what it acknowledged shows that " + phrase.By(x.Peer()) + " closed too."
	case cl.FIN[x] != 0:
		v.Sentence += " and closed in " + phrase.Frame(cl.FIN[x]) + "."
	default:
		v.Sentence += " and had not closed when the capture ended."
	}
	return v
}
