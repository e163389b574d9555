package verdict

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// resetAfterFIN is the verdict on a RST from a side that had closed before.
func resetAfterFIN(c *record.Connection) record.Verdict {
	r := &c.Reset
	x, y := r.Side, r.Side.Peer()
	fin := c.Close.FIN[x]
	v := record.Verdict{Frames: []fsm.Frame{fin, r.Prior}, Sure: true}
	late := anomaly(c, record.CheckDataToClosedSocket)
	if late != nil && late.Side != x.String() {
		late = nil
	}
	switch {
	case r.GaveUpAfter > 0:
		v.Code, v.Sure = record.VerdictClosedLate, false
		v.Frames = append(v.Frames, c.Close.FINAcked[x], c.Close.FIN[y])
		v.Sentence = phrase.Capital(phrase.By(x)) + " closed in " + phrase.Frame(fin) + " and " + phrase.By(y) + " only " + phrase.Duration(r.GaveUpAfter) + " after acknowledging that (FIN in " +
			phrase.Frame(c.Close.FIN[y]) + "): " + phrase.By(x) + ", which answered with the RST in " + phrase.Frame(r.Frame) + ", had probably given FIN-WAIT-2 up (after 60 s on Linux)."
	case r.CloseNotify != 0:
		v.Code, v.Sure = record.VerdictClosedBeforeAlert, false // it is encrypted
		v.Frames = append(v.Frames, r.CloseNotify)
		v.Sentence = phrase.Capital(phrase.By(x)) + " closed in " + phrase.Frame(fin) + " and answered what looks like " + phrase.By(y) + "'s close_notify of TLS in " + phrase.Frame(r.CloseNotify) +
			" with the RST in " + phrase.Frame(r.Frame) + ": nothing else was lost."
	case r.Crossed.From != 0 && late != nil:
		return requestCrossed(c)
	case c.Close.FIN[y] != 0 && late == nil && !r.FINCrossed:
		v.Code = record.VerdictClosedWithReset
		v.Frames = append(v.Frames, c.Close.FIN[y])
		v.Sentence = "Both sides closed (FIN of " + phrase.By(x) + " in " + phrase.Frame(fin) + ", of " + phrase.By(y) + " in " + phrase.Frame(c.Close.FIN[y]) + "), but " + phrase.By(x) + " sent a RST in " + phrase.Frame(r.Frame)
		if r.Before[x] == fsm.LastAck {
			v.Sentence += " without waiting for the last ACK."
		} else {
			v.Sentence += " instead of the last ACK, so it kept no TIME-WAIT."
		}
	case closedForForgery(c):
		forged := c.Tail[y].Forged
		v.Code, v.Sure = record.VerdictResetDataAfterClose, false
		v.Frames = []fsm.Frame{forged, fin, r.PeerFrame}
		v.Sentence = phrase.Capital(phrase.Frame(forged)) + " was probably injected in the name of " + phrase.By(y) + ": " + phrase.By(x) + " took it, closed in " + phrase.Frame(fin) +
			" and answered what " + phrase.By(y) + " itself sent in " + phrase.Frame(r.PeerFrame) + ", other data from another distance, with the RST in " + phrase.Frame(r.Frame) + ": that was lost."
	case r.PeerData > finTime(c, x) || late != nil:
		v.Code = record.VerdictResetDataAfterClose
		v.Frames = append(v.Frames, r.PeerFrame)
		v.Sentence = phrase.Capital(phrase.By(x)) + " had closed in " + phrase.Frame(fin)
		if r.PeerData <= finTime(c, x) {
			v.Sentence += " and sent the RST in " + phrase.Frame(r.Frame) + " while data of " + phrase.By(y) + " was in flight, in " + phrase.Frame(r.PeerFrame) + ": the data was lost."
		} else {
			what := "more data"
			if r.PriorBytes > 0 {
				what = "the " + phrase.Size(uint64(r.PriorBytes))
			}
			v.Sentence += " and answered " + what + " of " + phrase.By(y) + " in " + phrase.Frame(r.PeerFrame) + " with the RST in " + phrase.Frame(r.Frame) + ": the data was lost."
		}
		if late != nil && late.Doubt != "" {
			v.Code, v.Sure = record.VerdictResetAfterFIN, false // it may have been all it wanted
			v.Sentence = strings.TrimSuffix(v.Sentence, ".") + ", which may not matter (" + late.Doubt + ")."
		}
	case r.HasAck && r.PeerData > r.OwnData && r.Time.Seconds(finTime(c, x)) < atOnce:
		v.Code, v.Sure = record.VerdictResetUnreadData, false
		v.Frames = append(v.Frames, r.PeerFrame)
		v.Sentence = phrase.Capital(phrase.By(x)) + " closed in " + phrase.Frame(fin) + " and reset the connection in " + phrase.Frame(r.Frame) + ", " + phrase.Duration(max(0, r.Time.Seconds(finTime(c, x)))) +
			" later, without a response to " + phrase.By(y) + "'s data in " + phrase.Frame(r.PeerFrame) + ": its application probably closed with that data unread."
	default:
		v.Code, v.Sure = record.VerdictResetAfterFIN, false
		v.Sentence = phrase.Capital(phrase.By(x)) + " closed in " + phrase.Frame(fin) + " and reset the connection in " + phrase.Frame(r.Frame) + " without waiting for " + phrase.By(y) + "'s FIN"
		if r.FINCrossed {
			v.Frames = append(v.Frames, c.Close.FIN[y])
			v.Sentence += ", which crossed it in " + phrase.Frame(c.Close.FIN[y])
		}
		v.Sentence += "; its application probably needed nothing more."
	}
	return v
}

