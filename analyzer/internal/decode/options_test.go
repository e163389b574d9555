package decode

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

func TestOptions(t *testing.T) {
	blocks := []fsm.SACKBlock{{From: 0x11, To: 0x12}, {From: 0x21, To: 0x22}, {From: 0x31, To: 0x32}, {From: 0x41, To: 0xffffffff}}
	for _, test := range []struct {
		name    string
		options string
		want    fsm.Segment // only what options say
	}{
		{"none", "", fsm.Segment{}},
		{"no operation", "01010101", fsm.Segment{}},
		{"end", "00000000", fsm.Segment{}},

		{"MSS", "020405b4", fsm.Segment{Opts: fsm.OptMSS, MSS: 1460}},
		{"window scale", "030307 00", fsm.Segment{Opts: fsm.OptWindowScale, WindowScale: 7}},
		{"window scale 255", "0303ff 00", fsm.Segment{Opts: fsm.OptWindowScale, WindowScale: 255}},
		{"SACK permitted", "0402 0000", fsm.Segment{Opts: fsm.OptSACKPermitted}},
		{"timestamps as ever", "0101 080a 01020304 05060708", fsm.Segment{Opts: fsm.OptTimestamps, TSVal: 0x01020304, TSEcr: 0x05060708}},
		{"timestamps in front", "080a 01020304 05060708 0101", fsm.Segment{Opts: fsm.OptTimestamps, TSVal: 0x01020304, TSEcr: 0x05060708}},
		{"timestamps and more", "0101 080a 01020304 05060708 03030900", fsm.Segment{Opts: fsm.OptTimestamps | fsm.OptWindowScale, TSVal: 0x01020304, TSEcr: 0x05060708, WindowScale: 9}},
		{"SYN of Linux", "020405b4 0402 080a 00000001 00000000 01 030307",
			fsm.Segment{Opts: fsm.OptMSS | fsm.OptSACKPermitted | fsm.OptTimestamps | fsm.OptWindowScale, MSS: 1460, TSVal: 1, WindowScale: 7}},

		{"one SACK block", "0101 050a 00000011 00000012", fsm.Segment{Opts: fsm.OptSACK, NumSACK: 1, SACK: [4]fsm.SACKBlock{blocks[0]}}},
		{"three SACK blocks with timestamps", "0101 080a 00000001 00000002 0101 051a 00000011 00000012 00000021 00000022 00000031 00000032",
			fsm.Segment{Opts: fsm.OptSACK | fsm.OptTimestamps, TSVal: 1, TSEcr: 2, NumSACK: 3, SACK: [4]fsm.SACKBlock{blocks[0], blocks[1], blocks[2]}}},
		{"four SACK blocks", "0101 0522 00000011 00000012 00000021 00000022 00000031 00000032 00000041 ffffffff",
			fsm.Segment{Opts: fsm.OptSACK, NumSACK: 4, SACK: [4]fsm.SACKBlock(blocks)}},
		{"no SACK block", "0502 0000", fsm.Segment{Opts: fsm.OptMalformed}},
		{"half a SACK block", "0101 0506 00000011", fsm.Segment{Opts: fsm.OptMalformed}},

		{"Fast Open request", "2202 0101", fsm.Segment{Opts: fsm.OptFastOpen}},
		{"Fast Open, 8 octets", "220a 0102030405060708 0101", fsm.Segment{Opts: fsm.OptFastOpen, CookieLen: 8}},
		{"Fast Open, 16 octets", "2212 0102030405060708090a0b0c0d0e0f10 0101", fsm.Segment{Opts: fsm.OptFastOpen, CookieLen: 16}},
		{"Fast Open, 2 octets", "2204 0102", fsm.Segment{Opts: fsm.OptMalformed}},
		{"Fast Open, 5 octets", "2207 0102030405 01", fsm.Segment{Opts: fsm.OptMalformed}},
		{"Fast Open, 18 octets", "2214 0102030405060708090a0b0c0d0e0f101112", fsm.Segment{Opts: fsm.OptMalformed}},
		{"Fast Open as experiment, request", "fe04 f989", fsm.Segment{Opts: fsm.OptFastOpen | fsm.OptExperimental}},
		{"Fast Open as experiment, 8 octets", "fe0c f989 0102030405060708", fsm.Segment{Opts: fsm.OptFastOpen | fsm.OptExperimental, CookieLen: 8}},
		{"Fast Open as experiment, 3 octets", "fe07 f989 010203 01", fsm.Segment{Opts: fsm.OptExperimental | fsm.OptMalformed}},
		{"another experiment", "fe04 e2d4", fsm.Segment{Opts: fsm.OptExperimental}},
		{"experiment 253", "fd04 f989", fsm.Segment{Opts: fsm.OptExperimental}},
		{"experiment without a number", "fe02 0101", fsm.Segment{Opts: fsm.OptExperimental}},

		{"MP_CAPABLE", "1e04 0081", fsm.Segment{Opts: fsm.OptMPTCP}},
		{"MP_JOIN", "1e0c 1000 00000001 00000002", fsm.Segment{Opts: fsm.OptMPTCP | fsm.OptMPTCPJoin}},
		{"two of MPTCP", "1e04 2000 1e04 3000", fsm.Segment{Opts: fsm.OptMPTCP}},
		{"MPTCP, empty", "1e02 0101", fsm.Segment{Opts: fsm.OptMalformed}},
		{"MD5", "1312 000102030405060708090a0b0c0d0e0f 0101", fsm.Segment{Opts: fsm.OptMD5}},
		{"MD5, 4 octets", "1306 00010203 0101", fsm.Segment{Opts: fsm.OptMalformed}},
		{"AO", "1d10 0102 000102030405060708090a0b", fsm.Segment{Opts: fsm.OptAO}},
		{"AO without key numbers", "1d03 01 01", fsm.Segment{Opts: fsm.OptMalformed}},
		{"AccECN 0, three counters", "ac0b 000001 000001 000000 01", fsm.Segment{Opts: fsm.OptAccECN}},
		{"AccECN 1, one counter", "ae05 000001 010101", fsm.Segment{Opts: fsm.OptAccECN}},
		{"AccECN, no counter", "ae02 0101", fsm.Segment{Opts: fsm.OptAccECN}},
		{"AccECN, half a counter", "ae04 0001", fsm.Segment{Opts: fsm.OptMalformed}},
		{"AccECN, four counters", "ac0e 000001 000001 000000 000000 0101", fsm.Segment{Opts: fsm.OptMalformed}},

		{"echo", "0606 00000001 0101", fsm.Segment{Opts: fsm.OptObsolete}},
		{"alternate checksum", "0e03 01 01", fsm.Segment{Opts: fsm.OptObsolete}},
		{"SCPS", "1404 0000", fsm.Segment{Opts: fsm.OptObsolete}},
		{"TCP compression filter", "1a02 0101", fsm.Segment{Opts: fsm.OptObsolete}},
		{"Quick-Start", "1b08 000000000001", fsm.Segment{}},
		{"user timeout", "1c04 0001", fsm.Segment{}},
		{"user timeout, 3 octets", "1c05 000102 010101", fsm.Segment{Opts: fsm.OptMalformed}},
		{"encryption negotiation", "4503 01 01", fsm.Segment{}},
		{"unassigned", "c804 0000", fsm.Segment{Opts: fsm.OptUnknown}},
		{"reserved", "4c04 0101", fsm.Segment{Opts: fsm.OptUnknown}},

		{"options behind the end", "020405b4 00 030307", fsm.Segment{Opts: fsm.OptMSS | fsm.OptAfterEnd, MSS: 1460}},
		{"MSS twice: the last", "020405b4 02040218", fsm.Segment{Opts: fsm.OptMSS | fsm.OptDuplicate, MSS: 536}},
		{"unassigned twice", "c802 c802", fsm.Segment{Opts: fsm.OptUnknown | fsm.OptDuplicate}},
		{"kinds 64 apart are two kinds", "8802 c802", fsm.Segment{Opts: fsm.OptUnknown}},
		{"kinds 32 apart are two kinds", "8802 a802", fsm.Segment{Opts: fsm.OptUnknown}},

		{"length 0", "020405b4 0800 0101", fsm.Segment{Opts: fsm.OptMSS | fsm.OptMalformed, MSS: 1460}},
		{"length 1", "020405b4 0801 0303", fsm.Segment{Opts: fsm.OptMSS | fsm.OptMalformed, MSS: 1460}},
		{"length beyond the header", "0402 0204 05b4 080a", fsm.Segment{Opts: fsm.OptSACKPermitted | fsm.OptMSS | fsm.OptMalformed, MSS: 1460}},
		{"kind without a length", "010101 02", fsm.Segment{Opts: fsm.OptMalformed}},
		{"MSS too long, then others", "0205 05b400 0402 01", fsm.Segment{Opts: fsm.OptMalformed | fsm.OptSACKPermitted}},
		{"window scale too long", "0304 0707", fsm.Segment{Opts: fsm.OptMalformed}},
		{"SACK permitted too long", "0403 01 01", fsm.Segment{Opts: fsm.OptMalformed}},
		{"timestamps too short", "0809 01020304 050607 010101", fsm.Segment{Opts: fsm.OptMalformed}},
	} {
		p, r := decodeAll(linkRaw, ip4(6, tcpOctets(unhex(test.options), hello)))
		if r != OK || p.Segment.Len != 5 || string(p.Payload) != "hello" {
			t.Errorf("%s: %v, %+v", test.name, r, p)
			continue
		}
		want := test.want
		want.Seq, want.Ack, want.Len, want.Flags, want.Window = 1000, 5000, 5, fsm.ACK|fsm.PSH, 502
		if p.Segment != want {
			t.Errorf("%s:\n got %+v\nwant %+v", test.name, p.Segment, want)
		}
	}
}

