package decode

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestMPTCP holds what the options of each subtype say (RFC 8684 §3), and that one whose
// length does not suit says nothing.
func TestMPTCP(t *testing.T) {
	v4 := Endpoint{IP: [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: 3}}
	v4port := v4
	v4port.Port = 8080
	v6 := Endpoint{IP: [16]byte{0xfd, 0x77, 15: 4}}
	const syn, synAck, ack = fsm.SYN, fsm.SYN | fsm.ACK, fsm.ACK
	for _, test := range []struct {
		name    string
		flags   fsm.Flags
		options string
		want    *MPTCP
	}{
		{"none", ack, "0101080a0102030405060708", nil},
		{"MP_CAPABLE of a SYN, §3.1", syn, "1e040181", &MPTCP{Has: MPTCPCapable, Version: 1}},
		{"MP_CAPABLE of a SYN-ACK", synAck, "0101 1e0c0101 3580318ee98ac307", &MPTCP{Has: MPTCPCapable, Version: 1, NumKeys: 1, Keys: [2]uint64{0x3580318ee98ac307}}},
		{"MP_CAPABLE with both keys", ack, "1e140101 16e2a7e96f74176b 3580318ee98ac307", &MPTCP{Has: MPTCPCapable, Version: 1, NumKeys: 2, Keys: [2]uint64{0x16e2a7e96f74176b, 0x3580318ee98ac307}}},
		{"and the length of data", ack, "1e160101 16e2a7e96f74176b 3580318ee98ac307 041c 0101", &MPTCP{Has: MPTCPCapable, Version: 1, NumKeys: 2, Keys: [2]uint64{0x16e2a7e96f74176b, 0x3580318ee98ac307}}},
		{"and a checksum", ack, "1e180101 16e2a7e96f74176b 3580318ee98ac307 041c 0101", &MPTCP{Has: MPTCPCapable, Version: 1, NumKeys: 2, Keys: [2]uint64{0x16e2a7e96f74176b, 0x3580318ee98ac307}}},
		{"MP_CAPABLE of version 0 with a key, RFC 6824 §3.1", syn, "1e0c0081 0102030405060708", &MPTCP{Has: MPTCPCapable, NumKeys: 1, Keys: [2]uint64{0x0102030405060708}}},
		{"half a key", synAck, "1e080101 3580318e", &MPTCP{}},
		{"MP_JOIN of a SYN, §3.2", syn, "1e0c1101 17841d73 5622c9b9", &MPTCP{Has: MPTCPJoin, Token: 0x17841d73, Nonce: 0x5622c9b9, AddressID: 1, Backup: true}},
		{"MP_JOIN of a SYN-ACK", synAck, "1e101002 0102030405060708 090a0b0c", &MPTCP{Has: MPTCPJoin, HMAC: 0x0102030405060708, Nonce: 0x090a0b0c, AddressID: 2}},
		{"MP_JOIN of the third ACK", ack, "1e181000" + strings.Repeat("aa", 20), &MPTCP{Has: MPTCPJoin}},
		{"the SYN's form on a SYN-ACK", synAck, "1e0c1001 17841d73 5622c9b9", &MPTCP{}},
		{"DSS of ordinary data, §3.3", ack, "1e1a200f ba8f1fae055bb94a 1b8f265ca7ce016c 00000001 06f1 0101", nil},
		{"DSS with DATA_FIN alone", ack, "1e162014 a7ce0170 00000000 0001 1e0801 010101010101", &MPTCP{Has: MPTCPDataFIN, DataFIN: 0xa7ce0170}},
		{"DSS with DATA_FIN behind data, 8-octet numbers", ack, "1e1a201f ba8f1fae055bb94a 1b8f265ca7ce016c 00000001 0005 0000", &MPTCP{Has: MPTCPDataFIN, DataFIN: 0xa7ce0170}},
		{"DSS, infinite mapping, §3.7", ack, "1e122005 055bb94a a7ce0170 00000001 0000 0000", &MPTCP{Has: MPTCPInfinite}},
		{"DSS, cut", ack, "1e08201f ba8f1fae", nil},
		{"ADD_ADDR, §3.4.1", ack, "1e103003 0a010203" + "0102030405060708", &MPTCP{Has: MPTCPAdd, AddressID: 3, Address: v4}},
		{"ADD_ADDR with a port", ack, "1e123003 0a010203 1f90" + "0102030405060708", &MPTCP{Has: MPTCPAdd, AddressID: 3, Address: v4port}},
		{"ADD_ADDR's echo", ack, "1e083103 0a010203", &MPTCP{Has: MPTCPAdd, AddressID: 3, Address: v4, Echo: true}},
		{"ADD_ADDR's echo with a port", ack, "1e0a3103 0a010203 1f90", &MPTCP{Has: MPTCPAdd, AddressID: 3, Address: v4port, Echo: true}},
		{"ADD_ADDR of IPv6", ack, "1e1c3004 fd770000000000000000000000000004 0102030405060708", &MPTCP{Has: MPTCPAdd, AddressID: 4, Address: v6}},
		{"REMOVE_ADDR, §3.4.2", ack, "1e0540 0203", &MPTCP{Has: MPTCPRemove, Removed: [8]uint8{2, 3}, NumGone: 2}},
		{"REMOVE_ADDR of nothing", ack, "1e0340", &MPTCP{}},
		{"MP_PRIO, §3.3.8", ack, "1e0351", &MPTCP{Has: MPTCPPriority, Backup: true}},
		{"MP_FAIL, §3.7", ack, "1e0c6000 0102030405060708", &MPTCP{Has: MPTCPFail, FailedAt: 0x0102030405060708}},
		{"MP_FASTCLOSE, §3.5", ack, "1e0c7000 0102030405060708", &MPTCP{Has: MPTCPFastEnd}},
		{"MP_TCPRST, §3.6", fsm.RST | ack, "1e048103", &MPTCP{Has: MPTCPReset, Reason: 3, Transient: true}},
		{"two in one header", fsm.RST | ack, "1e0c7000 0102030405060708 1e048001", &MPTCP{Has: MPTCPFastEnd | MPTCPReset, Reason: 1}},
		{"behind the end", ack, "00 1e048001", nil},
		{"a length that leads nowhere", ack, "1e01 1e048001", nil},
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(test.options, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var p Packet
		p.Segment.Flags = test.flags
		multipath(&p, b)
		switch {
		case (p.MPTCP == nil) != (test.want == nil):
			t.Errorf("%s: %+v, want %+v", test.name, p.MPTCP, test.want)
		case p.MPTCP != nil && *p.MPTCP != *test.want:
			t.Errorf("%s: %+v, want %+v", test.name, *p.MPTCP, *test.want)
		}
		for n := range b { // nothing cut short makes it panic
			multipath(&p, b[:n])
		}
	}
	var p Packet
	multipath(&p, []byte{kindMPTCP, 8, 0x20, 1, 1, 2, 3, 4})
	if !p.HasDataAck || p.DataAck != 0x01020304 {
		t.Errorf("data acknowledgment %x", p.DataAck)
	}
	multipath(&p, []byte{kindMPTCP, 12, 0x20, 3, 9, 9, 9, 9, 1, 2, 3, 5})
	if p.DataAck != 0x01020305 {
		t.Errorf("data acknowledgment of 8 octets %x", p.DataAck)
	}
}
