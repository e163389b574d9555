package verdict

import (
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// probes are the findings that make a segment a scanner's, when no connection
// was open for it.
var probes = []record.CheckName{record.CheckFlagsNull, record.CheckFlagsXmas, record.CheckFlagsSYNFIN, record.CheckFlagsSYNRST, record.CheckFINWithoutACK, record.CheckFlagsNoACK}

func scanned(c *record.Connection) bool {
	return !c.Handshake.Complete && !c.Quality.Midstream && anomaly(c, probes...) != nil
}

var probeNames = map[record.CheckName]string{
	record.CheckFlagsNull:     "no flags at all (a null scan)",
	record.CheckFlagsXmas:     "FIN, PSH and URG (an Xmas scan)",
	record.CheckFlagsSYNFIN:   "SYN and FIN",
	record.CheckFlagsSYNRST:   "SYN and RST",
	record.CheckFINWithoutACK: "FIN without ACK (a FIN scan)",
	record.CheckFlagsNoACK:    "neither SYN, ACK nor RST",
}

func scanProbe(c *record.Connection) record.Verdict {
	a := anomaly(c, probes...)
	v := record.Verdict{Code: record.VerdictScanProbe, Frames: append([]fsm.Frame{}, a.Frames...), Sure: true}
	v.Sure = c.Handshake.SYNACK == 0 // one that is accepted may be meant
	v.Sentence = "A scan probe, not an attempt to connect: " + phrase.Frame(c.FirstFrame) + " carries " + probeNames[a.Name]
	probed := c.Joined.From.Peer() // by its port the prober may have been taken for the server
	switch answer := c.Tail[probed].LastFrame; {
	case c.Close.RST != 0 && c.Reset.Side == probed:
		v.Sentence += ", and " + phrase.Frame(c.Close.RST) + " answers it with a RST: the port is closed."
		v.Frames = append(v.Frames, c.Close.RST)
	case answer != 0:
		v.Sentence += ", and " + phrase.By(probed) + " answered in " + phrase.Frame(answer) + "."
		v.Frames = append(v.Frames, answer)
	default:
		v.Sentence += ", and " + nothing(c) + " came back."
	}
	return v
}

// strayProbe is the verdict on a segment out of nowhere that a RST answers.
func strayProbe(c *record.Connection) record.Verdict {
	a := anomaly(c, record.CheckStealthProbe)
	v := record.Verdict{Code: record.VerdictScanProbe, Frames: append([]fsm.Frame{c.FirstFrame}, a.Frames...)}
	v.Sentence = phrase.Capital(phrase.Frame(c.FirstFrame)) + " belongs to no connection in the capture, and a RST answers it"
	if c.LastFrame != c.FirstFrame {
		v.Sentence += " in " + phrase.Frame(c.LastFrame)
	}
	v.Sentence += ": probably a stealth scan, or the rest of a connection that one side no longer had."
	return v
}

// noConnection is the verdict on segments that opened and closed nothing.
func noConnection(c *record.Connection) record.Verdict {
	v := record.Verdict{Code: record.VerdictNoConnection, Frames: []fsm.Frame{c.FirstFrame, c.LastFrame}}
	n := c.Traffic[0].Packets + c.Traffic[1].Packets
	what := phrase.Capital(phrase.Counted(n, "segment", "segments")) + " without a connection"
	if n <= 1 {
		what = "A single segment without a connection"
	}
	v.Sentence = what + " (" + phrase.Frame(c.FirstFrame) + "): its connection ended before the capture began, or never existed."
	return v
}

func refused(c *record.Connection) record.Verdict {
	h := &c.Handshake
	v := record.Verdict{Code: record.VerdictRefused, Frames: []fsm.Frame{h.SYN, c.Close.RST}, Sure: true}
	v.Sentence = "The server refused the connection: its RST in " + phrase.Frame(c.Close.RST) + " answers the SYN in " + phrase.Frame(h.SYN)
	if h.SYNs > 1 {
		v.Sentence += ", which was sent " + phrase.Times(h.SYNs)
	}
	if c.Reset.Time != 0 && h.SYNs == 1 {
		v.Sentence += " after " + phrase.Duration(max(0, c.Reset.Time.Seconds(c.First)))
	}
	v.Sentence += "; nothing listens on port " + strconv.Itoa(int(c.Server.Port)) + ", or a firewall sent the RST."
	return v
}

// unanswered is the verdict on SYNs that nothing came back for.
func unanswered(c *record.Connection) record.Verdict {
	h, t := &c.Handshake, &c.Tail[fsm.Client]
	if h.HeldBy != 0 {
		return refusedByTimeWait(c)
	}
	watched := max(0, c.Until.Seconds(t.Last))
	v := record.Verdict{Code: record.VerdictUnanswered, Frames: []fsm.Frame{h.SYN, t.LastFrame}, Sure: true}
	if h.SYNs <= 1 {
		if watched < 1 {
			v.Code, v.Sure = record.VerdictCaptureCut, false
			v.Sentence = "The capture " + phrase.EndedAfter(watched, c.FirstFrame) + ", the SYN, too soon for an answer."
			return v
		}
		v.Sentence = "Nobody answered the SYN in " + phrase.Frame(c.FirstFrame) + ", which was sent once; " + nothing(c) + " came back in the remaining " + phrase.Duration(watched) + " of the capture."
		notedICMP(c, fsm.Client, &v)
		return v
	}
	u := &t.Unanswered
	v.Sentence = "Nobody answered: the client sent its SYN " + phrase.Times(h.SYNs) + " in " + phrase.Duration(max(0, t.Last.Seconds(c.First))) +
		" (frames " + phrase.Bare(c.FirstFrame) + " to " + phrase.Bare(t.LastFrame) + ", " + gaps(u) + "), and " + nothing(c) + " came back"
	if watched >= 0.05 {
		v.Sentence += ", nor in the " + phrase.Duration(watched) + " after it"
	}
	v.Sentence += "."
	notedICMP(c, fsm.Client, &v)
	return v
}

// refusedByTimeWait is the verdict on an attempt that met the connection before.
func refusedByTimeWait(c *record.Connection) record.Verdict {
	h, t := &c.Handshake, &c.Tail[fsm.Client]
	sent := "once"
	if h.SYNs > 1 {
		sent = phrase.Times(h.SYNs)
	}
	v := record.Verdict{Code: record.VerdictRefusedByTimeWait, Frames: []fsm.Frame{h.SYN, h.HeldBy, t.LastFrame}}
	end := ": the client sent its SYN " + sent + ", and no SYN-ACK came."
	switch h.HeldIn {
	case "TIME-WAIT":
		v.Sure = true
		v.Sentence = "The server still held the connection before on these ports in TIME-WAIT and answered from it (" + phrase.Frame(h.HeldBy) + ")" + end
	case "open":
		v.Code = record.VerdictUnanswered
		v.Sentence = "The server still had the connection before on these ports and answered from it (" + phrase.Frame(h.HeldBy) + "), not to the SYN" + end
	default:
		v.Sentence = "The server answered with an ACK that belongs to no connection in the capture (" + phrase.Frame(h.HeldBy) +
			"), probably from one before on these ports that it held in TIME-WAIT, or had open still" + end
	}
	return v
}

// wrongAnswers is the verdict on a SYN that was answered by nothing but RSTs that do not
// acknowledge it.
func wrongAnswers(c *record.Connection) record.Verdict {
	h, t := &c.Handshake, &c.Tail[fsm.Server]
	v := record.Verdict{Code: record.VerdictHandshakeBadNumber, Frames: []fsm.Frame{h.SYN, t.LastFrame}}
	a := anomaly(c, record.CheckRSTBadACK)
	if a != nil {
		v.Frames = append(v.Frames, a.Frames...)
	}
	v.Sentence = "The server answered the SYN in " + phrase.Frame(h.SYN) + " with nothing that acknowledges it (" + phrase.Frame(t.LastFrame) +
		"), which the client must ignore: a device on the path that gets the numbers wrong, somebody's guess, or an answer to something else."
	return v
}

// gaps writes how far repetitions lie apart.
func gaps(u *record.Unanswered) string {
	if u.Resent < 2 || u.LastGap < 1.2*u.FirstGap && u.FirstGap < 1.2*u.LastGap {
		return phrase.Duration(u.LastGap) + " apart"
	}
	return phrase.Duration(u.FirstGap) + " apart at first and " + phrase.Duration(u.LastGap) + " at last"
}

// abortedHandshake is the verdict on a connection that was reset before both
// sides were established.
func abortedHandshake(c *record.Connection) record.Verdict {
	if v, ok := badNumber(c); ok {
		return v
	}
	if refusesAnswers(c) {
		return unknownAnswers(c)
	}
	if otherDistance(c) {
		v := thirdParty(c)
		v.Frames = append(v.Frames, c.Handshake.SYN, c.Handshake.SYNACK, c.Close.RST)
		return v
	}
	h, r := &c.Handshake, &c.Reset
	v := record.Verdict{Frames: []fsm.Frame{h.SYN, h.SYNACK, c.Close.RST}}
	if sideOf(c.Close.ResetBy) == fsm.Client {
		v.Code = record.VerdictHandshakeAbortedByClient
		switch {
		case h.SYNACK == 0:
			v.Sentence = "The client cancelled its SYN in " + phrase.Frame(c.FirstFrame) + " with the RST in " + phrase.Frame(c.Close.RST) + " before any answer was captured."
		case isHealthCheck(c):
			v.Code = record.VerdictHealthCheck
			v.Sentence = "The client reset the connection in " + phrase.Frame(c.Close.RST) + sinceSYNACK(c) + " without data: a check whether the port answers, as load balancers make, or an attempt that was given up."
		case r.HasAck:
			v.Sentence = "The client reset the connection in " + phrase.Frame(c.Close.RST) + sinceSYNACK(c) + " instead of completing the handshake; it had probably given up."
		default:
			v.Sentence = "The client answered the SYN-ACK in " + phrase.Frame(h.SYNACK) + " with the RST in " + phrase.Frame(c.Close.RST) + sinceThat(c) +
				": a SYN scan, or a client that had given up or never sent that SYN."
		}
		return v
	}
	v.Code = record.VerdictHandshakeAbortedByServer
	v.Frames = append(v.Frames, h.ACK)
	switch {
	case h.ACK != 0:
		what := "the final ACK of the handshake"
		if h.ACK == c.Close.FIN[fsm.Client] {
			what = "the client's FIN, which completed the handshake,"
		}
		v.Sentence = "The server answered " + what + " in " + phrase.Frame(h.ACK) + " with the RST in " + phrase.Frame(c.Close.RST) +
			": its listening socket had been closed, its accept queue was full, or a middlebox in front of it rejected the client."
	case h.SYNACK != 0:
		v.Sentence = "The server cancelled its SYN-ACK in " + phrase.Frame(h.SYNACK) + " with the RST in " + phrase.Frame(c.Close.RST)
		if r.Own != 0 {
			v.Sentence += ", " + phrase.Duration(max(0, r.Time.Seconds(r.Own))) + " later,"
		}
		v.Sentence += " before the client's ACK was captured."
	default:
		v.Sentence = "The server reset the connection in " + phrase.Frame(c.Close.RST) + " before the handshake was complete."
	}
	return v
}

// isHealthCheck reports whether a client met a port that answers and left at once: its RST
// acknowledges the SYN-ACK, so a socket sent it, and no scanner that forges its SYNs.
func isHealthCheck(c *record.Connection) bool {
	r, h := &c.Reset, &c.Handshake
	return r.HasAck && h.SYNs == 1 && h.ACK == 0 && !carriedData(c) && r.PriorTime != 0 && r.Time.Seconds(r.PriorTime) <= soon(c)
}

func sinceSYNACK(c *record.Connection) string {
	if c.Reset.PriorTime == 0 {
		return ""
	}
	return ", " + phrase.Duration(max(0, c.Reset.Time.Seconds(c.Reset.PriorTime))) + " after " + phrase.Frame(c.Reset.Prior) + ","
}

func sinceThat(c *record.Connection) string {
	if c.Reset.PriorTime == 0 || c.Reset.Prior != c.Handshake.SYNACK {
		return ""
	}
	return " " + phrase.Duration(max(0, c.Reset.Time.Seconds(c.Reset.PriorTime))) + " later"
}

// badNumber is the verdict when a number of the handshake was wrong and the
// connection came to nothing.
func badNumber(c *record.Connection) (record.Verdict, bool) {
	a := anomaly(c, record.CheckHandshakeBadSYNACKAck, record.CheckHandshakeBadFinalACK)
	if a == nil || c.Handshake.Complete || len(a.Frames) == 0 {
		return record.Verdict{}, false
	}
	// The finding names the SYN, if it was captured, before the SYN-ACKs; what it has
	// seen is of the first of these, which need not be the one that counts.
	wrong, what := a.Frames[0], "the SYN-ACK in "
	switch {
	case a.Name == record.CheckHandshakeBadFinalACK:
		what = phrase.By(sideOf(a.Side)) + "'s ACK in "
	case len(a.Frames) > 1 && wrong == c.Handshake.SYN:
		wrong = a.Frames[1]
	}
	v := record.Verdict{Code: record.VerdictHandshakeBadNumber, Frames: append([]fsm.Frame{c.Handshake.SYN}, a.Frames...), Sure: true}
	number := "acknowledgment number"
	if strings.HasPrefix(a.Seen, "seq ") {
		number = "sequence number"
	}
	v.Sentence = "The handshake failed on a wrong " + number + ": " + what + phrase.Frame(wrong) + " has " + a.Seen + ", expected " + a.Expected
	if c.Close.RST != 0 {
		v.Sentence += ", and " + phrase.By(sideOf(c.Close.ResetBy)) + " reset it in " + phrase.Frame(c.Close.RST)
		v.Frames = append(v.Frames, c.Close.RST)
	}
	v.Sentence += "."
	return v, true
}

// opening is the verdict on a handshake that neither ended nor failed by a
// segment.
func opening(c *record.Connection) record.Verdict {
	if v, ok := badNumber(c); ok {
		return v
	}
	h, client, server := &c.Handshake, &c.Tail[fsm.Client], &c.Tail[fsm.Server]
	v := record.Verdict{Frames: []fsm.Frame{h.SYN, h.SYNACK, server.LastFrame, client.LastFrame}}
	u := &server.Unanswered
	watched := max(0, c.Until.Seconds(c.Last))
	switch {
	case h.HeldBy != 0 && h.SYNACK == 0:
		return refusedByTimeWait(c)
	case h.SYNACK == 0 && h.SYN != 0 && server.LastFrame != 0 && c.State[fsm.Client].State == fsm.SynSent:
		return wrongAnswers(c)
	case h.SYNACK != 0 && h.ACK == 0 && (h.SYNACKs > 1 || watched > soon(c)):
		v.Code = record.VerdictSYNACKUnacknowledged
		var b strings.Builder
		b.WriteString("The client never acknowledged the SYN-ACK in " + phrase.Frame(h.SYNACK))
		if h.SYNACKs > 1 {
			b.WriteString(", which the server sent " + phrase.Times(h.SYNACKs))
			if h.SYNs == 1 && u.Resent > 0 {
				b.WriteString(" in " + phrase.Duration(max(0, u.Last.Seconds(u.Time))))
			}
		} else {
			b.WriteString(" in the remaining " + phrase.Duration(watched) + " of the capture")
		}
		if h.SYNs > 1 {
			b.WriteString(", and sent its SYN " + phrase.Times(h.SYNs) + ": the SYN-ACK probably does not reach it.")
		} else {
			b.WriteString(": probably a SYN flood, a scan, a spoofed address, or a path that works one way only.")
		}
		v.Sentence = b.String()
		notedICMP(c, fsm.Server, &v)
	case u.Resent >= 2 && h.ACK != 0:
		v.Code = record.VerdictSYNACKUnacknowledged
		v.Sentence = "The server sent its SYN-ACK " + phrase.Times(h.SYNACKs) + " although the client acknowledged it in " + phrase.Frame(h.ACK) + ": the ACK does not reach it, its accept queue is full, or it waits for data (TCP_DEFER_ACCEPT)."
	case heldOn(c):
		v.Code = record.VerdictRefusedByTimeWait
		a := anomaly(c, record.CheckHalfOpenRecovery)
		v.Frames = append(v.Frames, a.Frames...)
		v.Sentence = "The server still held an earlier connection of these addresses and ports, as it sees them, and answered the SYN by an ACK of that (" + phrase.Frame(a.Frames[1]) +
			"), again after the client's RST: probably one in TIME-WAIT, which a RST does not end there (RFC 1337). The client sent its SYN " + phrase.Times(h.SYNs) + ", and no SYN-ACK came."
	default:
		v.Code = record.VerdictCaptureCut
		v.Sentence = "The capture " + phrase.EndedAfter(watched, c.LastFrame) + ", during the handshake."
	}
	return v
}

func notFollowed(c *record.Connection) record.Verdict {
	return record.Verdict{
		Code: record.VerdictNotFollowed, Frames: []fsm.Frame{c.FirstFrame, c.LastFrame},
		Sentence: "The analysis followed this connection from " + phrase.Frame(c.FirstFrame) + " to " + phrase.Frame(c.LastFrame) + " only: it was evicted because too many connections were open.",
	}
}

// heldOn reports whether the server answered the client's SYNs from an earlier connection
// that the client's RST did not end. Only a TIME-WAIT that ignores it is not ended.
func heldOn(c *record.Connection) bool {
	a, h := anomaly(c, record.CheckHalfOpenRecovery), &c.Handshake
	return a != nil && len(a.Frames) == 3 && h.SYNACK == 0 && h.SYNs >= 2 && c.Traffic[fsm.Server].Packets >= 2 && c.Tail[fsm.Server].LastFrame > a.Frames[2]
}
