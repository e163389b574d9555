package analyzer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// packets is a capture source of raw IP packets, 100 ms apart.
type packets struct {
	list [][]byte
	next int
}

func (s *packets) Next(p *capture.Packet) error {
	if s.next == len(s.list) {
		return io.EOF
	}
	data := s.list[s.next]
	*p = capture.Packet{Data: data, Length: len(data), LinkType: 101, Time: int64(s.next) * 1e8}
	s.next++
	p.Number = uint64(s.next)
	return nil
}

func (s *packets) Info() []capture.Info { return []capture.Info{{Name: "packets"}} }
func (s *packets) Close() error         { return nil }

// ipPacket returns an IPv4 packet.
func ipPacket(protocol byte, src, dst string, payload []byte) []byte {
	b := []byte{0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, protocol, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	b = append(append(b, netip.MustParseAddr(src).AsSlice()...), netip.MustParseAddr(dst).AsSlice()...)
	return append(b, payload...)
}

// tcpPacket returns a segment from a port of src to port 80 of dst, or back with the
// ports the other way round.
func tcpPacket(src, dst string, from, to uint16, seq, ack uint32, flags fsm.Flags, data ...byte) []byte {
	b := make([]byte, 20, 20+len(data))
	binary.BigEndian.PutUint16(b, from)
	binary.BigEndian.PutUint16(b[2:], to)
	binary.BigEndian.PutUint32(b[4:], seq)
	binary.BigEndian.PutUint32(b[8:], ack)
	binary.BigEndian.PutUint16(b[12:], 5<<12|uint16(flags))
	binary.BigEndian.PutUint16(b[14:], 1000)
	return ipPacket(6, src, dst, append(b, data...))
}

// icmpAbout returns an ICMP error about a packet, to its sender.
func icmpAbout(packet []byte, from string, typ, code byte, rest uint32) []byte {
	b := []byte{typ, code, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(b[4:], rest)
	return ipPacket(1, from, netip.AddrFrom4([4]byte(packet[12:16])).String(), append(b, packet[:min(len(packet), 28)]...))
}

func analysePackets(t *testing.T, o analyzer.Options, list ...[]byte) *record.Report {
	t.Helper()
	o.NoChecksums = true
	r, err := analyzer.Analyze(context.Background(), []capture.Source{&packets{list: list}}, o)
	if err != nil {
		t.Fatal(err)
	}
	if skipped := sumCounts(r.Capture.Skipped); r.Capture.Packets != r.Capture.Segments+skipped {
		t.Errorf("%d packets, %d segments, %d skipped", r.Capture.Packets, r.Capture.Segments, skipped)
	}
	return r
}

func sumCounts(counts []record.Count) (n uint64) {
	for _, c := range counts {
		n += c.N
	}
	return n
}

// TestICMP holds what ICMP errors do to the connection whose segment they quote.
func TestICMP(t *testing.T) {
	const client, server, router = "10.0.0.1", "10.0.0.2", "10.0.0.254"
	syn := tcpPacket(client, server, 40000, 80, 100, 0, fsm.SYN)
	synAck := tcpPacket(server, client, 80, 40000, 500, 101, fsm.SYN|fsm.ACK)
	ack := tcpPacket(client, server, 40000, 80, 101, 501, fsm.ACK)
	data := tcpPacket(client, server, 40000, 80, 101, 501, fsm.ACK|fsm.PSH, []byte("hello")...)
	other := tcpPacket(client, server, 40001, 80, 100, 0, fsm.SYN)
	late := slices.Repeat([][]byte{ipPacket(17, client, router, make([]byte, 8))}, 30) // the capture goes on
	unreachable := icmpAbout(syn, router, 3, 1, 0)
	again := slices.Clone(syn)
	again[5]++ // its IP identification

	tests := []struct {
		name   string
		list   [][]byte
		state  fsm.State // of the client
		code   record.VerdictCode
		errors []record.ICMPError // of which these fields are compared
	}{
		{"a SYN rejected", [][]byte{syn, unreachable}, fsm.Closed, "rejected-by-icmp", []record.ICMPError{{Type: 3, Code: 1, Quoted: 1}}},
		{"prohibited", [][]byte{syn, icmpAbout(syn, router, 3, 13, 0)}, fsm.Closed, "rejected-by-icmp", []record.ICMPError{{Type: 3, Code: 13, Quoted: 1}}},
		{"time exceeded", [][]byte{syn, icmpAbout(syn, router, 11, 0, 0)}, fsm.Closed, "icmp-time-exceeded", []record.ICMPError{{Type: 11, Quoted: 1}}},
		{"parameter problem", [][]byte{syn, icmpAbout(syn, router, 12, 0, 0)}, fsm.Closed, "icmp-parameter-problem", []record.ICMPError{{Type: 12, Quoted: 1}}},
		{"source quench says nothing", append([][]byte{syn, icmpAbout(syn, router, 4, 0, 0)}, late...), fsm.SynSent, "unanswered", []record.ICMPError{{Type: 4, Quoted: 1}}},
		{"the SYN comes again", append([][]byte{syn, unreachable, again}, late...), fsm.SynSent, "rejected-by-icmp", []record.ICMPError{{Type: 3, Code: 1, Quoted: 1}}},
		{"each SYN rejected", [][]byte{syn, unreachable, again, icmpAbout(again, router, 3, 1, 0)}, fsm.Closed, "rejected-by-icmp", []record.ICMPError{{Type: 3, Code: 1, Quoted: 1}, {Type: 3, Code: 1, Quoted: 3}}},
		{"another SYN quoted", append([][]byte{syn, other, icmpAbout(other, router, 3, 1, 0)}, late...), fsm.SynSent, "unanswered", nil},
		{"a number that was never sent", append([][]byte{syn, icmpAbout(tcpPacket(client, server, 40000, 80, 7, 0, fsm.SYN), router, 3, 1, 0)}, late...),
			fsm.SynSent, "unanswered", []record.ICMPError{{Type: 3, Code: 1}}},
		{"answered all the same", [][]byte{syn, unreachable, synAck, ack}, fsm.Established, "still-open", []record.ICMPError{{Type: 3, Code: 1, Quoted: 1}}},
		{"in a synchronised state", [][]byte{syn, synAck, ack, data, icmpAbout(data, router, 3, 1, 0)}, fsm.Established, "capture-cut", []record.ICMPError{{Type: 3, Code: 1, Quoted: 4}}},
	}
	for _, test := range tests {
		for _, workers := range []int{1, 2} {
			r := analysePackets(t, analyzer.Options{Workers: workers}, test.list...)
			c := r.Connections[0]
			if c.State[fsm.Client].State != test.state || c.Verdict.Code != test.code {
				t.Errorf("%s: the client is in %v, verdict %s: %s", test.name, c.State[fsm.Client].State, c.Verdict.Code, c.Verdict.Sentence)
			}
			if len(c.ICMP) != len(test.errors) {
				t.Fatalf("%s: %d errors", test.name, len(c.ICMP))
			}
			for i, want := range test.errors {
				if e := c.ICMP[i]; e.Type != want.Type || e.Code != want.Code || e.Quoted.Number() != uint64(want.Quoted) || e.From.String() != router {
					t.Errorf("%s: %+v", test.name, e)
				}
			}
			ended := slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool { return a.Name == record.CheckConnectRejectedByICMP })
			if ended != (test.state == fsm.Closed) {
				t.Errorf("%s: found %v", test.name, c.Anomalies)
			}
		}
	}
}

// TestICMPFlood holds that errors about connections that are not there leave nothing,
// that a scan of which every SYN is rejected is told as such, and that the number of
// workers changes nothing.
func TestICMPFlood(t *testing.T) {
	var list [][]byte
	for i := range 3000 {
		syn := tcpPacket("10.0.0.1", fmt.Sprintf("10.1.%d.%d", i/250, i%250+1), 40000, 80, 100, 0, fsm.SYN)
		list = append(list, syn, icmpAbout(syn, "10.0.0.254", 3, 1, 0), icmpAbout(tcpPacket("10.9.9.9", "10.0.0.1", 1, uint16(i), 1, 0, fsm.SYN), "10.0.0.254", 3, 1, 0))
	}
	var one []byte
	for _, workers := range []int{1, 4} {
		r := analysePackets(t, analyzer.Options{Workers: workers}, list...)
		if len(r.Connections) != 3000 {
			t.Fatalf("%d connections", len(r.Connections))
		}
		for _, c := range r.Connections {
			if c.Verdict.Code != "rejected-by-icmp" || len(c.ICMP) != 1 {
				t.Fatalf("connection %d: %s", c.ID, c.Verdict.Sentence)
			}
		}
		var b bytes.Buffer
		if err := report.JSON(&b, r, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if one == nil {
			one = b.Bytes()
		} else if !bytes.Equal(one, b.Bytes()) {
			t.Error("with more workers the report is another one")
		}
	}
}

// TestICMPWhileAttemptPends has an ICMP error about a SYN that meets the connection before,
// which answers it by a challenge ACK. The error is the attempt's, and no segment.
func TestICMPWhileAttemptPends(t *testing.T) {
	const client, server = "10.0.0.1", "10.0.0.2"
	up := func(seq, ack uint32, flags fsm.Flags, data ...byte) []byte {
		return tcpPacket(client, server, 40000, 80, seq, ack, flags, data...)
	}
	down := func(seq, ack uint32, flags fsm.Flags, data ...byte) []byte {
		return tcpPacket(server, client, 80, 40000, seq, ack, flags, data...)
	}
	syn := up(900_000, 0, fsm.SYN)
	r := analysePackets(t, analyzer.Options{},
		up(1000, 0, fsm.SYN), down(5000, 1001, fsm.SYN|fsm.ACK), up(1001, 5001, fsm.ACK),
		up(1001, 5001, fsm.ACK|fsm.PSH, 'a'), down(5001, 1002, fsm.ACK),
		syn, down(5001, 1002, fsm.ACK), // the challenge
		icmpAbout(syn, "10.0.0.254", 3, 1, 0),
		up(1002, 0, fsm.RST), syn, down(7000, 900_001, fsm.SYN|fsm.ACK), up(900_001, 7001, fsm.ACK))
	if len(r.Connections) != 2 {
		t.Fatalf("%d connections, want 2", len(r.Connections))
	}
	for i, c := range r.Connections {
		if want := i; len(c.ICMP) != want {
			t.Errorf("connection %d: %d ICMP errors, want %d", i+1, len(c.ICMP), want)
		}
		for _, a := range c.Anomalies {
			if slices.Contains(a.Frames, fsm.NewFrame(0, 8)) {
				t.Errorf("connection %d: %s about the ICMP error in frame 8", i+1, a.Name)
			}
		}
	}
	if n := r.Connections[0].Traffic[0].Packets + r.Connections[0].Traffic[1].Packets; n != 7 {
		t.Errorf("connection 1 has %d segments, want 7", n)
	}
}
