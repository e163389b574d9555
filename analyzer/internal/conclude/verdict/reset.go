package verdict

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Thresholds, in seconds.
const (
	longSilence = 60 // after which something between the two may have forgotten the connection
	idle        = 10 // after which a reset ends a silence, not a transfer

	atOnce = 0.001 // within which a FIN and a RST are one call, which closes

	stream = 50_000 // bytes that make data a stream, not an answer
)

// reset is the verdict on an open connection that a RST ended. What tells the
// causes apart: an endpoint that aborts of itself sets ACK on its RST, one that
// knows no connection and answers a segment does not (RFC 9293 §3.10.7.1, whose
// <SEQ=SEG.ACK><CTL=RST> needs none); and what passed before.
func reset(c *record.Connection) record.Verdict {
	r := &c.Reset
	if c.Second.RST != 0 && c.Second.RST == c.Close.RST {
		return resetBySecond(c)
	}
	if r.Frame == 0 {
		return record.Verdict{
			Code: record.VerdictResetInPlaceOfClose, Frames: []fsm.Frame{c.Close.RST},
			Sentence: phrase.Capital(phrase.By(sideOf(c.Close.ResetBy))) + " reset the connection in " + phrase.Frame(c.Close.RST) + ".",
		}
	}
	var v record.Verdict
	switch x, y := r.Side, r.Side.Peer(); {
	case c.MPTCP != nil && c.MPTCP.Close.Frame == r.Frame:
		v = fastClosed(c)
	case unasked(c):
		v = refusedUnasked(c)
	case wentOn(c) && !r.Apart:
		v = injected(c)
	case keepalivesFailed(c, x):
		v = deadByKeepalive(c, x)
	case anomaly(c, record.CheckHalfOpenRecovery) != nil:
		v = halfOpenRecovery(c)
	case c.Tail[x].Unanswered.Resent >= 2 && c.Tail[y].Last <= c.Tail[x].Unanswered.Time:
		v = vanished(c, x)
		v.Frames = append(v.Frames, r.Frame)
	case otherDistance(c), r.Apart:
		v = thirdParty(c)
	case c.Close.FIN[x] != 0:
		v = resetAfterFIN(c)
	case metNoConnection(c):
		v = stateLost(c)
	case c.Close.FIN[y] != 0 && (!r.FINCrossed || r.CloseNotify != 0):
		v = resetForFIN(c)
	case c.Close.FIN[y] != 0 && r.HasAck:
		v = resetCrossedByFIN(c)
	case !r.HasAck && r.PriorTime > r.Own:
		v = stateLost(c)
	default:
		v = resetByProgram(c)
	}
	v.Frames = append(v.Frames, r.Frame)
	return v
}

// resetByProgram is the verdict on a RST that no other cause explains: what had passed
// tells what the program of its sender may have meant by it.
func resetByProgram(c *record.Connection) record.Verdict {
	r := &c.Reset
	switch x, y := r.Side, r.Side.Peer(); {
	case r.OwnData == 0 && r.PeerData == 0 && !carriedData(c):
		return resetAfterConnect(c)
	case leftUnread(c):
		return resetWithWindowTaken(c)
	case r.OwnCloseNotify != 0 && r.HasAck && r.PeerOutstanding == 0:
		return resetBehindAlert(c)
	case r.Silence >= idle:
		return resetIdle(c)
	case r.PeerOutstanding > 0 && c.Traffic[y].UniqueBytes > uint64(r.PeerOutstanding):
		return resetMidTransfer(c)
	case r.PeerData > r.OwnData && x == fsm.Server && !upload(c) && !answering(c):
		return resetUnanswered(c)
	case underWay(c):
		return resetMidTransfer(c)
	}
	return resetInPlaceOfClose(c)
}

// keepalivesFailed reports whether the side gave its peer up for not answering its
// keepalive probes.
func keepalivesFailed(c *record.Connection, x fsm.Side) bool {
	t := &c.Tail[x]
	return t.Heard != 0 && (t.Keepalives >= 3 || anomaly(c, record.CheckKeepaliveDeadPeer) != nil && t.Keepalives > 0)
}

