package conclude

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

func buildHandshake(f *flow.Flow, c *record.Connection) {
	h := &c.Handshake
	h.SYN, h.SYNACK, h.ACK = f.SYN.Frame, f.SYNACK.Frame, f.FinalACK.Frame
	h.ECNMode = f.ECNMode
	h.SYNs, h.SYNACKs = f.SYNs[fsm.Client], f.SYNACKs[fsm.Server]
	for side := range h.ISN {
		e := &f.Conn.End[side]
		h.ISN[side], h.HasISN[side] = e.ISS, e.SentSYN
		h.Options[side] = f.Dir[side].Options
		if !h.Options[side].Seen {
			h.Options[side].WindowScale = -1
		}
	}
	established := [2]bool{}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.To == fsm.Established || t.From == fsm.SynReceived && t.To == fsm.CloseWait {
			established[t.Side] = true
		}
		// An application that answers Fast Open's data may close before the last ACK comes,
		// which then ends the handshake in FIN-WAIT-1 (RFC 7413 §4.2).
		if t.From == fsm.SynReceived && t.To == fsm.FinWait1 && f.FinalACK.Nth != 0 && f.AllFacts.Has(flow.FastOpenTaken) {
			established[t.Side] = true
		}
	}
	h.Complete = established[0] && established[1] && !(f.Midstream() && f.SYNACK.Frame == 0)
	h.Kind = handshakeKind(f, h.Complete)
	h.SYNACKValid, h.ACKValid = validity(f, established)
	buildRTT(f, h)
}

func handshakeKind(f *flow.Flow, complete bool) string {
	client, server := fsm.Client, fsm.Server
	switch {
	case f.SYNs[client]+f.SYNs[server]+f.SYNACKs[client]+f.SYNACKs[server] == 0:
		if f.Meanings.Any(fsm.Joined) {
			return "not-captured"
		}
		return "none"
	case f.SplitHandshake():
		return "split"
	case f.Self && complete, f.SYNs[client] > 0 && f.SYNs[server] > 0 && f.Meanings.Any(fsm.SYNCrossed):
		return "simultaneous"
	case !complete:
		return "incomplete"
	case f.AllFacts.Has(flow.FastOpenTaken):
		return "fast-open"
	}
	return "three-way"
}

// validity says whether each half of the handshake acknowledged the other's
// number plus one.
func validity(f *flow.Flow, established [2]bool) (synAck, ack record.Validity) {
	if f.SYN.Frame != 0 && f.SYNACK.Frame != 0 {
		synAck = record.Valid
		if f.CountMeaning(fsm.Server, fsm.SYNACKBadAck) > 0 && !established[fsm.Client] {
			synAck = record.Invalid
		}
	}
	if f.SYNACK.Frame != 0 && f.FinalACK.Frame != 0 {
		ack = record.Valid
		if f.CountMeaning(fsm.Client, fsm.HandshakeBadAck|fsm.HandshakeBadSeq) > 0 && !established[fsm.Server] {
			ack = record.Invalid
		}
	}
	return synAck, ack
}

// held returns the latest ACK by which the server answered the SYN from another connection,
// and what state that was in.
func held(f *flow.Flow) (by fsm.Frame, in string) {
	client, server := &f.Conn.End[fsm.Client], &f.Conn.End[fsm.Server]
	switch pre := f.Previous; {
	case f.Challenged.Frame != 0 && pre != nil && (pre.TimeWait[0] || pre.TimeWait[1]):
		return f.Challenged.Frame, "TIME-WAIT"
	case f.Challenged.Frame != 0:
		return f.Challenged.Frame, "open"
	case client.State == fsm.SynSent && server.Seen && !server.SentSYN && f.Dir[fsm.Server].RSTs == 0:
		return f.Dir[fsm.Server].Last.Frame, ""
	}
	return 0, ""
}

// buildRTT splits the handshake's round trip at the tap. A half is left out
// where a repetition makes it unclear which segment was answered (Karn's rule).
func buildRTT(f *flow.Flow, h *record.Handshake) {
	h.ServerRTT, h.ClientRTT, h.Took = -1, -1, -1
	if f.SYN.Frame != 0 && f.FinalACK.Frame != 0 && h.Complete {
		h.Took = max(0, f.FinalACK.Time.Seconds(f.SYN.Time))
	}
	h.HeldBy, h.HeldIn = held(f)
	if f.SYN.Frame != 0 && f.SYNACK.Frame != 0 && h.SYNs == 1 {
		h.ServerRTT = max(0, f.SYNACK.Time.Seconds(f.SYN.Time))
	}
	if f.SYNACK.Frame != 0 && f.FinalACK.Frame != 0 && h.SYNACKs == 1 {
		h.ClientRTT = max(0, f.FinalACK.Time.Seconds(f.SYNACK.Time))
	}
	if h.ServerRTT < 0 || h.ClientRTT < 0 || h.ServerRTT+h.ClientRTT < shortestPath {
		return
	}
	switch {
	case h.ClientRTT*lopsided < h.ServerRTT:
		h.Vantage = "near-client"
	case h.ServerRTT*lopsided < h.ClientRTT:
		h.Vantage = "near-server"
	default:
		h.Vantage = "between"
	}
}

const (
	shortestPath = 0.0005 // seconds; below it a host's own delay hides where the tap is
	lopsided     = 4      // how much longer one half must be to place the tap at the other end
)
