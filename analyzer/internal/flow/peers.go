package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/peers/zeek"
)

// addPeers lets the bookkeeping of other tools, whose words the record repeats,
// see the packet: every one that was captured, copies included.
func (f *Flow) addPeers(o *observation) {
	p := o.p
	f.Zeek.Add(zeek.Packet{
		From: o.from, SrcPort: p.Src.Port, DstPort: p.Dst.Port,
		Segment: o.s, Time: p.Time, IPLen: p.IPLen,
		BadChecksum: p.Checksum == decode.ChecksumBad, BadHeader: p.BadHeader, Truncated: p.Truncated,
	})
	if p.Checksum != decode.ChecksumBad || !f.Zeek.BelievesChecksums() {
		f.Suricata.Add(o.from, o.s)
	}
}