// metNoConnection reports whether the RST answers a FIN that its side did not take.
func metNoConnection(c *record.Connection) bool {
	r := &c.Reset
	took := transition(c, r.Side, fsm.RecvFIN) != nil
	return !took && !r.HasAck && r.PriorFIN && r.PriorTime > r.Own
}

// wentOn reports whether the side in whose name the RST came was seen to send on.
func wentOn(c *record.Connection) bool {
	a := anomaly(c, record.CheckRSTInjectionSuspected)
	return a != nil && len(a.Frames) > 1 && a.Frames[0] == c.Reset.Frame
}

func injected(c *record.Connection) record.Verdict {
	a := anomaly(c, record.CheckRSTInjectionSuspected)
	v := record.Verdict{Code: record.VerdictResetInjected, Frames: append([]fsm.Frame{}, a.Frames...), Sure: false}
	side := phrase.By(sideOf(a.Side))
	v.Sentence = "The RST in " + phrase.Frame(a.Frames[0]) + " was probably injected in the name of " + side + ", which continued in " + phrase.Frame(a.Frames[1])
	if otherDistance(c) {
		v.Sentence += ", and the RST has " + ttls(&c.Reset)
	}
	v.Sentence += "."
	return v
}

// otherDistance reports whether the RST's TTL tells of another number of hops
// than its side's other packets. Hosts begin at 64, 128 or 255, some with
// another of these for a RST, so the hops are what is compared. Where frames were
// captured before and behind a router, one hop more or less means nothing, unless the
// RST was captured where the others are first.
func otherDistance(c *record.Connection) bool {
	r := &c.Reset
	if r.HostTTL == 0 || r.TTL == 0 {
		return false
	}
	far := record.Hops(r.TTL) - record.Hops(r.HostTTL)
	return far != 0 && (c.Quality.Doubled == 0 || r.There || far < -1 || far > 1)
}

func ttls(r *record.Reset) string {
	return "TTL " + strconv.Itoa(int(r.TTL)) + " where " + phrase.By(r.Side) + "'s other packets have " + strconv.Itoa(int(r.HostTTL))
}

// thirdParty is the verdict on a RST from another distance. After a long silence
// it is the sign of a device that has forgotten the connection.
func thirdParty(c *record.Connection) record.Verdict {
	r := &c.Reset
	told := "has " + ttls(r)
	if r.Apart {
		told = "was captured only where " + phrase.By(r.Side) + "'s other packets come by for the second time"
	}
	switch answers := r.PriorTime > r.Own && r.Time.Seconds(r.PriorTime) <= soon(c); {
	case r.Silence >= longSilence && !answers: // nothing that came before it
		return record.Verdict{
			Code: record.VerdictResetByThirdParty, Frames: []fsm.Frame{r.Prior},
			Sentence: "After " + phrase.Duration(r.Silence) + " of silence a RST in the name of " + phrase.By(r.Side) + " came in " + phrase.Frame(r.Frame) + ", which " + told +
				": a middlebox with an idle timeout, such as a load balancer, probably sent it.",
		}
	case r.Silence >= longSilence:
		return record.Verdict{
			Code: record.VerdictDroppedWhileIdle, Frames: []fsm.Frame{r.Prior},
			Sentence: "After " + phrase.Duration(r.Silence) + " of silence " + phrase.Frame(r.Prior) + " of " + phrase.By(r.Side.Peer()) + " was answered by a RST in " + phrase.Frame(r.Frame) + ", which " + told +
				": probably a firewall or NAT on the path had dropped its state.",
		}
	}
	return record.Verdict{
		Code: record.VerdictResetByThirdParty, Frames: []fsm.Frame{r.Prior},
		Sentence: "The RST in " + phrase.Frame(r.Frame) + " " + told + ": a middlebox probably sent it in " + phrase.By(r.Side) + "'s name.",
	}
}