// closedForForgery reports whether the side that reset had closed behind data that were
// injected in the peer's name, and before the peer's own came.
func closedForForgery(c *record.Connection) bool {
	r := &c.Reset
	forged, fin := c.Tail[r.Side.Peer()].Forged, c.Close.FIN[r.Side]
	return forged != 0 && forged < fin && fin < r.PeerFrame
}

// resetCrossedByFIN is the verdict on an abort that the peer's FIN crossed: what had passed
// before tells its cause.
func resetCrossedByFIN(c *record.Connection) record.Verdict {
	y := c.Reset.Side.Peer()
	v := resetByProgram(c)
	v.Frames = append(v.Frames, c.Close.FIN[y])
	v.Sentence += " " + phrase.Capital(phrase.By(y)) + "'s FIN in " + phrase.Frame(c.Close.FIN[y]) + " crossed it."
	return v
}

// requestCrossed is the verdict on a request that the client sent while the server's FIN was on
// its way.
func requestCrossed(c *record.Connection) record.Verdict {
	r := &c.Reset
	lost := &r.Crossed
	v := record.Verdict{Code: record.VerdictResetDataAfterClose, Frames: []fsm.Frame{lost.From, lost.To}, Sure: true}
	v.Sentence = "The server closed in " + phrase.Frame(lost.To)
	if lost.Seconds > 0 {
		v.Sentence += ", " + phrase.Duration(lost.Seconds) + " after its latest data"
	}
	v.Sentence += ", and the client's request in " + phrase.Frame(lost.From) + " crossed that"
	if c.Lifetime.Exchanges > 0 {
		v.Sentence += " (the keepalive race)"
	}
	v.Sentence += ": the RST in " + phrase.Frame(r.Frame) + " answered it, so it is lost and has to be sent again on another connection."
	return v
}

// resetForFIN is the verdict on a RST in answer to the peer's close.
func resetForFIN(c *record.Connection) record.Verdict {
	r := &c.Reset
	x, y := r.Side, r.Side.Peer()
	v := record.Verdict{Code: record.VerdictResetInPlaceOfClose, Frames: []fsm.Frame{c.Close.FIN[y]}}
	if r.CloseNotify != 0 {
		v.Code = record.VerdictClosedBeforeAlert
		v.Frames = append(v.Frames, r.CloseNotify)
		v.Sentence = phrase.Capital(phrase.By(y)) + " closed in " + phrase.Frame(c.Close.FIN[y]) + ", behind what looks like its close_notify of TLS in " + phrase.Frame(r.CloseNotify) +
			"; " + phrase.By(x) + " followed with the RST in " + phrase.Frame(r.Frame) + ", probably because its application closed without reading that. Nothing else was lost."
		return v
	}
	v.Sentence = phrase.Capital(phrase.By(y)) + " closed in " + phrase.Frame(c.Close.FIN[y]) + " and " + phrase.By(x) + " followed with the RST in " + phrase.Frame(r.Frame) + " instead of a FIN"
	if r.OwnOutstanding > 1 {
		v.Sentence += ", with " + phrase.Size(uint64(r.OwnOutstanding)) + " of its own unacknowledged"
	}
	v.Sentence += "."
	return v
}