// Options that the snap length cut are kept as far as they are whole, and the
// cut is no fault of theirs.
func TestOptionsCut(t *testing.T) {
	syn := ip4(6, tcpOctets(unhex("020405b4 0402 080a 00000001 00000000 01 030307"), nil))
	has := []struct {
		from int // octets of options captured, at least
		opts fsm.OptionSet
	}{
		{0, 0},
		{4, fsm.OptMSS},
		{6, fsm.OptMSS | fsm.OptSACKPermitted},
		{16, fsm.OptMSS | fsm.OptSACKPermitted | fsm.OptTimestamps},
		{20, fsm.OptMSS | fsm.OptSACKPermitted | fsm.OptTimestamps | fsm.OptWindowScale},
	}
	for n := range 21 {
		var want fsm.OptionSet
		for _, h := range has {
			if n >= h.from {
				want = h.opts
			}
		}
		if n < 20 {
			want |= fsm.OptCut
		}
		p, r := decodeCut(linkRaw, syn, 40+n)
		if r != OK || p.Segment.Opts != want || p.OptionsCut != (n < 20) || p.Truncated != (n < 20) || p.HeaderLen != 40 {
			t.Errorf("%d octets of options: %v, %+v", n, r, p)
		}
	}
	// Twelve octets of a longer list are not the usual timestamps alone.
	p, _ := decodeCut(linkRaw, ip4(6, tcpOctets(unhex("0101 080a 00000001 00000002 03030700"), nil)), 40+12)
	if p.Segment.Opts != fsm.OptTimestamps|fsm.OptCut || !p.OptionsCut {
		t.Errorf("%+v", p)
	}
	// A length of 0 is wrong wherever the cut is.
	p, _ = decodeCut(linkRaw, ip4(6, tcpOctets(unhex("0200 0101 01010101"), nil)), 40+4)
	if p.Segment.Opts != fsm.OptMalformed {
		t.Errorf("%+v", p)
	}
}

