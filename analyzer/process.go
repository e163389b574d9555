package analyzer

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// wayOf returns which way pcapng's flags of a packet say that it went, in its options as a
// Writer writes them.
func wayOf(options []byte) process.Direction {
	const flags, wayBits = 2, 3
	for b := options; len(b) >= 8; {
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
	return process.UnknownDirection
}
