package analyzer_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// talk is a connection in which the client sends n segments of 1400 octets, of which the
// last has the FIN if finWithData says so. Each is a TCP header with its data and true if
// the client sent it.
func talk(n int, finWithData bool) (list [][]byte, fromClient []bool) {
	const size = 1400
	seq, ack := uint32(1000), uint32(9000)
	add := func(client bool, s, a uint32, flags fsm.Flags, data int) {
		from, to := uint16(40000), uint16(80)
		if !client {
			from, to = to, from
		}
		packet := tcpPacket("10.0.0.1", "10.0.0.2", from, to, s, a, flags, bytes.Repeat([]byte{7}, data)...)
		binary.BigEndian.PutUint16(packet[20+14:], 60000)
		list, fromClient = append(list, packet[20:]), append(fromClient, client)
	}
	add(true, seq, 0, fsm.SYN, 0)
	add(false, ack, seq+1, fsm.SYN|fsm.ACK, 0)
	seq, ack = seq+1, ack+1
	add(true, seq, ack, fsm.ACK, 0)
	for i := range n {
		flags := fsm.ACK
		if i == n-1 && finWithData {
			flags |= fsm.FIN
		}
		add(true, seq, ack, flags, size)
		seq += size
		if i%2 == 1 || i == n-1 {
			acked := seq
			if flags&fsm.FIN != 0 {
				acked++
			}
			add(false, ack, acked, fsm.ACK, 0)
		}
	}
	if finWithData {
		seq++
	} else {
		add(true, seq, ack, fsm.ACK|fsm.FIN, 0)
		seq++
	}
	add(false, ack, seq, fsm.ACK|fsm.FIN, 0)
	add(true, seq, ack+1, fsm.ACK, 0)
	return list, fromClient
}

// carrier wraps a segment in IP packets, more than one where it has to be cut. first wants
// the first of them only.
type carrier func(id int, client, first bool, segment []byte) [][]byte

// cut4 cuts the content of an IPv4 packet at 1000 octets.
func cut4(id int, client, first bool, protocol byte, content []byte) (list [][]byte) {
	a, z := "10.0.0.1", "10.0.0.2"
	if !client {
		a, z = z, a
	}
	const at = 1000
	for start := 0; start < len(content); start += at {
		end := min(start+at, len(content))
		p := ipPacket(protocol, a, z, content[start:end])
		place := uint16(start / 8)
		if end < len(content) {
			place |= 0x2000
		}
		binary.BigEndian.PutUint16(p[4:], uint16(id))
		binary.BigEndian.PutUint16(p[6:], place)
		if list = append(list, p); first {
			break
		}
	}
	return list
}

func over4(id int, client, first bool, segment []byte) [][]byte {
	return cut4(id, client, first, 6, segment)
}

// over6 does so with IPv6's fragment header.
func over6(id int, client, first bool, segment []byte) (list [][]byte) {
	src, dst := netip.MustParseAddr("2001:db8::1").As16(), netip.MustParseAddr("2001:db8::2").As16()
	if !client {
		src, dst = dst, src
	}
	packet := func(next byte, payload []byte) []byte {
		b := []byte{0x60, 0, 0, 0, byte(len(payload) >> 8), byte(len(payload)), next, 64}
		return append(append(append(b, src[:]...), dst[:]...), payload...)
	}
	const at = 1000
	if len(segment) <= at {
		return [][]byte{packet(6, segment)}
	}
	for start := 0; start < len(segment); start += at {
		end := min(start+at, len(segment))
		place := uint16(start)
		if end < len(segment) {
			place |= 1
		}
		head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16([]byte{6, 0}, place), uint32(id))
		if list = append(list, packet(44, append(head, segment[start:end]...))); first {
			break
		}
	}
	return list
}

// tunnelled puts the segment's own packet into VXLAN, whose outer packet is cut.
func tunnelled(id int, client, first bool, segment []byte) [][]byte {
	a, z := "192.168.0.1", "192.168.0.2"
	if !client {
		a, z = z, a
	}
	inner := append([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}, ipPacket(6, a, z, segment)...)
	vxlan := append([]byte{8, 0, 0, 0, 0, 0, 7, 0}, inner...)
	udp := []byte{0xc0, 0, 0x12, 0xb5, byte((8 + len(vxlan)) >> 8), byte(8 + len(vxlan)), 0, 0}
	return cut4(id, client, first, 17, append(udp, vxlan...))
}

// TestFirstFragments holds that a connection whose large segments are fragmented, and of
// which a filter by port kept the first fragments, is judged as the whole one is: the same
// states by the same frames, the same octets, nothing missing, no finding; and that the
// fragments are named.
func TestFirstFragments(t *testing.T) {
	for name, over := range map[string]carrier{"IPv4": over4, "IPv6": over6, "VXLAN": tunnelled} {
		for _, fin := range []bool{false, true} {
			for _, n := range []int{1, 2, 25} {
				segments, client := talk(n, fin)
				var whole, firsts packets
				for i, s := range segments {
					whole.list = append(whole.list, uncut(name, over, i+1, client[i], s))
					firsts.list = append(firsts.list, over(i+1, client[i], true, s)...)
				}
				want, got := report1(t, &whole), report1(t, &firsts)
				compareFirst(t, name, n, fin, want, got)
			}
		}
	}
}

