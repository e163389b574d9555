package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// milestones notes the segments that open and close the connection.
func (f *Flow) milestones(o *observation) {
	s := o.s
	if o.other {
		return // no step of this connection
	}
	if s.Flags&(fsm.SYN|fsm.FIN|fsm.RST) != 0 || f.FinalACK.Nth == 0 {
		switch {
		case s.Flags&fsm.RST != 0:
			f.noteRST(o)
		case s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN:
			f.noteSYN(o)
		case s.Flags&fsm.SYN != 0:
			f.noteSYNACK(o)
		case o.from == fsm.Client && s.Flags&fsm.ACK != 0 && f.FinalACK.Nth == 0 && f.SYNACKs[fsm.Server]+f.SYNs[fsm.Server] > 0:
			f.noteFinalACK(o)
		}
		if s.Flags&fsm.FIN != 0 {
			if o.d.FINs++; o.d.FINs == 1 && o.from == fsm.Server && !f.Self {
				f.noteServerFIN(o)
			}
			o.d.LastFIN = o.p.Time
		}
		if f.isEarly(o) {
			o.facts.add(EarlySegment)
		}
	}
	if acked := &f.FINAcked[o.from.Peer()]; acked.Nth == 0 && o.y.SentFIN && s.Flags&fsm.ACK != 0 && s.Ack.After(o.y.FinSeq) {
		*acked = o.at
		if t := &f.turn; o.from == fsm.Client && !f.Conn.End[fsm.Client].SentFIN && t.phase == asking && s.Seq.After(t.end) {
			t.unseen = uint32(s.Seq - t.end)
		}
		if f.Self {
			f.FINAcked[o.from] = o.at
		}
	}
}

func (f *Flow) noteRST(o *observation) {
	o.d.RSTs++
	o.d.LastRST = o.p.Time
	o.d.ids.noteRST(o.p)
	if f.RST[o.from].Nth == 0 {
		f.RST[o.from], f.RSTPlace[o.from] = o.at, o.p.Place
	}
	if k := o.d.Keepalive; k != nil && k.run > 1 && !k.GaveUp {
		k.GaveUp, k.RST = true, o.p.Frame
	}
}

func (f *Flow) noteSYN(o *observation) {
	f.SYNs[o.from]++
	if o.meaning&fsm.SYNInSync == 0 {
		o.d.noteOptions(o.p)
	}
	if o.from == fsm.Client && f.SYN.Nth == 0 {
		f.SYN = o.at
	}
	f.agree()
}

func (f *Flow) noteSYNACK(o *observation) {
	f.SYNACKs[o.from]++
	o.d.noteOptions(o.p)
	if o.from == fsm.Server && f.SYNACK.Nth == 0 {
		f.SYNACK = o.at
	}
	f.agree()
	switch c := o.y; {
	case !c.FastOpen:
	case o.s.Ack == c.ISS+1:
		o.facts.add(FastOpenIgnored)
	case o.s.Ack.After(c.ISS) && !o.s.Ack.After(c.Out.Top):
		o.facts.add(FastOpenTaken)
	}
}

// noteFinalACK notes the segment that ends the handshake.
func (f *Flow) noteFinalACK(o *observation) {
	s := o.s
	f.FinalACK = o.at
	if f.SYNACK.Nth != 0 {
		f.synAcksApart = o.y.Syn.Time - f.SYNACK.Time
	}
	o.facts.add(FinalACK)
	if x := o.x; x.ScaleKnown && f.SYNACKs[fsm.Server] > 0 && s.Window != 0 && uint32(s.Window)<<x.Scale < SlamBelow {
		o.facts.add(WindowSlam)
	}
	if rtt := f.PathRTT(); rtt > 0 {
		f.Conn.InFlight = max(2*rtt, 10_000_000)
	}
}

// isEarly reports whether an ordinary segment comes from a side whose SYN nobody had
// answered.
func (f *Flow) isEarly(o *observation) bool {
	peer := o.from.Peer()
	return o.before.states[o.from] == fsm.SynSent && o.s.Flags&(fsm.SYN|fsm.RST) == 0 && !o.x.FastOpen && f.SYNs[peer]+f.SYNACKs[peer] == 0
}

// SlamBelow is a window, in bytes, that no host offers that means to receive.
const SlamBelow = 64
