package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// headerFacts looks at what can be judged from the header alone. The ordinary
// segment leaves at the first test.
func (f *Flow) headerFacts(p *decode.Packet, from fsm.Side) (g SegmentFacts) {
	s := &p.Segment
	const optionFaults = fsm.OptMalformed | fsm.OptDuplicate | fsm.OptAfterEnd | fsm.OptObsolete | fsm.OptExperimental | fsm.OptUnknown
	const ecn = fsm.ECE | fsm.CWR
	const synOnly = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted
	if s.Flags&^fsm.PSH == fsm.ACK && s.Urgent == 0 &&
		s.Opts&(optionFaults|synOnly) == 0 && p.Checksum <= decode.ChecksumGood {
		return g
	}
	g.addAll(flagFacts(s))
	if s.Flags&fsm.Reserved != 0 {
		g.add(ReservedBits)
	}
	switch {
	case s.Flags&fsm.URG != 0 && s.Flags&fsm.SYN != 0:
		g.add(SYNUrgent)
	case s.Flags&fsm.URG != 0:
		g.add(UrgentData)
	case s.Urgent != 0:
		g.add(UrgentWithoutFlag)
	}
	if s.Flags&fsm.SYN != 0 {
		if s.Len > 0 && s.Flags&(fsm.RST|fsm.FIN) == 0 && s.Opts&fsm.OptFastOpen == 0 && !f.fastOpenPeer(from, s) {
			g.add(SYNData)
		}
		if s.Opts&fsm.OptWindowScale != 0 && s.WindowScale > 14 {
			g.add(ScaleInvalid)
		}
	} else if s.Opts&synOnly != 0 {
		g.add(OptionOnNonSYN)
	}
	if s.Flags&fsm.RST != 0 && s.Len > 0 {
		g.add(RSTData)
	}
	if s.Flags&(fsm.ACK|fsm.RST) == 0 && s.Ack != 0 {
		g.add(AckWithoutFlag)
	}
	if s.Flags&ecn != 0 && s.Flags&(fsm.SYN|fsm.RST) == 0 && f.agreed && !f.ECN {
		g.add(ECNUnagreed)
	}
	if s.Opts&(fsm.OptObsolete|fsm.OptUnknown) != 0 || s.Opts&(fsm.OptExperimental|fsm.OptFastOpen) == fsm.OptExperimental {
		g.add(OptionsOdd)
	}
	if s.Opts&fsm.OptMalformed != 0 {
		g.add(OptionsMalformed)
	}
	if s.Opts&fsm.OptDuplicate != 0 {
		g.add(OptionsDuplicate)
	}
	if s.Opts&fsm.OptAfterEnd != 0 {
		g.add(OptionsAfterEnd)
	}
	if p.Checksum == decode.ChecksumBad {
		g.add(BadChecksum)
	}
	return g
}

// fastOpenPeer reports whether data on this SYN-ACK belongs to a Fast Open: the
// server may send with its SYN-ACK once the client's SYN brought data.
func (f *Flow) fastOpenPeer(from fsm.Side, s *fsm.Segment) bool {
	return s.Flags&fsm.ACK != 0 && f.Conn.End[from.Peer()].FastOpen
}

// flagFacts names the combinations of control bits that no endpoint sends.
func flagFacts(s *fsm.Segment) (g SegmentFacts) {
	const known = fsm.FIN | fsm.SYN | fsm.RST | fsm.PSH | fsm.ACK | fsm.URG
	const xmas = fsm.FIN | fsm.PSH | fsm.URG
	switch bits := s.Flags & known; {
	case bits == 0:
		g.add(NoFlags)
	case bits&(fsm.SYN|fsm.FIN) == fsm.SYN|fsm.FIN:
		g.add(SYNAndFIN)
	case bits&(fsm.SYN|fsm.RST) == fsm.SYN|fsm.RST:
		g.add(SYNAndRST)
	case bits&xmas == xmas && bits&fsm.ACK == 0:
		g.add(XmasFlags)
	case bits&fsm.FIN != 0 && bits&(fsm.ACK|fsm.RST) == 0:
		g.add(FINWithoutACK)
	case bits&(fsm.SYN|fsm.ACK|fsm.RST) == 0:
		g.add(NoACKNoSYN)
	}
	return g
}
