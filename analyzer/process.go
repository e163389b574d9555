package analyzer

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Link types whose headers tell whether the host that captured sent the packet.
const (
	linuxCooked  = 113
	linuxCooked2 = 276
)

// wayOf returns which way the capture says that a packet went: by pcapng's flags of the
// packet, else by a Linux cooked header.
func wayOf(p *capture.Packet) process.Direction {
	const flags, wayBits = 2, 3
	for b := p.Options; len(b) >= 8; { // as a Writer writes them
		n := int(binary.LittleEndian.Uint16(b[2:]))
		if binary.LittleEndian.Uint16(b) == flags && n == 4 {
			switch binary.LittleEndian.Uint32(b[4:]) & wayBits {
			case 1:
				return process.Inbound
			case 2:
				return process.Outbound
			}
			break
		}
		b = b[min(len(b), 4+(n+3)&^3):]
	}
	const toUs, fromUs = 0, 4
	kind := -1
	switch {
	case p.LinkType == linuxCooked && len(p.Data) >= 2:
		kind = int(binary.BigEndian.Uint16(p.Data))
	case p.LinkType == linuxCooked2 && len(p.Data) >= 11:
		kind = int(p.Data[10])
	}
	switch kind {
	case toUs:
		return process.Inbound
	case fromUs:
		return process.Outbound
	}
	return process.UnknownDirection
}
