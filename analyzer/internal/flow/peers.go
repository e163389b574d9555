package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/peers/zeek"
)

// addPeers lets the bookkeeping of other tools, whose words the record repeats,
// see the packet: every one that was captured, copies included.
func (f *Flow) addPeers(p *decode.Packet) {
	from := f.SideOf(p)
	f.Zeek.Add(zeek.Packet{
		From: from, SrcPort: p.Src.Port, DstPort: p.Dst.Port,
		Segment: &p.Segment, Time: p.Time, IPLen: p.IPLen,
		BadChecksum: p.Checksum == decode.ChecksumBad, BadHeader: p.BadHeader, Truncated: p.Truncated,
	})
	if p.Checksum != decode.ChecksumBad || !f.Zeek.BelievesChecksums() {
		f.Suricata.Add(from, &p.Segment)
	}
}
