package decode

import "testing"

var timestamps = unhex("01 01 08 0a 00000001 00000002")

func BenchmarkDecode(b *testing.B) {
	data := make([]byte, 1448)
	segment := tcpOctets(timestamps, data)
	syn := tcpOctets(unhex("020405b4 0402 080a 00000001 00000000 01 030307"), nil)
	for _, bench := range []struct {
		name   string
		verify bool
		frame  []byte
	}{
		{"ethernet-ipv4-timestamps", false, ether(0x0800, ip4(6, segment))},
		{"ethernet-ipv4-syn", false, ether(0x0800, ip4(6, syn))},
		{"ethernet-ipv6-timestamps", false, ether(0x86dd, ip6(6, segment))},
		{"qinq-ipv4-timestamps", false, ether(0x88a8, cat(unhex("0064 8100 000c 0800"), ip4(6, segment)))},
		{"vxlan-ipv4-timestamps", false, ether(0x0800, ip4(17, udpOctets(4789, cat(unhex("08000000 001389 00"), ether(0x0800, ip4(6, segment))))))},
		{"mpls-ipv4-timestamps", false, ether(0x8847, cat(unhex("00010 040 00011 140"), ip4(6, segment)))},
		{"ethernet-ipv4-checksum", true, ether(0x0800, ip4(6, segment))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			d := New(Options{VerifyChecksums: bench.verify})
			raw := Raw{Data: bench.frame, Length: len(bench.frame), LinkType: linkEthernet}
			var p Packet
			b.SetBytes(int64(len(bench.frame)))
			b.ReportAllocs()
			for b.Loop() {
				if r := d.Decode(&raw, &p); r != OK {
					b.Fatal(r)
				}
			}
		})
	}
}

// A datagram of three fragments a round.
func BenchmarkReassembly(b *testing.B) {
	var frames [][]byte
	for _, p := range cutUp(tcpOctets(timestamps, make([]byte, 4000)), 0, 1480, 2960) {
		frames = append(frames, ether(0x0800, frag4(6, 7, p)))
	}
	d := New(Options{})
	var p Packet
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		for _, frame := range frames {
			frame[14+4], frame[14+5] = byte(n>>8), byte(n) // identification
			d.Decode(&Raw{Data: frame, Length: len(frame), LinkType: linkEthernet}, &p)
		}
	}
	if d.Fragments().Pending != 0 {
		b.Fatalf("%+v", d.Fragments())
	}
}

func BenchmarkSum(b *testing.B) {
	octets := make([]byte, 1460)
	b.SetBytes(int64(len(octets)))
	for b.Loop() {
		sum(0, octets)
	}
}
