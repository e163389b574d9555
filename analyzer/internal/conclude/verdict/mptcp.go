package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// besideMPTCP adds what a subflow shows of its MPTCP connection. How that ended only all
// of its subflows show, and the summary tells it.
func besideMPTCP(c *record.Connection, v *record.Verdict) {
	m := c.MPTCP
	if m == nil {
		return
	}
	say := func(text string, frames ...fsm.Frame) {
		v.Sentence += " " + text + "."
		v.Frames = append(v.Frames, frames...)
	}
	if m.State == record.MPTCPFellBack {
		say("MPTCP fell back to plain TCP: "+FallbackWords(&m.Fallback), m.Fallback.Frame)
		return
	}
	if m.Role == record.MPTCPSubflow && m.State != record.MPTCPInUse {
		say("The SYN was to add a subflow to an MPTCP connection, which may go on without it")
		return
	}
	if x := &m.Close; x.Frame != 0 && x.Frame != c.Close.RST {
		say("By MP_FASTCLOSE in "+phrase.Frame(x.Frame)+" "+phrase.By(x.Side)+" ended the whole MPTCP connection, with all its subflows", x.Frame)
	}
	if x := &m.Fail; x.Frame != 0 {
		say(phrase.Capital(phrase.By(x.Side))+" found a wrong checksum of MPTCP's and said so by MP_FAIL in "+phrase.Frame(x.Frame), x.Frame)
	}
	if m.Reset.Frame != 0 {
		say(ResetWords(&m.Reset), m.Reset.Frame)
	}
	if m.State != record.MPTCPInUse || m.Close.Frame != 0 {
		return
	}
	sayDataFIN(c, say)
	if v.Code == record.VerdictPeerVanished || v.Code == record.VerdictDroppedWhileIdle {
		say("It is one subflow of an MPTCP connection, which may have gone on with others")
	}
}

// joins reports whether the connection is a further subflow.
func joins(c *record.Connection) bool {
	return c.MPTCP != nil && c.MPTCP.State == record.MPTCPInUse && c.MPTCP.Role == record.MPTCPSubflow
}

// fastClosed is the verdict on a subflow that a RST with MP_FASTCLOSE ended.
func fastClosed(c *record.Connection) record.Verdict {
	x := &c.MPTCP.Close
	return record.Verdict{
		Code: record.VerdictResetInPlaceOfClose, Sure: true, Frames: []fsm.Frame{x.Frame},
		Sentence: phrase.Capital(phrase.By(x.Side)) + " ended the whole MPTCP connection at once, with all its subflows: MP_FASTCLOSE on the RST in " + phrase.Frame(x.Frame) + ".",
	}
}

// sayDataFIN tells the end of data of the MPTCP connection from that of the subflow.
func sayDataFIN(c *record.Connection, say func(string, ...fsm.Frame)) {
	m, fin := c.MPTCP, c.Close.FIN
	for x := fsm.Client; x <= fsm.Server; x++ {
		end, other := m.DataFIN[x].Frame, m.DataFIN[x.Peer()].Frame
		if end == 0 || other != 0 || fin[x] != 0 {
			continue
		}
		text := phrase.Capital(phrase.By(x)) + " had ended its data for MPTCP (DATA_FIN in " + phrase.Frame(end)
		if ack := m.Acknowledged(x); ack != 0 {
			text += ", acknowledged in " + phrase.Frame(ack)
		}
		say(text+"): half-closed, while the subflow goes on", end, m.Acknowledged(x))
	}
	if (fin[0] != 0 || fin[1] != 0) && m.DataFIN[0].Frame == 0 && m.DataFIN[1].Frame == 0 {
		say("Its FINs end a subflow, not the MPTCP connection: no DATA_FIN passed on it")
	}
}

// FallbackWords says what showed that a connection fell back.
func FallbackWords(f *record.MPTCPFallback) string {
	switch f.Reason {
	case record.MPTCPInfinite:
		return phrase.By(f.Side) + " sent an infinite mapping in " + phrase.Frame(f.Frame)
	case record.MPTCPNoThirdACK:
		return "the third ACK, in " + phrase.Frame(f.Frame) + ", has no MP_CAPABLE, nor has any later segment of the client an MPTCP option"
	}
	return "no segment of " + phrase.By(f.Side) + " behind the handshake has an MPTCP option (the first in " + phrase.Frame(f.Frame) + ")"
}

// ResetWords says what MP_TCPRST says.
func ResetWords(r *record.MPTCPReset) string {
	text := "The RST of " + phrase.By(r.Side) + " in " + phrase.Frame(r.Frame) + " gives a reason (MP_TCPRST): "
	if words := r.Words(); words != "" {
		text += words
	} else {
		text += "number " + phrase.Count(uint64(r.Reason)) + ", not assigned"
	}
	if r.Transient {
		text += ", transient"
	}
	return text
}