// uncut returns the packet that is not cut.
func uncut(name string, over carrier, id int, client bool, segment []byte) []byte {
	all := over(id, client, false, segment)
	if len(all) == 1 {
		return all[0]
	}
	head := 20
	if name == "IPv6" {
		head = 40
	}
	p := append([]byte{}, all[0][:head]...)
	if name == "IPv6" {
		p[6] = 6
		p = append(p, segment...)
		binary.BigEndian.PutUint16(p[4:], uint16(len(segment)))
		return p
	}
	for _, x := range all {
		p = append(p, x[head:]...)
	}
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	p[6], p[7] = 0, 0
	return p
}

func report1(t *testing.T, s capture.Source) *record.Report {
	t.Helper()
	r, err := analyzer.Analyze(t.Context(), []capture.Source{s}, analyzer.Options{NoChecksums: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Connections) != 1 {
		t.Fatalf("%d connections", len(r.Connections))
	}
	return r
}

func compareFirst(t *testing.T, name string, n int, fin bool, want, got *record.Report) {
	t.Helper()
	a, b := want.Connections[0], got.Connections[0]
	if len(a.Transitions) != len(b.Transitions) {
		t.Errorf("%s, %d segments, FIN with data %t: transitions %+v, want %+v", name, n, fin, b.Transitions, a.Transitions)
		return
	}
	for i := range a.Transitions {
		x, y := a.Transitions[i], b.Transitions[i]
		if x.Side != y.Side || x.To != y.To || x.Frame != y.Frame {
			t.Errorf("%s, %d segments, FIN with data %t: %+v, want %+v", name, n, fin, y, x)
		}
	}
	ta, tb := &a.Traffic[0], &b.Traffic[0]
	if ta.UniqueBytes != tb.UniqueBytes || ta.Packets != tb.Packets || tb.GapBytes+tb.Retransmissions+tb.OutOfOrder != 0 || b.Quality.GapBytes != 0 {
		t.Errorf("%s, %d segments, FIN with data %t: %+v, want %+v", name, n, fin, *tb, *ta)
	}
	if len(a.Anomalies) != len(b.Anomalies) || a.Verdict.Code != b.Verdict.Code || a.Verdict.Sure != b.Verdict.Sure {
		t.Errorf("%s, %d segments, FIN with data %t: %v %+v, want %v %+v", name, n, fin, b.Verdict, b.Anomalies, a.Verdict, a.Anomalies)
	}
	q := &got.Capture.Quality
	if q.FirstFragments != uint64(n) || q.Fragmented != 0 || q.GapBytes != 0 {
		t.Errorf("%s, %d segments: %d first fragments, %d incomplete, %d octets missing", name, n, q.FirstFragments, q.Fragmented, q.GapBytes)
	}
	text := strings.Join(q.Faults, " ")
	if !strings.Contains(text, "filter by port") || strings.Contains(text, "missing from the capture (dropped") {
		t.Errorf("%s: %s", name, text)
	}
	if doubts := strings.Join(b.Quality.Doubts, " "); !strings.Contains(doubts, "only the first fragment") {
		t.Errorf("%s: %s", name, doubts)
	}
}

// TestFirstFragmentsAndOthers holds that where other fragments are in the capture, first
// ones are not judged alone: there the rest of one was lost.
func TestFirstFragmentsAndOthers(t *testing.T) {
	segments, client := talk(25, false)
	for name, over := range map[string]carrier{"IPv4": over4, "IPv6": over6, "VXLAN": tunnelled} {
		var s packets
		for i, x := range segments {
			s.list = append(s.list, over(i+1, client[i], i == 7, x)...)
		}
		q := report1(t, &s).Capture.Quality
		if q.FirstFragments != 0 || q.Fragmented != 1 || q.GapBytes != 1400 {
			t.Errorf("%s: %d first fragments, %d incomplete, %d octets missing", name, q.FirstFragments, q.Fragmented, q.GapBytes)
		}
	}
}

// TestFirstFragmentsLive holds that where nobody looks ahead, some first fragments are
// waited for in vain, and the others judged by themselves.
func TestFirstFragmentsLive(t *testing.T) {
	segments, client := talk(25, false)
	var s packets
	for i, x := range segments {
		s.list = append(s.list, over4(i+1, client[i], true, x)...)
	}
	r, err := analyzer.Analyze(t.Context(), []capture.Source{&s}, analyzer.Options{NoChecksums: true, Immediate: true})
	if err != nil {
		t.Fatal(err)
	}
	if q := r.Capture.Quality; q.FirstFragments != 17 || q.Fragmented != 8 {
		t.Errorf("%d first fragments, %d incomplete", q.FirstFragments, q.Fragmented)
	}
}
