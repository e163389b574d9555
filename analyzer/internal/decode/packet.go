// Package decode turns captured bytes into TCP segments. It is the only place
// that knows link layers and IP; behind it there are flat values only.
package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Raw is one captured packet as a capture source delivers it. Data belongs to
// the source and is valid during the call only.
type Raw struct {
	Data      []byte
	Time      fsm.Time
	Frame     fsm.Frame
	Length    int    // octets on the wire, at least len(Data)
	LinkType  int    // LINKTYPE_ value of the tcpdump group's registry
	Interface uint32 // index within its source
	Untimed   bool   // it carries no time; Time is that of the packet before

	Process *process.Process  // that the capture names for it, or nil
	Way     process.Direction // with Process: which way the capture says that it went
}

// Packet is one decoded TCP segment with what its carriers say of it. It is
// meant to be reused: every Decode writes all of it anew. Copy, Path, CopyPath, Ordinal, Place,
// Malformed, StreamDoubt, Process and Undelivered are set by those who pass the packet on.
type Packet struct {
	// What the tracker looks at of every packet stands in front, in three lines of the
	// processor's cache: another processor decoded it, and each line is waited for.
	Frame   fsm.Frame
	Time    fsm.Time
	Ordinal uint64           // the how many-th packet of the whole capture, from 1
	Payload []byte           // the captured part of the data; valid as long as Raw.Data, from fragments for good
	ICMP    *ICMPError       // with ICMPErrorMessage; Src, Dst and Segment are then of the segment that it quotes
	Process *process.Process // that the capture names for it; Way is then by what it says of the packet, if it does. nil for none
	MPTCP   *MPTCP           // what the options of Multipath TCP say beyond ordinary data; nil for most
	AccECN  *AccECN          // the counters of Accurate ECN's option; nil without it

	Src, Dst Endpoint
	Encap    Encap  // what the IP packet was carried in, as far as both directions of a connection share it
	IPLen    uint32 // octets of IP packet, headers included
	IPID     uint16 // IPv4 identification
	Path     uint16 // from package dedup: what tells the places apart that packets were captured at; never 0
	// PayloadSum is the Internet checksum's sum over the data: different sums mean
	// different octets. It is known only for whole segments whose checksum is
	// verified and not wrong.
	PayloadSum    uint16
	HasPayloadSum bool
	HasIPID       bool  // IPv4, and not an atomic datagram with identification 0
	TTL           uint8 // or hop limit
	TOS           uint8 // or traffic class; its low two bits are ECN
	Checksum      Checksum
	BadHeader     bool          // the IPv4 header's checksum is wrong; known only when checksums are verified
	HasMessage    bool          // Message is not 0
	Truncated     bool          // the snap length cut the IP packet
	Untimed       bool          // it carries no time; Time is that of the packet before
	FirstOnly     bool          // of a fragmented packet it is the first fragment, and the others are not in the capture
	Copy          Copy          // from package dedup
	Place         Place         // of a RST, from package conntrack
	Malformed     bool          // only the addresses and ports could be read
	Undelivered   bool          // another tap shows that it never reached its receiver
	Begun         fsm.OptionSet // with OptionsCut: the option whose kind was captured and its value was not
	CutOptions    fsm.OptionSet // with OptionsCut: options that may have been cut off, Begun among them

	Segment fsm.Segment // its SACK blocks at the end

	// What it looks at of few, if at all.
	StreamDoubt bool   // of one that begins a connection: it may not be among Wireshark's streams as it is among ours: what is before it, or it itself, was filtered out, unreadable or in a tunnel
	Message     uint32 // octets of the message of HTTP that its data begin, see appdata.MessageSize; 0 for none, or not known
	Interface   uint32
	Labels      Encap             // what only this packet's direction has of it, see Decoder.LabelsName
	SumSeen     uint16            // with ChecksumBad: the checksum field
	SumWant     uint16            // with ChecksumBad: what it should be
	DF          bool              // IPv4's don't-fragment bit; always set for IPv6
	HeaderLen   uint8             // octets of TCP header, options included
	OptionsCut  bool              // the snap length cut the TCP options: those behind the cut are unknown
	Overlong    bool              // the IP header claims more octets than the packet had on the wire
	ZeroLength  bool              // the IP header said length 0 (segmentation offload); taken from the wire length
	WireLen     uint32            // octets on the wire, link header included
	FlowLabel   uint32            // IPv6's, 20 bits
	LinkSrc     uint64            // the outermost frame's source address (6 bytes) and 0 where it shows none
	LinkDst     uint64            // its destination address, likewise
	LinkIndex   uint32            // Linux cooked v2: the capturing host's index of the interface, otherwise 0
	Addressed   bool              // Src and Dst are known; true also for some packets that yield no segment
	Way         process.Direction // seen from the capturing host, by a Linux cooked header or PPP with a direction; see Process
	LeastLen    bool              // with FirstOnly: the segment has more octets than Segment.Len, at least one
	HasDataAck  bool              // with DataAck
	DataAck     uint32            // the data acknowledgment of Multipath TCP, its 32 low bits
	CopyPath    uint16            // with CapturedTwice: the Path of the first

	_ [24]byte // so that all of an array begin with a line
}

// IsSegment reports whether the packet was decoded whole: not one of which only the
// ports could be read, nor an ICMP error.
func (p *Packet) IsSegment() bool { return !p.Malformed && p.ICMP == nil }

// Endpoint is an address and port in a form that can be a map key. IPv4
// addresses are stored mapped into IPv6.
type Endpoint struct {
	IP   [16]byte
	Port uint16
}

// Same reports whether two endpoints are equal. It compares them, which is done for
// each packet, by words.
func Same(a, b *Endpoint) bool {
	return a.Port == b.Port && binary.LittleEndian.Uint64(a.IP[8:]) == binary.LittleEndian.Uint64(b.IP[8:]) &&
		binary.LittleEndian.Uint64(a.IP[:]) == binary.LittleEndian.Uint64(b.IP[:])
}

// Addr returns the address, IPv4 unmapped.
func (e Endpoint) Addr() netip.Addr { return netip.AddrFrom16(e.IP).Unmap() }

// Encap identifies a stack of tags and tunnels around the IP packet: 0 for
// none, otherwise a number that the Decoder explains.
type Encap uint32

// Copy says whether the capture holds the packet a second time.
type Copy uint8

// What a packet can be to those before it.
const (
	NoCopy           Copy = iota
	CapturedTwice         // one packet, captured twice
	PerhapsTwice          // the same, unless it is one of several like ACKs sent at once
	PerhapsDelivered      // the same, unless it was sent again within one tick of its timestamps
	DeliveredTwice        // one packet, delivered twice by the network
)

// Place says whether a packet was captured where its sender's others are captured first,
// in a capture that holds several places.
type Place uint8

// What is known of it.
const (
	PlaceUnknown Place = iota
	PlaceSame
	PlaceOther
)

// Checksum is the outcome of verifying a TCP checksum.
type Checksum uint8

// The outcomes.
const (
	ChecksumUnverified Checksum = iota // not all octets captured, or not asked for
	ChecksumGood
	ChecksumBad
	ChecksumOffload // only the pseudo-header is summed: the card was to do the rest
)
