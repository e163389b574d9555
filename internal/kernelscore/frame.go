package kernelscore

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// frame is one captured TCP segment, read without the analyzer.
type frame struct {
	number   uint64
	time     time.Time
	from, to netip.AddrPort
	segment  fsm.Segment
	id       uint16 // IPv4 identification, 0 where there is none
	leaving  bool   // on the router's "any": the second sight of a forwarded packet

	resent bool   // truth: carries sequence numbers that its sender had sent before
	kind   Kind   // truth, for a resent frame
	shared bool   // the kernel reported it together with the frame before
	origin *frame // at another place than the sender's: the frame there
	copied bool   // the network delivered origin before
	hidden bool   // nothing in this capture shows that it is a retransmission
}

// readFrames reads the TCP segments of a capture. A file without packets has none.
func readFrames(file string) ([]*frame, error) {
	src, err := capture.Open(file)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	decoder := analyzer.NewDecoder()
	var all []*frame
	var p capture.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		d, ok := decoder.Segment(&p)
		if !ok {
			continue
		}
		f := &frame{
			number: p.Number, time: time.Unix(0, p.Time), segment: d.Segment, leaving: leaving(&p),
			from: d.Src, to: d.Dst,
		}
		if d.HasIPID {
			f.id = d.IPID
		}
		all = append(all, f)
	}
}

// leaving reports whether Linux cooked v2 says that the host sent the packet.
func leaving(p *capture.Packet) bool {
	const linkTypeSLL2, outgoing = 276, 4
	return p.LinkType == linkTypeSLL2 && len(p.Data) > 10 && p.Data[10] == outgoing
}
