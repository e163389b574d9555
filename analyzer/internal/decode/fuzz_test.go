package decode

import (
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// FuzzDecode gives the decoder any octets under any link type, captured whole
// or with more on the wire. It must not panic and must keep within the octets;
// what gopacket decodes whole as Ethernet, IPv4 and TCP must read the same here.
func FuzzDecode(f *testing.F) {
	segment := tcpOctets(unhex("020405b4 0402 080a 00000001 00000000 01 030307"), hello)
	v4, v6 := ip4(6, segment), ip6(6, segment)
	f.Add(ether(0x0800, v4), 1, 0)
	f.Add(ether(0x86dd, v6), 1, 0)
	f.Add(ether(0x88a8, cat(unhex("0064 8100 000c 0800"), v4)), 1, 4)
	f.Add(ether(8+len(v4), cat(unhex("aaaa03 000000 0800"), v4)), 1, 0)
	f.Add(cat(unhex("0000 0001 0006 020000000001 0000 0800"), v4), 113, 0)
	f.Add(cat(unhex("86dd 0000 00000007 0001 00 06 020000000001 0000"), v6), 276, 0)
	f.Add(cat(unhex("1e000000"), v6), 0, 0)
	f.Add(v4, 228, 0)
	f.Add(set(v4, 2, 0, 0), 101, 100_000)
	f.Add(set(ip6(0, cat(unhex("0600 c204"), u32(0x10000), segment)), 4, 0, 0), 101, 70_000)
	f.Add(ip6(43, cat(unhex("2c00 0001 00000000 3300 0000 00000001 0604 0000 00000001 00000001 112233445566778899aabbcc"), segment)), 229, 0)
	f.Add(set(ip4(6, cat(unhex("83070407070707 00"), segment)), 0, 0x47), 12, 0)
	f.Add(ip4(6, tcpOctets(unhex("0101 0522 00000011 00000012 00000021 00000022 00000031 00000032 00000041 ffffffff"), nil)), 101, 0)
	f.Add(ip4(6, tcpOctets(unhex("fe0c f989 0102030405060708 1e04 0081 ac05 010203 00 01"), nil)), 101, 0)
	f.Add(icmp4(3, 4, unhex("00000500"), v4), 101, 0)
	f.Add(icmp6(3, 0, unhex("00000000"), v6[:48]), 101, 8)
	f.Add(icmp4(11, 0, unhex("00000000"), outer4(17, udpOctets(4789, cat(unhex("08000000 00000100"), ether(0x0800, v4))))), 101, 0)
	for _, c := range carriers() {
		f.Add(c.packet, c.linkType, 0)
	}
	f.Add(frag4(6, 7, piece{0, segment[:24], true}), 101, 0)
	f.Add(frag6(6, 7, piece{24, segment[24:], false}), 101, 0)
	f.Add(outer4(4, frag4(17, 7, piece{0, udpOctets(4789, segment[:24]), true})), 12, 0)

	files, _ := filepath.Glob("../../../testdata/pcaps/*/*.pcap")
	for _, file := range files {
		src, err := capture.Open(file)
		if err != nil {
			f.Fatal(err)
		}
		var p capture.Packet
		for range 4 {
			if src.Next(&p) == nil {
				f.Add(slices.Clone(p.Data), p.LinkType, p.Length-len(p.Data))
			}
		}
		src.Close()
	}

	f.Fuzz(func(t *testing.T, data []byte, linkType, beyond int) {
		beyond = max(beyond, 0) & 0xfffff
		data = data[:len(data):len(data)]
		d := New(Options{VerifyChecksums: true})
		raw := Raw{Data: data, Length: len(data) + beyond, LinkType: linkType}
		var p Packet
		reason := d.Decode(&raw, &p)
		if reason >= NumReasons {
			t.Fatalf("reason %d", reason)
		}
		if again := p; d.Decode(&raw, &p) != reason || difference(p, again) != "" {
			t.Fatalf("decoded again: %s", difference(p, again))
		}
		if reason == OK {
			checkBounds(t, data, &p)
		}
		if linkType == linkEthernet && beyond == 0 {
			checkAgainstGopacket(t, data, &p, reason)
		}
	})
}

// checkBounds checks what holds for every segment.
func checkBounds(t *testing.T, data []byte, p *Packet) {
	s := &p.Segment
	if !p.Addressed || p.HeaderLen < tcpLen || p.HeaderLen > 60 || s.NumSACK > 4 || s.CookieLen > 16 {
		t.Fatalf("%+v", p)
	}
	if uint64(len(p.Payload)) > uint64(s.Len) {
		t.Fatalf("%d octets of payload for a length of %d", len(p.Payload), s.Len)
	}
	if !p.Truncated && (len(p.Payload) != int(s.Len) || p.OptionsCut) {
		t.Fatalf("not truncated, yet %+v", p)
	}
	if len(p.Payload) > 0 { // a packet alone completes no datagram
		start := uintptr(unsafe.Pointer(&p.Payload[0])) - uintptr(unsafe.Pointer(&data[0]))
		if start >= uintptr(len(data)) || int(start)+len(p.Payload) > len(data) {
			t.Fatalf("payload at octet %d of %d", start, len(data))
		}
	}
}

func checkAgainstGopacket(t *testing.T, data []byte, p *Packet, reason Reason) {
	packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy)
	if packet.ErrorLayer() != nil || packet.Metadata().Truncated {
		return
	}
	all := packet.Layers()
	if len(all) < 3 {
		return
	}
	ip, ok1 := all[1].(*layers.IPv4)
	tcp, ok2 := all[2].(*layers.TCP)
	if !ok1 || !ok2 || ip.Version != 4 {
		return
	}
	if reason != OK {
		t.Fatalf("gopacket decodes it, here it is %v", reason)
	}
	want := fsm.Segment{
		Seq: fsm.Seq(tcp.Seq), Ack: fsm.Seq(tcp.Ack), Len: uint32(len(tcp.Payload)),
		Window: tcp.Window, Urgent: tcp.Urgent,
	}
	for _, bit := range []struct {
		set  bool
		flag fsm.Flags
	}{
		{tcp.FIN, fsm.FIN}, {tcp.SYN, fsm.SYN}, {tcp.RST, fsm.RST}, {tcp.PSH, fsm.PSH}, {tcp.ACK, fsm.ACK},
		{tcp.URG, fsm.URG}, {tcp.ECE, fsm.ECE}, {tcp.CWR, fsm.CWR}, {tcp.NS, fsm.AE},
	} {
		if bit.set {
			want.Flags |= bit.flag
		}
	}
	s := p.Segment
	got := fsm.Segment{Seq: s.Seq, Ack: s.Ack, Len: s.Len, Flags: s.Flags &^ fsm.Reserved, Window: s.Window, Urgent: s.Urgent}
	if got != want {
		t.Fatalf("segment\n got %+v\nwant %+v", got, want)
	}
	if p.Src.Port != uint16(tcp.SrcPort) || p.Dst.Port != uint16(tcp.DstPort) ||
		p.Src.Addr().String() != ip.SrcIP.String() || p.Dst.Addr().String() != ip.DstIP.String() {
		t.Fatalf("endpoints %v, %v", p.Src, p.Dst)
	}
	if p.IPID != ip.Id || p.TTL != ip.TTL || p.TOS != ip.TOS || int(p.HeaderLen) != int(tcp.DataOffset)*4 {
		t.Fatalf("%+v", p)
	}
	compareOptions(t, &s, tcp.Options)
}

