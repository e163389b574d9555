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

func BenchmarkSum(b *testing.B) {
	octets := make([]byte, 1460)
	b.SetBytes(int64(len(octets)))
	for b.Loop() {
		sum(0, octets)
	}
}
