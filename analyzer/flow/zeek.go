package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/zeek"
)

// addZeek lets Zeek's bookkeeping see the packet, copies included.
func (f *Flow) addZeek(p *decode.Packet) {
	f.Zeek.Add(zeek.Packet{
		From: f.SideOf(p), SrcPort: p.Src.Port, DstPort: p.Dst.Port,
		Segment: &p.Segment, Time: p.Time, IPLen: p.IPLen,
		BadChecksum: p.Checksum == decode.ChecksumBad, BadHeader: p.BadHeader, Truncated: p.Truncated,
	})
}