func deadByKeepalive(c *record.Connection, x fsm.Side) record.Verdict {
	t, k := &c.Tail[x], &c.Traffic[x].Keepalive
	v := record.Verdict{Code: record.VerdictDeadByKeepalive, Frames: []fsm.Frame{t.Heard}, Sure: t.Keepalives >= 3}
	if a := anomaly(c, record.CheckKeepaliveDeadPeer); a != nil {
		v.Frames = append(v.Frames, a.Frames...)
		v.Sure = v.Sure && a.Doubt == ""
	}
	v.Sentence = phrase.Capital(phrase.By(x.Peer())) + " was last heard in " + phrase.Frame(t.Heard) + " and did not answer the last " +
		phrase.Counted(t.Keepalives, "keepalive probe", "keepalive probes") + " of " + phrase.By(x)
	if k.MaxInterval > 0 {
		v.Sentence += ", " + phrase.Duration(k.MaxInterval) + " apart"
	}
	if c.Reset.Frame != 0 && c.Reset.Side == x {
		v.Sentence += "; " + phrase.By(x) + " gave the connection up with the RST in " + phrase.Frame(c.Reset.Frame)
		if again := c.Tail[x.Peer()].LastFrame; again > c.Reset.Frame {
			v.Sentence += ", and " + phrase.By(x.Peer()) + " was heard again later, in " + phrase.Frame(again) + " at the latest"
		}
	}
	v.Sentence += "."
	return v
}

func halfOpenRecovery(c *record.Connection) record.Verdict {
	a := anomaly(c, record.CheckHalfOpenRecovery)
	x := c.Reset.Side
	v := record.Verdict{Code: record.VerdictResetStateLost, Frames: append([]fsm.Frame{}, a.Frames...), Sure: true}
	v.Sentence = phrase.Capital(phrase.By(x)) + " had lost the connection and opened a new one from the same port in " + phrase.Frame(a.Frames[0]) + "; " +
		phrase.By(x.Peer()) + "'s ACK told it of the old one, which it reset in " + phrase.Frame(c.Reset.Frame) + "."
	return v
}

// carriedData reports whether either side sent data, captured or not.
func carriedData(c *record.Connection) bool {
	return c.Traffic[0].Bytes+c.Traffic[1].Bytes > 0 || c.Quality.GapBytes > 0
}

// upload reports whether what the client sent is more than requests: a stream for
// each answer that it got, or by far more than it got.
func upload(c *record.Connection) bool {
	sent, got := c.Traffic[fsm.Client].UniqueBytes, c.Traffic[fsm.Server].UniqueBytes
	return sent > stream*uint64(c.Lifetime.Exchanges+1) || sent > 20*stream && sent > 10*got
}

// answering reports whether the server was in the middle of what it had to say when it
// reset the connection.
func answering(c *record.Connection) bool {
	r := &c.Reset
	return r.OwnData != 0 && (r.OwnOutstanding > 0 ||
		c.Traffic[r.Side].UniqueBytes > stream && r.Time.Seconds(r.OwnData) < max(0.02, 1.5*pathRTT(c)))
}

func resetAfterConnect(c *record.Connection) record.Verdict {
	r := &c.Reset
	v := record.Verdict{Code: record.VerdictResetAfterConnect, Frames: []fsm.Frame{c.Handshake.ACK}, Sure: true}
	v.Sentence = phrase.Capital(phrase.By(r.Side)) + " reset the connection in " + phrase.Frame(r.Frame) + " before any data was sent"
	if since := max(r.Own, r.PriorTime); since != 0 {
		v.Sentence += ", " + phrase.Duration(max(0, r.Time.Seconds(since))) + " after the handshake"
	}
	if joins(c) {
		v.Code, v.Sure = record.VerdictResetInPlaceOfClose, false
		v.Sentence += ": a subflow that an MPTCP connection has no use for any more, or cannot use."
	} else if r.Side == fsm.Client {
		v.Sentence += ", as a port scan or a health check does."
	} else {
		v.Sentence += ": its application, or a middlebox in front of it, refused the client."
	}
	return v
}

func resetIdle(c *record.Connection) record.Verdict {
	r := &c.Reset
	return record.Verdict{
		Code: record.VerdictResetIdle, Frames: []fsm.Frame{r.Prior},
		Sentence: phrase.Capital(phrase.By(r.Side)) + " reset the connection in " + phrase.Frame(r.Frame) + " after " + phrase.Duration(r.Silence) + " of silence, probably because of an idle timeout.",
	}
}

