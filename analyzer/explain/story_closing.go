package explain

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// acksFIN reports whether the segment is the one that acknowledges the peer's FIN.
func (t *narrator) acksFIN(s *record.Segment) bool {
	return s.Seg.Len == 0 && t.c.Close.FINAcked[s.From.Peer()] == s.Frame
}

func (t *narrator) ackOfFIN(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	if t.finished[s.From] {
		return phrase.Capital(who) + " acknowledges " + peer + "'s FIN. Both directions are closed; " + peer + " forgets the connection when this arrives. If it is lost, the FIN comes again, which is why one side must remain in TIME-WAIT to answer."
	}
	return phrase.Capital(who) + " acknowledges the FIN: " + peer + "'s direction is closed, and " + who + " has everything that it sent. " + t.otherDirection(s.From)
}

// otherDirection tells what becomes of the direction of a side that has the peer's FIN.
func (t *narrator) otherDirection(side fsm.Side) string {
	who := phrase.By(side)
	if t.c.FINMayHaveWaited(side) {
		return "The other direction stays open while " + who + " has data to send; whether its application has closed already, and the FIN waits behind that data, no capture shows."
	}
	return "The other direction stays open until " + who + "'s application closes too."
}

func (t *narrator) fin(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	again := t.finished[s.From]
	t.finished[s.From] = true
	data := ""
	if s.Seg.Len > 0 {
		data = " It rides on the last " + phrase.Size(uint64(s.Seg.Len)) + " of data."
	}
	switch {
	case again:
		return phrase.Capital(who) + " sends its FIN again: no ACK of it has arrived. If one passed here, it was lost on its way."
	case !t.finished[s.From.Peer()]:
		return phrase.Capital(who) + " has nothing more to send and closes its direction: a FIN, which takes the number " + t.o.number(s.From, s.Seg.FinSeq()) + "." + data + " It still can receive."
	case t.c.Close.FINAcked[s.From.Peer()] == s.Frame:
		return phrase.Capital(who) + " closes too: one segment acknowledges " + peer + "'s FIN and brings its own, number " + t.o.number(s.From, s.Seg.FinSeq()) + "." + data
	case t.c.Close.Kind == record.CloseSimultaneous:
		return phrase.Capital(who) + " closes as well, before it has " + peer + "'s FIN: the two cross, and both sides go through CLOSING." + data
	}
	return phrase.Capital(who) + " closes too: its FIN takes the number " + t.o.number(s.From, s.Seg.FinSeq()) + "." + data + " Only " + peer + "'s ACK of it is missing now."
}

func (t *narrator) reset(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	has := func(label record.Label) bool { return slices.Contains(s.Labels, label) }
	switch {
	case has(record.LabelRSTOutOfWindow):
		return "A RST in " + who + "'s name, but its number lies outside " + peer + "'s window: " + peer + " ignores it."
	case has(record.LabelRSTInWindow):
		return "A RST in " + who + "'s name that lies in the window but not at the number that " + peer + " expects: " + peer + " must ask back with a challenge ACK and stays (RFC 5961)."
	case t.c.Close.Kind == record.CloseRefused:
		return phrase.Capital(who) + " refuses: the RST acknowledges the SYN, so it is an answer to it. This proves that the SYN reached a host, or a firewall, that answers, and that nothing listens on the port."
	case s.Seg.Flags.Has(fsm.ACK):
		return phrase.Capital(who) + " aborts the connection. With ACK set the RST comes from an endpoint that knew the connection: its application, or its system, ended it. Whatever was not delivered yet is lost, nobody answers a RST, and there is no TIME-WAIT."
	}
	return "A RST of " + who + " without ACK, its number taken from the segment that it answers: so answers an endpoint that knows no such connection, or does not want what came. It ends the connection for " + peer + " if the number is the one that it expects."
}
