package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// landmarks notes the segments that open and close the connection.
func (f *Flow) milestones(p *decode.Packet, d *Direction, from fsm.Side, at fsm.Stamp, m fsm.Meaning) SegmentFacts {
	s := &p.Segment
	switch {
	case s.Flags&fsm.RST != 0:
		d.RSTs++
		d.LastRST = p.Time
		if f.RST[from].Nth == 0 {
			f.RST[from] = at
		}
		if k := d.Keepalive; k != nil && k.run > 0 {
			k.GaveUp = true
		}
	case s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN:
		f.SYNs[from]++
		if m&fsm.SYNInSync == 0 {
			d.noteOptions(s)
		}
		if from == fsm.Client && f.SYN.Nth == 0 {
			f.SYN = at
		}
		f.agree()
	case s.Flags&fsm.SYN != 0:
		f.SYNACKs[from]++
		d.noteOptions(s)
		if from == fsm.Server && f.SYNACK.Nth == 0 {
			f.SYNACK = at
		}
		f.agree()
		if c := &f.Conn.End[from.Peer()]; c.FastOpen {
			if s.Ack == c.ISS+1 {
				return Facts(FastOpenIgnored)
			}
			return Facts(FastOpenTaken)
		}
	case from == fsm.Client && f.FinalACK.Nth == 0 && s.Flags&fsm.ACK != 0 && f.SYNACKs[fsm.Server]+f.SYNs[fsm.Server] > 0:
		f.FinalACK = at
		g := Facts(FinalACK)
		if x := &f.Conn.End[from]; x.ScaleKnown && f.SYNACKs[fsm.Server] > 0 && s.Window != 0 && uint32(s.Window)<<x.Scale < SlamBelow {
			g.add(WindowSlam)
		}
		if rtt := at.Time - f.SYN.Time; f.SYN.Nth != 0 && f.SYNs[fsm.Client] == 1 {
			f.Conn.InFlight = max(2*rtt, 10_000_000)
		}
		return g
	}
	return SegmentFacts{}
}

// SlamBelow is a window, in octets, that no host offers that means to receive.
const SlamBelow = 64