// resetUnanswered is the verdict on a server that reset instead of answering.
func resetUnanswered(c *record.Connection) record.Verdict {
	r := &c.Reset
	x, y := r.Side, r.Side.Peer()
	data := r.PeerFrame
	after := max(0, r.Time.Seconds(r.PeerData))
	v := record.Verdict{Frames: []fsm.Frame{data}}
	if after <= max(0.02, 1.5*pathRTT(c)) {
		v.Code = record.VerdictResetAfterRequest
		v.Sentence = phrase.Capital(phrase.By(x)) + " reset the connection in " + phrase.Frame(r.Frame) + ", " + phrase.Duration(after) + " after " + phrase.By(y) + "'s data in " + phrase.Frame(data) + ", without a response" + answered(c) + ": the application probably rejected it, closing with it unread, or crashed on it."
		return v
	}
	v.Code = record.VerdictResetUnreadData
	v.Sentence = phrase.Capital(phrase.By(x)) + " reset the connection in " + phrase.Frame(r.Frame) + ", " + phrase.Duration(after) + " after " + phrase.By(y) + "'s data in " + phrase.Frame(data) + ", to which it sent no response" + answered(c) + ": its application probably closed with that data unread, or a time limit of its own ran out."
	return v
}

// answered tells of what the server had answered before.
func answered(c *record.Connection) string {
	if n := c.Lifetime.Exchanges; n > 0 {
		return " (" + phrase.Counted(n, "request", "requests") + " answered before)"
	}
	return ""
}

// underWay reports whether data was on its way when the RST came: some of it
// not acknowledged, or the last of it no longer ago than a few round trips.
func underWay(c *record.Connection) bool {
	r := &c.Reset
	if r.OwnOutstanding > 0 || r.PeerOutstanding > 0 {
		return true
	}
	// A stream that is cut off where it pauses for an ACK.
	return r.PeerData > r.OwnData && r.Time.Seconds(r.PeerData) < max(0.02, 1.5*pathRTT(c)) && c.Traffic[r.Side.Peer()].UniqueBytes > stream
}

func resetMidTransfer(c *record.Connection) record.Verdict {
	r := &c.Reset
	x, y := r.Side, r.Side.Peer()
	v := record.Verdict{Code: record.VerdictResetMidTransfer, Frames: []fsm.Frame{max(r.OwnFrame, r.PeerFrame)}, Sure: true}
	v.Sentence = phrase.Capital(phrase.By(x)) + " reset the connection in " + phrase.Frame(r.Frame) + " in the middle of a transfer, "
	switch own, theirs := r.OwnOutstanding, r.PeerOutstanding; {
	case theirs > 0 && r.HasAck && r.OwnData != 0 && r.OwnData > c.Tail[y].FirstData:
		v.Sure = false
		v.Sentence += "with " + phrase.Size(uint64(theirs)) + " of " + phrase.By(y) + "'s data unacknowledged, after its own data in " + phrase.Frame(r.OwnFrame) + ": its application probably closed with some of it unread, or aborted (SO_LINGER 0)."
	case theirs > 0:
		v.Sentence += "with " + phrase.Size(uint64(theirs)) + " of " + phrase.By(y) + "'s data unacknowledged."
	case own > 0:
		v.Sentence += "with " + phrase.Size(uint64(own)) + " of its own data unacknowledged."
	default:
		v.Sentence += phrase.Duration(max(0, r.Time.Seconds(r.PeerData))) + " after " + phrase.By(y) + "'s data in " + phrase.Frame(r.PeerFrame) + "."
	}
	return v
}

// resetBehindAlert is the verdict on a side that has taken all, says good-bye and resets.
func resetBehindAlert(c *record.Connection) record.Verdict {
	r := &c.Reset
	return record.Verdict{
		Code: record.VerdictResetInPlaceOfClose, Frames: []fsm.Frame{r.OwnCloseNotify},
		Sentence: phrase.Capital(phrase.By(r.Side)) + " ended the connection with the RST in " + phrase.Frame(r.Frame) + " instead of a FIN, " +
			phrase.Duration(max(0, r.Time.Seconds(r.OwnData))) + " after what looks like its close_notify of TLS in " + phrase.Frame(r.OwnCloseNotify) + ". Nothing else was unacknowledged.",
	}
}

