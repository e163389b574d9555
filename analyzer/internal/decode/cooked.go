package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Linux cooked headers are read by hand. gopacket trusts the address length of
// v1 and panics when it is long, and it does not know v2.
const (
	cookedLen  = 16
	cooked2Len = 20

	hardwareNetlink = 824 // ARPHRD_NETLINK: the protocol is not an EtherType
)

// cooked reads a Linux cooked header v1: packet type, hardware type, address
// length (two octets each), address (8), protocol (2).
func (d *Decoder) cooked(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(cookedLen, LinkMalformed); r != OK {
		return noHeader, r
	}
	p.Way = wayOfCooked(binary.BigEndian.Uint16(c.data))
	hardware := binary.BigEndian.Uint16(c.data[2:])
	if binary.BigEndian.Uint16(c.data[4:]) == 6 {
		p.LinkSrc = linkAddress(c.data[6:])
	}
	protocol := binary.BigEndian.Uint16(c.data[14:])
	c.take(cookedLen)
	return afterCooked(hardware, protocol)
}

// cooked2 reads a Linux cooked header v2: protocol (2), zero (2), interface
// index (4), hardware type (2), packet type (1), address length (1), address (8).
func (d *Decoder) cooked2(c *cursor, p *Packet) (header, Reason) {
	if r := c.need(cooked2Len, LinkMalformed); r != OK {
		return noHeader, r
	}
	protocol := binary.BigEndian.Uint16(c.data)
	p.LinkIndex = binary.BigEndian.Uint32(c.data[4:])
	hardware := binary.BigEndian.Uint16(c.data[8:])
	p.Way = wayOfCooked(uint16(c.data[10]))
	if c.data[11] == 6 {
		p.LinkSrc = linkAddress(c.data[12:])
	}
	c.take(cooked2Len)
	return afterCooked(hardware, protocol)
}

// wayOfCooked tells it by the packet type. Others than these two were for several hosts, or
// for another one.
func wayOfCooked(packetType uint16) process.Direction {
	const toUs, fromUs = 0, 4
	switch packetType {
	case toUs:
		return process.Inbound
	case fromUs:
		return process.Outbound
	}
	return process.UnknownDirection
}

// afterCooked returns the header behind a cooked one. A protocol below 0x0600
// is Linux's own number; 4 stands for LLC.
func afterCooked(hardware, protocol uint16) (header, Reason) {
	const llc = 4
	if hardware == hardwareNetlink || protocol < 0x0600 && protocol != llc {
		return noHeader, NotIP
	}
	return afterEtherType(protocol)
}
