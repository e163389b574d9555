package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// MPTCP is what the options of Multipath TCP say on a segment (RFC 8684 §3), where that is
// more than the data sequence signal of ordinary data.
type MPTCP struct {
	Has       MPTCPSubtypes
	Version   uint8     // of MP_CAPABLE
	Keys      [2]uint64 // of MP_CAPABLE: the sender's, then its peer's
	NumKeys   uint8
	Token     uint32 // of MP_JOIN on a SYN
	Nonce     uint32 // of MP_JOIN on a SYN or a SYN-ACK
	HMAC      uint64 // of MP_JOIN on a SYN-ACK: the 64 leftmost bits
	AddressID uint8  // of MP_JOIN and ADD_ADDR
	Backup    bool   // of MP_JOIN and MP_PRIO
	DataFIN   uint32 // the number that DATA_FIN takes, its 32 low bits
	Reason    uint8  // of MP_TCPRST
	Transient bool   // of MP_TCPRST
	Echo      bool   // of ADD_ADDR: it acknowledges one
	Address   Endpoint
	Removed   [8]uint8 // of REMOVE_ADDR: the first address IDs
	NumGone   uint8    // how many these are
	FailedAt  uint64   // of MP_FAIL: the data sequence number
}

// MPTCPSubtypes is a set of subtypes: bit n for subtype n.
type MPTCPSubtypes uint16

// What an option can be: the subtypes (RFC 8684 §8.2), but of DSS two uses.
const (
	MPTCPCapable  MPTCPSubtypes = 1 << 0
	MPTCPJoin     MPTCPSubtypes = 1 << 1
	MPTCPAdd      MPTCPSubtypes = 1 << 3
	MPTCPRemove   MPTCPSubtypes = 1 << 4
	MPTCPPriority MPTCPSubtypes = 1 << 5
	MPTCPFail     MPTCPSubtypes = 1 << 6
	MPTCPFastEnd  MPTCPSubtypes = 1 << 7
	MPTCPReset    MPTCPSubtypes = 1 << 8
	MPTCPDataFIN  MPTCPSubtypes = 1 << 14 // a DSS that ends its sender's data
	MPTCPInfinite MPTCPSubtypes = 1 << 15 // a DSS that maps all data from here on: fallback (§3.7)
)

// Flags of a DSS option (RFC 8684 §3.3).
const (
	dssDataFIN = 0x10
	dssLongDSN = 0x08
	dssMapping = 0x04
	dssLongAck = 0x02
	dssAck     = 0x01
)

// multipath reads the MPTCP options among a header's into p.
func multipath(p *Packet, b []byte) {
	EachOption(b, func(kind uint8, value []byte) {
		if kind == kindMPTCP && len(value) > 0 {
			p.readMPTCP(value)
		}
	})
}

// readMPTCP reads one MPTCP option. One whose length does not suit its subtype says
// nothing.
func (p *Packet) readMPTCP(value []byte) {
	subtype := value[0] >> 4
	if subtype == 2 {
		p.readSignal(value)
		return
	}
	m := p.multipath()
	ok := false
	switch subtype {
	case 0:
		ok = m.readCapable(value)
	case 1:
		ok = m.readJoin(value, p.Segment.Flags&fsm.ACK != 0)
	case 3:
		ok = m.readAddAddr(value)
	case 4:
		m.NumGone = uint8(copy(m.Removed[:], value[1:]))
		ok = m.NumGone > 0
	case 5:
		m.Backup, ok = value[0]&1 != 0, true
	case 6:
		if ok = len(value) == 10; ok {
			m.FailedAt = binary.BigEndian.Uint64(value[2:])
		}
	case 7:
		ok = len(value) == 10
	case 8:
		if ok = len(value) == 2; ok {
			m.Transient, m.Reason = value[0]&1 != 0, value[1]
		}
	}
	if ok {
		m.Has |= 1 << subtype
	}
}

// multipath returns what the packet's options say beyond ordinary data.
func (p *Packet) multipath() *MPTCP {
	if p.MPTCP == nil {
		p.MPTCP = &MPTCP{}
	}
	return p.MPTCP
}

// readCapable reads MP_CAPABLE (§3.1): on a SYN without a key, as of version 1, or with
// the sender's; with both keys on the third ACK and the first data.
func (m *MPTCP) readCapable(value []byte) bool {
	switch len(value) {
	case 2:
	case 10:
		m.NumKeys = 1
		m.Keys[0] = binary.BigEndian.Uint64(value[2:])
	case 18, 20, 22: // alone, with the data's length, with a checksum too
		m.NumKeys = 2
		m.Keys[0], m.Keys[1] = binary.BigEndian.Uint64(value[2:]), binary.BigEndian.Uint64(value[10:])
	default:
		return false
	}
	m.Version = value[0] & 0x0f
	return true
}

// readJoin reads MP_JOIN (§3.2), which has another form on each segment of the handshake.
func (m *MPTCP) readJoin(value []byte, ack bool) bool {
	switch {
	case len(value) == 10 && !ack:
		m.Token, m.Nonce = binary.BigEndian.Uint32(value[2:]), binary.BigEndian.Uint32(value[6:])
	case len(value) == 14 && ack:
		m.HMAC, m.Nonce = binary.BigEndian.Uint64(value[2:]), binary.BigEndian.Uint32(value[10:])
	case len(value) == 22 && ack:
		return true
	default:
		return false
	}
	m.Backup, m.AddressID = value[0]&1 != 0, value[1]
	return true
}

// readSignal reads a data sequence signal (§3.3). Of ordinary data the packet keeps only
// the acknowledgment.
func (p *Packet) readSignal(value []byte) {
	if len(value) < 2 {
		return
	}
	flags, rest := value[1], value[2:]
	if flags&dssAck != 0 {
		n := 4
		if flags&dssLongAck != 0 {
			n = 8
		}
		if len(rest) < n {
			return
		}
		p.DataAck, p.HasDataAck = binary.BigEndian.Uint32(rest[n-4:]), true
		rest = rest[n:]
	}
	n := 4
	if flags&dssLongDSN != 0 {
		n = 8
	}
	if flags&dssMapping == 0 || len(rest) < n+6 {
		return // a DATA_FIN has a mapping of its own (§3.3.3)
	}
	first, length := binary.BigEndian.Uint32(rest[n-4:]), binary.BigEndian.Uint16(rest[n+4:])
	switch {
	case length == 0:
		m := p.multipath()
		m.Has |= MPTCPInfinite
	case flags&dssDataFIN != 0:
		m := p.multipath()
		m.Has |= MPTCPDataFIN
		m.DataFIN = first + uint32(length) - 1
	}
}

// readAddAddr reads ADD_ADDR (§3.4.1). The address' kind, the port and the HMAC, which
// version 0 and an echo lack, are told by the length.
func (m *MPTCP) readAddAddr(value []byte) bool {
	const v4, v6, hmac, port = 2 + 4, 2 + 16, 8, 2
	m.Echo = value[0]&1 != 0
	switch len(value) {
	case v4, v4 + port, v4 + hmac, v4 + port + hmac:
		setMapped(&m.Address.IP, value[2:v4])
	case v6, v6 + port, v6 + hmac, v6 + port + hmac:
		m.Address.IP = [16]byte(value[2:v6])
	default:
		return false
	}
	if len(value)%4 == 0 { // one with a port
		end := len(value)
		if end == v4+port+hmac || end == v6+port+hmac {
			end -= hmac
		}
		m.Address.Port = binary.BigEndian.Uint16(value[end-port:])
	}
	m.AddressID = value[1]
	return true
}
