package analyzer

import (
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Segment is one TCP segment with its ends, as the analysis decodes it.
type Segment struct {
	Src, Dst netip.AddrPort // IPv4 addresses unmapped
	fsm.Segment
	IPID    uint16 // IPv4 identification
	HasIPID bool   // it is IPv4, and no atomic datagram with identification 0
}

// A Decoder finds the segments in packets, through link layers, tunnels and
// fragments. It is not safe for concurrent use.
type Decoder struct{ decoder *decode.Decoder }

// NewDecoder returns a Decoder that verifies no checksums.
func NewDecoder() *Decoder { return &Decoder{decode.New(decode.Options{})} }

// Segment decodes a packet, and reports whether it completes a segment. p is not
// kept.
func (d *Decoder) Segment(p *capture.Packet) (Segment, bool) {
	var raw decode.Raw
	var out decode.Packet
	setRaw(&raw, p)
	if d.decoder.Decode(&raw, &out) != decode.OK {
		return Segment{}, false
	}
	return Segment{
		Src: netip.AddrPortFrom(out.Src.Addr(), out.Src.Port), Dst: netip.AddrPortFrom(out.Dst.Addr(), out.Dst.Port),
		Segment: out.Segment, IPID: out.IPID, HasIPID: out.HasIPID,
	}, true
}
