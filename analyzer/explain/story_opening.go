package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

func (t *narrator) syn(s *record.Segment) string {
	who, peer := phrase.By(s.From), phrase.By(s.From.Peer())
	switch {
	case slices.Contains(s.Labels, record.LabelRetransmission):
		return phrase.Capital(who) + " sends its SYN again: no answer has reached it. Either the SYN was lost, or the answer."
	case s.From == fsm.Server:
		return "The server sends a SYN of its own, without an ACK: the two SYNs cross, and both sides go through SYN-RECEIVED (simultaneous open), or the server splits the handshake."
	case s.Frame != t.c.Handshake.SYN && t.c.Handshake.SYN != 0:
		return fmt.Sprintf("A SYN with the number %d comes on a connection that is in use. An endpoint that knows the connection answers with an ACK of what it expects; the answer will tell whether %s has forgotten it.", s.Seg.Seq, who)
	}
	text := phrase.Capital(who) + " asks for a connection: a SYN with its initial sequence number " + fmt.Sprint(s.Seg.Seq) + ", which counts as 0 from here on."
	if offer := offers(s); offer != "" {
		text += " It offers " + offer + "."
	}
	if s.Seg.Len > 0 {
		text += " The SYN carries " + phrase.Size(uint64(s.Seg.Len)) + " of data already."
	}
	return text + " This proves only that " + who + " sent it; whether it arrives, " + peer + "'s answer will show."
}

// offers lists what a SYN offers.
func offers(s *record.Segment) string {
	var list []string
	o := s.Seg.Opts
	if o.Has(fsm.OptMSS) {
		list = append(list, "segments of up to "+phrase.Bytes(s.Seg.MSS))
	}
	if o.Has(fsm.OptWindowScale) {
		list = append(list, fmt.Sprintf("windows in units of %d", 1<<min(s.Seg.WindowScale, 14)))
	}
	if o.Has(fsm.OptSACKPermitted) {
		list = append(list, "selective acknowledgments")
	}
	if o.Has(fsm.OptTimestamps) {
		list = append(list, "timestamps")
	}
	if o.Has(fsm.OptFastOpen) {
		list = append(list, "Fast Open")
	}
	if o.Has(fsm.OptMPTCP) {
		list = append(list, "Multipath TCP")
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func (t *narrator) synAck(s *record.Segment) string {
	h := &t.c.Handshake
	switch {
	case s.From == fsm.Client && h.Kind != "simultaneous" && h.Kind != "split":
		return "A SYN-ACK from the side that sent the SYN: there was none to answer, so it does not belong here."
	case slices.Contains(s.Labels, record.LabelRetransmission):
		return phrase.Capital(phrase.By(s.From)) + " sends its SYN-ACK again: it has seen no ACK of it. If one passed here before, that one did not arrive."
	case h.SYNACKValid == record.Invalid:
		return "The server answers, but its SYN-ACK acknowledges " + t.o.number(fsm.Client, s.Seg.Ack) + ", and the SYN's number plus one is 1. A client must not accept that: it answers with a RST and waits on."
	}
	text := phrase.Capital(phrase.By(s.From)) + " agrees: it acknowledges " + t.o.number(s.From.Peer(), s.Seg.Ack) + ", the SYN's number plus one, and sends a number of its own, " + fmt.Sprint(s.Seg.Seq) + "."
	if h.SYN == 0 {
		return text + " The SYN before it was not captured, but this proves that there was one."
	}
	if offer := offers(s); offer != "" {
		text += " It offers " + offer + "."
	}
	text += " This proves that the SYN arrived: the client's path to the server works, and something listens there."
	if h.SYNs == 1 && h.ServerRTT >= 0 && s.Frame == h.SYNACK {
		text += " From the tap to the server and back took " + phrase.Duration(h.ServerRTT) + "."
	}
	return text
}

func (t *narrator) finalACK(s *record.Segment) string {
	h := &t.c.Handshake
	if h.ACKValid == record.Invalid {
		return "The client answers the SYN-ACK, but with seq " + t.o.number(fsm.Client, s.Seg.Seq) + " and ack " + t.o.number(fsm.Server, s.Seg.Ack) + " where 1 and 1 are due. A server must not accept that: it answers with a RST."
	}
	text := "The client acknowledges the server's number plus one. This proves that the SYN-ACK arrived: the way back works too."
	if h.ClientRTT >= 0 {
		text += " From the tap to the client and back took " + phrase.Duration(h.ClientRTT) + "."
	}
	if s.Seg.Len > 0 {
		text += " It brings the first " + phrase.Size(uint64(s.Seg.Len)) + " of data along."
		return text
	}
	return text + " For the client the connection is open; for the server as soon as this ACK arrives, which only its later segments can show."
}