// What the snap length may have cut off a SYN's options: what was not read and has
// room behind the cut. Of an option of which the first octets were captured, no more
// is known than that it is there.
func TestCutOptions(t *testing.T) {
	const room = fsm.OptFastOpen | fsm.OptAO | fsm.OptMPTCP | fsm.OptAccECN
	syn := set(tcpOctets(unhex("020405b4 0402 080a 00000001 00000000 01 030307"), nil), 13, byte(fsm.SYN))
	for n, want := range map[int][2]fsm.OptionSet{
		0:  {0, fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps | fsm.OptMD5 | room},
		4:  {0, fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps | room},
		5:  {fsm.OptSACKPermitted, fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps | room},
		7:  {fsm.OptTimestamps, fsm.OptWindowScale | fsm.OptTimestamps | room},
		14: {fsm.OptTimestamps, fsm.OptWindowScale | fsm.OptTimestamps | room},
		17: {0, fsm.OptWindowScale | room&^fsm.OptAO},
		19: {fsm.OptWindowScale, fsm.OptWindowScale},
		20: {0, 0},
	} {
		p, _ := decodeCut(linkRaw, ip4(6, syn), 40+n)
		if got := [2]fsm.OptionSet{p.Begun, p.CutOptions}; got != want {
			t.Errorf("%d octets of options: %b, want %b", n, got, want)
		}
	}
	// On another segment only what such a segment carries.
	p, _ := decodeCut(linkRaw, ip4(6, tcpOctets(unhex("0101 080a 00000001 00000002 0101 050a 00000001 00000002"), nil)), 40+12)
	if want := fsm.OptSACK | fsm.OptAO | fsm.OptMPTCP | fsm.OptAccECN; p.CutOptions != want {
		t.Errorf("%b, want %b", p.CutOptions, want)
	}
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		octets [2]byte
		want   fsm.Flags
	}{
		{[2]byte{0x50, 0x00}, 0},
		{[2]byte{0x50, 0x3f}, fsm.FIN | fsm.SYN | fsm.RST | fsm.PSH | fsm.ACK | fsm.URG},
		{[2]byte{0x50, 0xc2}, fsm.SYN | fsm.ECE | fsm.CWR},
		{[2]byte{0x51, 0xc2}, fsm.SYN | fsm.ECE | fsm.CWR | fsm.AE},
		{[2]byte{0x5e, 0x10}, fsm.ACK | fsm.Reserved},
		{[2]byte{0x58, 0x10}, fsm.ACK | 0x800},
	} {
		segment := set(tcpOctets(nil, nil), 12, test.octets[:]...)
		segment = set(segment, 18, 0xab, 0xcd)
		p, r := decodeAll(linkRaw, ip4(6, segment))
		if r != OK || p.Segment.Flags != test.want || p.Segment.Urgent != 0xabcd {
			t.Errorf("%x: %v, flags %#x, urgent %#x", test.octets, r, p.Segment.Flags, p.Segment.Urgent)
		}
	}
}