// compareOptions compares the options whose value is simple; the last of a kind
// counts on both sides.
func compareOptions(t *testing.T, s *fsm.Segment, options []layers.TCPOption) {
	var mss, scale []byte
	permitted := false
	for _, o := range options {
		switch {
		case o.OptionType == layers.TCPOptionKindMSS && len(o.OptionData) == 2:
			mss = o.OptionData
		case o.OptionType == layers.TCPOptionKindWindowScale && len(o.OptionData) == 1:
			scale = o.OptionData
		case o.OptionType == layers.TCPOptionKindSACKPermitted && len(o.OptionData) == 0:
			permitted = true
		}
	}
	if s.Opts.Has(fsm.OptMSS) != (mss != nil) || mss != nil && s.MSS != uint16(mss[0])<<8|uint16(mss[1]) {
		t.Fatalf("MSS %d, gopacket %x", s.MSS, mss)
	}
	if s.Opts.Has(fsm.OptWindowScale) != (scale != nil) || scale != nil && s.WindowScale != scale[0] {
		t.Fatalf("window scale %d, gopacket %x", s.WindowScale, scale)
	}
	if s.Opts.Has(fsm.OptSACKPermitted) != permitted {
		t.Fatalf("SACK permitted %v, gopacket %v", !permitted, permitted)
	}
}
