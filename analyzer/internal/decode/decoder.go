package decode

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Options chooses what a Decoder does beyond decoding.
type Options struct {
	VerifyChecksums bool // compare each TCP checksum whose octets were all captured
}

// Decoder decodes packets. It keeps the headers it decodes into and the
// encapsulations it has met, so one Decoder serves one goroutine.
type Decoder struct {
	// LooksAhead says that the caller will decide, by DecodeAlone, whether first fragments
	// are decoded by themselves.
	LooksAhead bool

	verify bool
	layers layerSet
	encaps encapTable
	labels encapTable

	fragments fragmentTable
	firsts    firstKinds
	lastFirst int         // kind of the first fragment that the latest packet was, from 1; 0 for none
	together  []fsm.Frame // fragments that the latest packet was put together from, itself among them
	sawICMP   bool
}

// New returns a Decoder.
func New(o Options) *Decoder {
	d := &Decoder{verify: o.VerifyChecksums}
	d.encaps.init()
	d.labels.init()
	return d
}

// cursor is the place in a packet where the next header begins.
type cursor struct {
	data []byte // captured octets from here on
	wire int    // octets from here on as the carriers claim, captured or not

	quote     bool // it is in the packet that an ICMP error quotes
	badQuote  bool // the error's checksum is wrong: nobody takes it, so it tells of no connection
	otherEnds bool // the IP addresses are not those that the TCP checksum covers
}

// take moves the cursor over the next n octets.
func (c *cursor) take(n int) {
	c.data = c.data[n:]
	c.wire -= n
}

// need returns OK when the next n octets are there. Otherwise it tells the two
// faults apart: the snap length cut them off, or there never were so many, for
// which the caller has the reason.
func (c *cursor) need(n int, malformed Reason) Reason {
	switch {
	case len(c.data) >= n:
		return OK
	case c.wire >= n:
		return TruncatedHeader
	}
	return malformed
}

// header is a kind of header that a cursor can stand before. Each kind has a
// method on Decoder that reads one, moves the cursor behind it and says which
// kind follows. A new carrier is one more kind, its method in its own file,
// and the line that leads to it.
type header uint8

const (
	noHeader header = iota
	ethernetHeader
	llcHeader
	vlanHeader
	cookedHeader
	cooked2Header
	familyHeader
	pppHeader
	pppDirectionHeader
	pppoeHeader
	radiotapHeader
	prismHeader
	avsHeader
	ppiHeader
	wifiHeader
	nflogHeader
	pktapHeader
	encHeader
	ipoibHeader
	juniperHeader
	backboneHeader
	etagHeader
	fabricPathHeader
	mplsHeader
	anyIPHeader
	ipv4Header
	ipv6Header
	greHeader
	erspanHeader
	etherIPHeader
	udpHeader
	icmpHeader
	icmp6Header
	vxlanHeader
	geneveHeader
	gtpHeader
	tcpHeader
)

// maxHeaders bounds the headers in front of TCP. IPv6 extension headers have
// their own bound.
const maxHeaders = 16

// Decode decodes raw into p. It returns OK when p holds a segment, otherwise
// why it does not; then Frame, Time, Interface and WireLen are set, with
// p.Addressed also the endpoints, their Encap and as much of the TCP header as
// is there, and the rest of p means nothing. Of an ICMP error p.ICMP tells what it
// says; the endpoints, IPID, IPLen and Segment.Seq are those of the segment that it
// quotes. p.Payload points into raw.Data, or, where fragments were put together, into
// memory of its own. The segment is that of the fragment that came last; the others are
// Fragment. Their datagrams are kept in the Decoder, so all fragments have to come to
// the same one.
//
// Nothing in raw.Data makes Decode panic, and it allocates only for an
// encapsulation not met before, for fragments and for ICMP errors.
func (d *Decoder) Decode(raw *Raw, p *Packet) Reason {
	c := cursor{data: raw.Data, wire: max(raw.Length, len(raw.Data))}
	*p = Packet{}
	d.lastFirst, d.together, d.fragments.copied = 0, nil, false
	p.Frame, p.Time, p.Interface, p.Untimed = raw.Frame, raw.Time, raw.Interface, raw.Untimed
	p.WireLen = uint32(c.wire)
	next, reason := firstHeader(raw.LinkType)
	for n := 0; reason == OK; n++ {
		if n == maxHeaders {
			reason = TooManyHeaders
			break
		}
		switch next { // those that most captures have
		case ethernetHeader:
			next, reason = d.ethernet(&c, p)
		case vlanHeader:
			next, reason = d.vlan(&c, p)
		case cookedHeader:
			next, reason = d.cooked(&c, p)
		case cooked2Header:
			next, reason = d.cooked2(&c, p)
		case anyIPHeader:
			next, reason = anyIP(&c)
		case ipv4Header:
			next, reason = d.ipv4(&c, p)
		case ipv6Header:
			next, reason = d.ipv6(&c, p)
		case udpHeader:
			next, reason = d.udp(&c)
		case tcpHeader:
			return d.tcp(&c, p)
		default:
			if next < mplsHeader {
				next, reason = d.linkHeader(next, &c, p)
			} else {
				next, reason = d.tunnelHeader(next, &c, p)
			}
		}
	}
	if p.ICMP != nil {
		return quoteReason(reason)
	}
	return reason
}

