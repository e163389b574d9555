package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// responder is one of those that answered the client's SYN with a number of its own.
type responder struct {
	isn    fsm.Seq
	synAck fsm.Stamp // its first SYN-ACK
	ttl    uint8     // of that
	again  bool      // the client had sent its SYN more than once by then
	late   bool      // the handshake with another was complete by then
}

// maxResponders is how many are told apart.
const maxResponders = 4

// noteResponder takes account of a SYN-ACK with another number than the one before it, if
// it acknowledges the client's SYN.
func (f *Flow) noteResponder(o *observation) {
	c, server := &f.Conn.End[fsm.Client], &f.Conn.End[fsm.Server]
	if o.from != fsm.Server || o.s.Flags&(fsm.SYN|fsm.ACK|fsm.RST) != fsm.SYN|fsm.ACK || !server.SentSYN || o.s.Seq == server.ISS ||
		f.SYNACK.Nth == 0 || !c.SentSYN || o.s.Ack != c.ISS+1 {
		return
	}
	if f.responders == nil {
		f.responders = append(f.responders, responder{isn: server.ISS, synAck: f.SYNACK, ttl: o.d.TTL})
	}
	for i := range f.responders {
		if f.responders[i].isn == o.s.Seq {
			return
		}
	}
	if len(f.responders) < maxResponders {
		f.responders = append(f.responders, responder{
			isn: o.s.Seq, synAck: fsm.Stamp{Time: o.p.Time, Frame: o.p.Frame, Nth: f.Segments + 1}, ttl: o.p.TTL,
			again: f.SYNs[fsm.Client] > 1, late: f.FinalACK.Nth != 0,
		})
	}
}

// SecondResponder is another host that answered the SYN that a server took.
type SecondResponder struct {
	First, Other fsm.Frame // the SYN-ACKs of the one that the client chose, and of the other
	ISN          fsm.Seq   // of the other
	TTL          [2]uint8  // of both
	RST          fsm.Frame // the latest that the other sent; 0 for none
}

// SecondResponder tells of the responder that the client did not choose, if two answered a
// SYN that was sent once, or from different distances. One that answers without keeping
// anything (SYN cookies), or has dropped its embryonic connection, chooses a new number
// too when the SYN comes again.
func (f *Flow) SecondResponder() (SecondResponder, bool) {
	chosen, other := f.chosenResponder()
	if other == nil {
		return SecondResponder{}, false
	}
	return SecondResponder{
		First: chosen.synAck.Frame, Other: other.synAck.Frame, ISN: other.isn,
		TTL: [2]uint8{chosen.ttl, other.ttl}, RST: f.otherRST,
	}, true
}

func (f *Flow) chosenResponder() (chosen, other *responder) {
	if len(f.responders) < 2 || f.FinalACK.Nth == 0 {
		return nil, nil
	}
	for i := range f.responders {
		if r := &f.responders[i]; r.isn == f.Conn.End[fsm.Server].ISS {
			chosen = r
		}
	}
	if chosen == nil {
		return nil, nil
	}
	for i := range f.responders {
		r := &f.responders[i]
		far := !r.late && !chosen.late && OtherWay(r.ttl, chosen.ttl)
		if r != chosen && (!r.again && !chosen.again || far) {
			return chosen, r
		}
	}
	return chosen, nil
}

// fromOther reports whether a segment in the server's name comes from a responder that
// the client did not choose: its SYN-ACK, or the RST with which it answers what belongs
// to the other's connection.
func (f *Flow) fromOther(o *observation) bool {
	if len(f.responders) < 2 || o.from != fsm.Server || o.s.Flags&(fsm.SYN|fsm.RST) == 0 {
		return false
	}
	chosen, other := f.chosenResponder()
	switch {
	case other == nil:
		return false
	case o.s.Flags&fsm.RST == 0:
		return o.s.Seq != chosen.isn
	case o.s.Flags&fsm.ACK != 0:
		return false
	}
	// An endpoint that has no connection with that acknowledgment leaves the ACK out.
	if OtherWay(chosen.ttl, other.ttl) {
		return hopsApart(o.p.TTL, other.ttl) < hopsApart(o.p.TTL, chosen.ttl)
	}
	return o.s.Seq == o.y.Acked || o.s.Seq == o.r.lastAck
}

// hopsApart returns by how many hops the ways of two packets differ, as their TTLs tell.
func hopsApart(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }

// OtherWay reports whether two packets of one host, which gives both the same TTL, came over ways of
// different length: 2 hops or more.
func OtherWay(a, b uint8) bool { return hopsApart(a, b) >= 2 }
