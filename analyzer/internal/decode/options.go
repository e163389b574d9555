package decode

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Option kinds (IANA, TCP Parameters).
const (
	kindEnd           = 0
	kindNoOperation   = 1
	kindMSS           = 2
	kindWindowScale   = 3
	kindSACKPermitted = 4
	kindSACK          = 5
	kindTimestamps    = 8
	kindMD5           = 19
	kindQuickStart    = 27
	kindUserTimeout   = 28
	kindAO            = 29
	kindMPTCP         = 30
	kindFastOpen      = 34
	kindENO           = 69
	kindAccECN0       = 172
	kindAccECN1       = 174
	kindExperiment1   = 253
	kindExperiment2   = 254

	fastOpenExperiment = 0xf989 // RFC 7413 §4.1.1's magic number, with kind 254

	// Subtypes of kindMPTCP (RFC 8684 §3).
	mptcpJoin      = 1
	mptcpDSS       = 2 // data sequence signal
	mptcpFastClose = 7
	mptcpReset     = 8
)

// readOptions reads the options of a header into s. It is done by hand: see
// decodeTCP for what gopacket does with them. With cut, the list ends where the
// snap length ended, which is no fault of the list; then it returns the octets of
// an option that is not there whole, and whether the list had ended before.
//
// An option whose length does not suit its kind is passed over by that length,
// as the hosts do; a length that leads nowhere ends the list. Of one kind twice
// the last counts, as it does in Linux.
func readOptions(s *fsm.Segment, b []byte, cut bool) (rest []byte, ended bool) {
	// Nearly every segment of nearly every connection has exactly these.
	if len(b) == 12 && binary.BigEndian.Uint32(b) == kindNoOperation<<24|kindNoOperation<<16|kindTimestamps<<8|10 {
		s.Opts = fsm.OptTimestamps
		s.TSVal = binary.BigEndian.Uint32(b[4:])
		s.TSEcr = binary.BigEndian.Uint32(b[8:])
		return nil, false
	}
	var seen [4]uint64 // a bit for each kind
	for len(b) > 0 {
		kind := b[0]
		switch kind {
		case kindNoOperation:
			b = b[1:]
			continue
		case kindEnd:
			for _, octet := range b[1:] {
				if octet != 0 {
					s.Opts |= fsm.OptAfterEnd
				}
			}
			return nil, true
		}
		if len(b) < 2 {
			if !cut {
				s.Opts |= fsm.OptMalformed
			}
			return b, false
		}
		n := int(b[1])
		if n < 2 {
			s.Opts |= fsm.OptMalformed
			return nil, true
		}
		if n > len(b) {
			if !cut {
				s.Opts |= fsm.OptMalformed
			}
			return b, false
		}
		word, bit := kind>>6, uint64(1)<<(kind&63)
		if seen[word]&bit != 0 && !mayRepeat(kind) {
			s.Opts |= fsm.OptDuplicate
		}
		seen[word] |= bit
		readOption(s, kind, b[2:n])
		b = b[n:]
	}
	return nil, false
}

// EachOption calls do for the options of a header that have a value, up to the first that
// is malformed or cut off.
func EachOption(b []byte, do func(kind uint8, value []byte)) {
	for len(b) >= 2 && b[0] != kindEnd {
		if b[0] == kindNoOperation {
			b = b[1:]
			continue
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			return
		}
		do(b[0], b[2:n])
		b = b[n:]
	}
}

// mayRepeat reports whether a kind can stand several times in one header:
// MPTCP's has subtypes, and the experiments share theirs (RFC 6994).
func mayRepeat(kind uint8) bool {
	return kind == kindMPTCP || kind == kindExperiment1 || kind == kindExperiment2
}

