package lab

import (
	"encoding/binary"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sum is the Internet checksum's ones' complement sum; 0xffff over a header
// whose checksum is right.
func sum(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// A router takes one from the TTL, mends the checksum whatever it was, and
// changes the MAC addresses; a rule sees the packet's numbers.
func TestRoute(t *testing.T) {
	for id := range 1 << 16 {
		frame := make([]byte, 14+20+20+3)
		frame[12] = 8
		ip := frame[14:]
		ip[0], ip[3], ip[8], ip[9] = 0x45, 43, 64, 6
		binary.BigEndian.PutUint16(ip[4:], uint16(id))
		binary.BigEndian.PutUint16(ip[10:], ^sum(ip[:20]))
		tcp := ip[20:]
		tcp[12], tcp[13] = 5<<4|1, byte(fsm.SYN|fsm.ACK)
		binary.BigEndian.PutUint32(tcp[4:], 7)

		p, ok := route(frame, ToClient)
		if !ok {
			t.Fatal("not taken for TCP")
		}
		if sum(ip[:20]) != 0xffff || ip[8] != 63 {
			t.Fatalf("id %#x: TTL %d, checksum %#x is wrong", id, ip[8], binary.BigEndian.Uint16(ip[10:]))
		}
		if p.Seq != 7 || p.Payload != 3 || p.Flags != fsm.SYN|fsm.ACK|fsm.AE {
			t.Fatalf("seen as %+v", p)
		}
		if string(frame[:6]) != string(clientMAC) || string(frame[6:12]) != string(routerMACs[0]) {
			t.Fatalf("MAC addresses % x", frame[:12])
		}
	}
}
