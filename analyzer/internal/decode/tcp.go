package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const tcpLen = 20 // the fixed header

// tcp reads a TCP header (RFC 9293 §3.1). The cursor's wire is the segment's
// length as the IP header gives it.
func (d *Decoder) tcp(c *cursor, p *Packet) Reason {
	if c.quote {
		return quotedTCP(c, p)
	}
	if r := c.need(tcpLen, TCPMalformed); r != OK {
		if len(c.data) >= 4 { // the ports are there: somebody may want to know whose it was
			p.Src.Port = binary.BigEndian.Uint16(c.data)
			p.Dst.Port = binary.BigEndian.Uint16(c.data[2:])
			p.Addressed = true
		}
		return r
	}
	t := d.layers.decodeTCP(c.data)
	p.Src.Port, p.Dst.Port = uint16(t.SrcPort), uint16(t.DstPort)
	p.Addressed = true
	s := &p.Segment
	s.Seq, s.Ack = fsm.Seq(t.Seq), fsm.Seq(t.Ack)
	s.Window, s.Urgent = t.Window, t.Urgent
	// From the octets themselves: gopacket drops the reserved bits.
	s.Flags = fsm.Flags(binary.BigEndian.Uint16(c.data[12:]) & 0x0fff)

	headerLen := int(c.data[12]>>4) * 4
	p.HeaderLen = uint8(headerLen)
	if headerLen < tcpLen || headerLen > c.wire {
		return TCPMalformed
	}
	s.Len = uint32(c.wire - headerLen)
	captured := min(headerLen, len(c.data))
	p.OptionsCut = captured < headerLen
	if headerLen > tcpLen {
		rest, ended := readOptions(s, c.data[tcpLen:captured], p.OptionsCut)
		if s.Opts&fsm.OptAccECN != 0 {
			accurateECN(p, c.data[tcpLen:captured])
		}
		if s.Opts&fsm.OptMPTCP != 0 {
			multipath(p, c.data[tcpLen:captured])
		}
		if p.OptionsCut && !ended {
			s.Opts |= fsm.OptCut
			p.Begun, p.CutOptions = cutOptions(s, rest, headerLen-captured)
		}
	}
	p.Payload = c.data[captured:]
	p.Message = messageSize(p)
	p.HasMessage = p.Message != 0
	if d.verify && len(c.data) == c.wire && !c.otherEnds && !p.LeastLen {
		verify(p, c.data)
	}
	return OK
}

// messageSize returns what the packet's data say of the size of the message that they begin.
func messageSize(p *Packet) uint32 {
	if len(p.Payload) == 0 {
		return 0
	}
	n := appdata.MessageSize(p.Payload)
	if n == appdata.HeaderOpen && (len(p.Payload) < int(p.Segment.Len) || p.LeastLen) {
		return 0 // the header may end in what was not captured
	}
	return n
}