// readOption reads one option's value, which has the length it was given.
func readOption(s *fsm.Segment, kind uint8, value []byte) {
	sized := true // whether the length suits the kind
	switch kind {
	case kindMSS:
		if sized = len(value) == 2; sized {
			s.Opts |= fsm.OptMSS
			s.MSS = binary.BigEndian.Uint16(value)
		}
	case kindWindowScale:
		if sized = len(value) == 1; sized {
			s.Opts |= fsm.OptWindowScale
			s.WindowScale = value[0]
		}
	case kindSACKPermitted:
		if sized = len(value) == 0; sized {
			s.Opts |= fsm.OptSACKPermitted
		}
	case kindSACK:
		if sized = len(value) >= 8 && len(value)%8 == 0; sized {
			s.Opts |= fsm.OptSACK
			readSACK(s, value)
		}
	case kindTimestamps:
		if sized = len(value) == 8; sized {
			s.Opts |= fsm.OptTimestamps
			s.TSVal = binary.BigEndian.Uint32(value)
			s.TSEcr = binary.BigEndian.Uint32(value[4:])
		}
	default:
		sized = readRarerOption(s, kind, value)
	}
	if !sized {
		s.Opts |= fsm.OptMalformed
	}
}

// readRarerOption does so for the options that are not in every SYN, and reports
// whether the length suits the kind.
func readRarerOption(s *fsm.Segment, kind uint8, value []byte) (sized bool) {
	sized = true
	switch kind {
	case kindFastOpen:
		sized = readFastOpen(s, len(value))
	case kindMD5:
		if sized = len(value) == 16; sized {
			s.Opts |= fsm.OptMD5
		}
	case kindAO:
		if sized = len(value) >= 2; sized {
			s.Opts |= fsm.OptAO
		}
	case kindMPTCP:
		if sized = len(value) >= 1; sized {
			s.Opts |= fsm.OptMPTCP
			readMPTCP(s, value)
		}
	case kindAccECN0, kindAccECN1:
		// No, one, two or all three counters of three octets (RFC 9768 §3.2.3).
		if sized = len(value)%3 == 0 && len(value) <= 9; sized {
			s.Opts |= fsm.OptAccECN
		}
	case kindExperiment1, kindExperiment2:
		s.Opts |= fsm.OptExperimental
		if kind == kindExperiment2 && len(value) >= 2 && binary.BigEndian.Uint16(value) == fastOpenExperiment {
			sized = readFastOpen(s, len(value)-2)
		}
	case kindQuickStart:
		sized = len(value) == 6
	case kindUserTimeout:
		sized = len(value) == 2
	case kindENO:
	case 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26:
		s.Opts |= fsm.OptObsolete
	default:
		s.Opts |= fsm.OptUnknown
	}
	return sized
}

// readMPTCP reads what tells of an MPTCP option: its subtype (RFC 8684 §3), and whether
// its data sequence signal ends the sender's data.
func readMPTCP(s *fsm.Segment, value []byte) {
	const dataFIN = 0x10
	switch value[0] >> 4 {
	case mptcpJoin:
		s.Opts |= fsm.OptMPTCPJoin
	case mptcpDSS:
		if len(value) > 1 && value[1]&dataFIN != 0 {
			s.Opts |= fsm.OptMPTCPDataFIN
		}
	case mptcpFastClose:
		s.Opts |= fsm.OptMPTCPFastClose
	case mptcpReset:
		s.Opts |= fsm.OptMPTCPReset
	}
}

// readSACK reads the blocks of a SACK option. A header has room for four.
func readSACK(s *fsm.Segment, value []byte) {
	s.NumSACK = uint8(min(len(value)/8, len(s.SACK)))
	for i := range s.SACK[:s.NumSACK] {
		s.SACK[i] = fsm.SACKBlock{
			From: fsm.Seq(binary.BigEndian.Uint32(value[8*i:])),
			To:   fsm.Seq(binary.BigEndian.Uint32(value[8*i+4:])),
		}
	}
}

// readFastOpen reads a Fast Open option with a cookie of n octets and reports
// whether there can be one: 4 to 16 and even, or none to ask for one (RFC 7413
// §4.1.1).
func readFastOpen(s *fsm.Segment, n int) bool {
	if n != 0 && (n < 4 || n > 16 || n%2 != 0) {
		return false
	}
	s.Opts |= fsm.OptFastOpen
	s.CookieLen = uint8(n)
	return true
}
