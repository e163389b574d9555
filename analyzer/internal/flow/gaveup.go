package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// leastFINWait2 is how long a host waits for the peer's FIN, at least, before it gives
// FIN-WAIT-2 up. Linux waits for 60 s (tcp_fin_timeout), and for less where so set; one that
// waited for less than a second has rather left TIME-WAIT out.
const leastFINWait2 = fsm.Second

// GaveUpFINWait2 reports whether side's RST is that of a host which had waited for the
// peer's FIN in FIN-WAIT-2 and had given up when it came, and how long it had waited:
// nothing else there answers a FIN by a RST without ACK.
func (f *Flow) GaveUpFINWait2(side fsm.Side, rst *NotableSegment) (waited fsm.Time, gaveUp bool) {
	in, fin := f.Transition(side, func(t *fsm.Transition) bool { return t.To == fsm.FinWait2 }), f.FIN(side.Peer())
	if in == nil || fin == nil || !rst.Meaning.Any(fsm.RSTForLastACK) || rst.Segment.Flags.Has(fsm.ACK) || f.AnswersLateData(side, rst) {
		return 0, false
	}
	waited = fin.Time - in.Time
	return waited, waited >= leastFINWait2
}

// AnswersLateData reports whether side's RST after its FIN answers data of the peer:
// data that came after that FIN, or that was under way when the FIN left.
func (f *Flow) AnswersLateData(side fsm.Side, rst *NotableSegment) bool {
	fin, peer := f.FIN(side), &f.Dir[side.Peer()]
	if fin == nil || peer.LastDataFrame == 0 {
		return false
	}
	return peer.LastData > fin.Time || f.AnswersDataInFlight(side, rst)
}

// AnswersDataInFlight reports whether side's RST after its FIN tells that data of the peer
// were under way when the FIN left, and found the socket closed. A RST without ACK does: its
// number is the acknowledgment of what it answers. That is a segment that was sent before the
// FIN was acknowledged, whatever of the peer's stands between the two where they were captured,
// or the peer's FIN, which cannot be taken before the data.
func (f *Flow) AnswersDataInFlight(side fsm.Side, rst *NotableSegment) bool {
	x, y := &f.Conn.End[side], &f.Conn.End[side.Peer()]
	if f.FIN(side) == nil || f.Dir[side.Peer()].LastDataFrame == 0 || rst.Segment.Flags.Has(fsm.ACK) || !x.HasAck {
		return false
	}
	captured := x.Acked.Before(dataEnd(y)) && x.Acked.Before(y.Out.Edge)
	return captured && (rst.Segment.Seq.AtOrBefore(x.FinSeq) || rst.Meaning.Any(fsm.RSTForLastACK))
}

// dataEnd returns the number behind the last of the data that the endpoint sent.
func dataEnd(e *fsm.Endpoint) fsm.Seq {
	if e.SentFIN {
		return e.FinSeq
	}
	return e.Out.Top
}
