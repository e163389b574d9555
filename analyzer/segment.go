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

	// Fragments are the packets of the IP fragments that it was put together from, copies
	// among them; nil if it came whole. They stay as they are.
	Fragments []fsm.Frame
}

// A Decoder finds the segments in packets, through link layers, tunnels and
// fragments. It is not safe for concurrent use.
type Decoder struct {
	decoder, alone *decode.Decoder // alone decodes first fragments by themselves
	latest         Segment         // that was put together from fragments
	quoted         *Segment        // by the ICMP error that Segment was given last, or nil
}

// NewDecoder returns a Decoder that verifies no checksums.
func NewDecoder() *Decoder { return &Decoder{decoder: decode.New(decode.Options{})} }

// Segment decodes a packet, and reports whether it completes a segment. p is not
// kept.
func (d *Decoder) Segment(p *capture.Packet) (Segment, bool) {
	var raw decode.Raw
	var out decode.Packet
	setRaw(&raw, p)
	d.quoted = nil
	if d.decoder.Decode(&raw, &out) != decode.OK {
		if out.ICMP != nil && out.Addressed {
			s := segmentOf(&out)
			d.quoted = &s
		}
		return Segment{}, false
	}
	s := segmentOf(&out)
	s.Fragments = d.decoder.Together()
	if s.Fragments != nil {
		d.latest = s
	}
	return s, true
}

func segmentOf(p *decode.Packet) Segment {
	return Segment{
		Src: netip.AddrPortFrom(p.Src.Addr(), p.Src.Port), Dst: netip.AddrPortFrom(p.Dst.Addr(), p.Dst.Port),
		Segment: p.Segment, IPID: p.IPID, HasIPID: p.HasIPID,
	}
}

// Part is to be asked of a packet after Segment has returned false: it returns the ends of
// the segment that the packet is the first IP fragment of, or one more copy of a fragment of,
// where the segment was put together last, or that it quotes as an ICMP error.
func (d *Decoder) Part(p *capture.Packet) (src, dst netip.AddrPort, ok bool) {
	switch {
	case d.quoted != nil:
		return d.quoted.Src, d.quoted.Dst, true
	case d.decoder.CopiesLatest():
		return d.latest.Src, d.latest.Dst, true
	}
	kind, first := d.decoder.FirstFragment()
	if !first {
		return src, dst, false
	}
	if d.alone == nil {
		d.alone = decode.New(decode.Options{})
	}
	var raw decode.Raw
	var out decode.Packet
	setRaw(&raw, p)
	if d.alone.Decode(&raw, &out) != decode.OK && (!d.alone.DecodeAlone(kind) || d.alone.Decode(&raw, &out) != decode.OK) {
		return src, dst, false
	}
	s := segmentOf(&out)
	return s.Src, s.Dst, true
}