// linkHeader reads one of the rarer headers in front of IP: those that come before
// mplsHeader in the list.
func (d *Decoder) linkHeader(kind header, c *cursor, p *Packet) (header, Reason) {
	switch kind {
	case llcHeader:
		return d.llc(c)
	case familyHeader:
		return d.family(c)
	case pppHeader:
		return d.ppp(c)
	case pppDirectionHeader:
		return d.pppDirection(c, p)
	case pppoeHeader:
		return d.pppoe(c, p)
	case radiotapHeader:
		return d.radiotap(c)
	case prismHeader:
		return d.prism(c)
	case avsHeader:
		return d.avs(c)
	case ppiHeader:
		return d.ppi(c)
	case wifiHeader:
		return d.wifi(c)
	case nflogHeader:
		return d.nflog(c)
	case pktapHeader:
		return d.pktap(c)
	case encHeader:
		return d.enc(c)
	case ipoibHeader:
		return d.ipoib(c)
	case juniperHeader:
		return d.juniper(c)
	case backboneHeader:
		return d.backbone(c, p)
	case etagHeader:
		return d.etag(c, p)
	case fabricPathHeader:
		return d.fabricPath(c, p)
	}
	return noHeader, NotTCP
}

// tunnelHeader reads a header that carries a packet of another network.
func (d *Decoder) tunnelHeader(kind header, c *cursor, p *Packet) (header, Reason) {
	switch kind {
	case mplsHeader:
		return d.mpls(c, p)
	case greHeader:
		return d.gre(c, p)
	case erspanHeader:
		return d.erspan(c, p)
	case etherIPHeader:
		return d.etherIP(c, p)
	case vxlanHeader:
		return d.vxlan(c, p)
	case icmpHeader:
		return d.icmp(c, p, false)
	case icmp6Header:
		return d.icmp(c, p, true)
	case geneveHeader:
		return d.geneve(c, p)
	case gtpHeader:
		return d.gtp(c, p)
	}
	return noHeader, NotTCP
}

// EncapName says what an encapsulation is, outermost first: "vlan 12",
// "vlan 100.12", "vlan 12 / vxlan 5001". It is empty for 0.
func (d *Decoder) EncapName(e Encap) string { return d.encaps.name(e) }

// EncapNames are the names of the encapsulations met so far. They stay valid,
// and may be read by other goroutines, while the decoder goes on.
type EncapNames []encapStack

// Name returns what Decoder.EncapName returns.
func (n EncapNames) Name(e Encap) string {
	if int(e) < len(n) {
		return n[e].name
	}
	return ""
}

// EncapNames returns the names so far. Stacks are only ever added, so what is
// handed out never changes.
func (d *Decoder) EncapNames() EncapNames { return d.encaps.stacks }

// LabelsName does so for Packet.Labels: "mpls 16.17", "gtp 0x1234". These are
// the numbers that a network puts on packets to lead them one way. The packets
// of the other way have others or none, so they cannot tell connections apart.
func (d *Decoder) LabelsName(labels Encap) string { return d.labels.name(labels) }