func resetInPlaceOfClose(c *record.Connection) record.Verdict {
	r := &c.Reset
	v := record.Verdict{Code: record.VerdictResetInPlaceOfClose, Frames: []fsm.Frame{r.OwnFrame, r.PeerFrame}}
	latest := max(r.OwnData, r.PeerData)
	if latest == 0 { // none was captured before the RST
		v.Sentence = phrase.Capital(phrase.By(r.Side)) + " ended the connection with the RST in " + phrase.Frame(r.Frame) + " instead of a FIN."
		return v
	}
	v.Sentence = phrase.Capital(phrase.By(r.Side)) + " ended the connection with the RST in " + phrase.Frame(r.Frame) + " instead of a FIN, " + phrase.Duration(max(0, r.Time.Seconds(latest))) + " after the last data"
	if r.PeerData != latest && answering(c) {
		v.Sentence += ": its program was ended with data unread, or aborted (SO_LINGER 0), in the middle of what it sent or at its end."
	} else if r.PeerData == latest {
		v.Sentence += ": an abort (SO_LINGER 0), or its application closed without reading that data."
	} else {
		v.Sentence += ", all of it acknowledged: probably an abort (SO_LINGER 0) to avoid TIME-WAIT"
		if r.PeerData != 0 {
			v.Sentence += ", or its application closed with data unread"
		}
		v.Sentence += "."
	}
	return v
}

// leftUnread reports whether the window of the side that aborted shows that its application
// had left data unread: what it reads opens the window again.
func leftUnread(c *record.Connection) bool {
	r := &c.Reset
	x, y := r.Side, r.Side.Peer()
	return r.WindowTaken >= leastUnread && 4*r.WindowTaken >= c.Traffic[x].MaxWindow && c.Traffic[y].UniqueBytes >= leastUnread && r.PeerData != 0
}

// leastUnread is how much of a window must be taken to say that data is unread, in bytes:
// more than a few segments, which may not have been read yet.
const leastUnread = 16_000

// resetWithWindowTaken is the verdict on a side that aborted with data unread.
func resetWithWindowTaken(c *record.Connection) record.Verdict {
	r := &c.Reset
	x, y := r.Side, r.Side.Peer()
	v := record.Verdict{Code: record.VerdictResetUnreadData, Frames: []fsm.Frame{r.OwnFrame, r.PeerFrame}}
	v.Sentence = phrase.Capital(phrase.By(x)) + " reset the connection in " + phrase.Frame(r.Frame)
	if r.OwnData != 0 {
		v.Sentence += ", " + phrase.Duration(max(0, r.Time.Seconds(r.OwnData))) + " after its own data in " + phrase.Frame(r.OwnFrame) + ","
	}
	v.Sentence += " when its receive window was " + phrase.Size(uint64(r.WindowTaken)) + " smaller than at its largest: its application probably closed with data of " + phrase.By(y) + " unread."
	return v
}

// unasked reports whether all that the capture holds is a SYN-ACK without its SYN and the
// client's RST, without ACK, as of a host that does not know the connection.
func unasked(c *record.Connection) bool {
	r := &c.Reset
	return c.Quality.Midstream && c.Joined.From == fsm.Server && c.Handshake.SYNACK == c.FirstFrame && c.Handshake.SYN == 0 &&
		r.Side == fsm.Client && !r.HasAck && c.Traffic[fsm.Client].Packets == r.Sent && !carriedData(c)
}

func refusedUnasked(c *record.Connection) record.Verdict {
	r := &c.Reset
	return record.Verdict{
		Code: record.VerdictNoConnection, Frames: []fsm.Frame{c.FirstFrame},
		Sentence: "The SYN-ACK in " + phrase.Frame(c.FirstFrame) + " answers a SYN that the capture does not hold, and the client does not know it: it refused it with the RST in " + phrase.Frame(r.Frame) +
			". It may have sent its SYN to another address, where the answer bypasses an address translation; or somebody else sent a SYN in its name.",
	}
}
