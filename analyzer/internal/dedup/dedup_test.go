package dedup

import (
	"cmp"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const ms = fsm.Second / 1000

// exchange is a handshake, three requests with answers and a close, 10 ms apart,
// without IP identifications and timestamps.
func exchange() []decode.Packet {
	var list []decode.Packet
	seq := [2]fsm.Seq{100, 500}
	send := func(from fsm.Side, flags fsm.Flags, n uint32) {
		p := decode.Packet{Time: fsm.Time(len(list)) * 10 * ms, TTL: 64, LinkSrc: 1, LinkDst: 2}
		p.Src.IP[15], p.Src.Port, p.Dst.IP[15], p.Dst.Port = 1, 40000, 2, 80
		if from == fsm.Server {
			p.Src, p.Dst, p.LinkSrc, p.LinkDst = p.Dst, p.Src, p.LinkDst, p.LinkSrc
		}
		p.Segment = fsm.Segment{Seq: seq[from], Ack: seq[from.Peer()], Flags: flags, Len: n}
		seq[from] = p.Segment.End()
		list = append(list, p)
	}
	send(fsm.Client, fsm.SYN, 0)
	send(fsm.Server, fsm.SYN|fsm.ACK, 0)
	send(fsm.Client, fsm.ACK, 0)
	for range 3 {
		send(fsm.Client, fsm.ACK, 100)
		send(fsm.Server, fsm.ACK, 1000)
		send(fsm.Client, fsm.ACK, 0)
	}
	send(fsm.Client, fsm.ACK|fsm.FIN, 0)
	send(fsm.Server, fsm.ACK|fsm.FIN, 0)
	send(fsm.Client, fsm.ACK, 0)
	return list
}

// classified returns how many of the packets are copies of each kind, in order of
// time.
func classified(packets []decode.Packet) (n [decode.DeliveredTwice + 1]int) {
	slices.SortStableFunc(packets, func(a, b decode.Packet) int { return cmp.Compare(a.Time, b.Time) })
	f := &Finder{}
	f.Learn(packets)
	for i := range packets {
		n[f.Classify(&packets[i])]++
	}
	return n
}

// TestMirror holds that a mirror's copies are known by coming always, and always as
// late, although nothing in the packets tells them from retransmissions.
func TestMirror(t *testing.T) {
	for name, change := range map[string]func(*decode.Packet){
		"30 µs later":             func(p *decode.Packet) { p.Time += ms * 3 / 100 },
		"3 ms later":              func(p *decode.Packet) { p.Time += 3 * ms },
		"15 ms later":             func(p *decode.Packet) { p.Time += 15 * ms },
		"behind the next answer":  func(p *decode.Packet) { p.Time += 12 * ms },
		"with other MACs":         func(p *decode.Packet) { p.Time, p.LinkSrc = p.Time+3*ms, 9 },
		"from the next hop":       func(p *decode.Packet) { p.Time, p.TTL, p.LinkSrc = p.Time+3*ms, 63, 9 },
		"from another VLAN":       func(p *decode.Packet) { p.Time, p.Encap = p.Time+ms/50, 7 },
		"from many hops upstream": func(p *decode.Packet) { p.Time, p.TTL = p.Time+3*ms, 80 },
	} {
		all := exchange()
		n := len(all)
		for _, p := range all[:n:n] {
			change(&p)
			all = append(all, p)
		}
		if got := classified(all); got[decode.CapturedTwice] != n || got[decode.NoCopy] != n {
			t.Errorf("%s: %d of %d copies found, %v", name, got[decode.CapturedTwice], n, got)
		}
		for i := range all {
			if all[i].Encap != 0 {
				t.Errorf("%s: a copy keeps its encapsulation", name)
				break
			}
		}
	}
}

// TestNoMirror holds that a few packets that come again make no mirror.
func TestNoMirror(t *testing.T) {
	all := exchange()
	for _, i := range []int{3, 6, 9} { // the requests
		p := all[i]
		p.Time += 3 * ms
		all = append(all, p)
	}
	if got := classified(all); got[decode.CapturedTwice] != 0 {
		t.Errorf("%v", got)
	}
}

// TestConstantIdentification holds that an identification which never changes proves
// no copy, and that one which does proves it.
func TestConstantIdentification(t *testing.T) {
	for _, step := range []uint16{0, 1} {
		all := exchange()
		for i := range all {
			all[i].HasIPID, all[i].IPID = true, 7+uint16(i)*step
		}
		again := all[3]
		again.Time += 300 * ms
		all = append(all, again)
		want := decode.DeliveredTwice
		if step == 0 {
			want = decode.NoCopy
		}
		f := &Finder{}
		f.Learn(all)
		var got decode.Copy
		for i := range all {
			got = f.Classify(&all[i])
		}
		if got != want {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
}

// TestPrefixTranslated has each packet come again from another IPv6 prefix, as where a
// router translates these: it is another connection's, not a copy.
func TestPrefixTranslated(t *testing.T) {
	packets := exchange()
	for _, p := range slices.Clone(packets) {
		p.Time += 20_000
		p.TTL--
		p.LinkSrc, p.LinkDst = 3, 4
		for _, ip := range []*[16]byte{&p.Src.IP, &p.Dst.IP} {
			if ip[15] == 1 {
				ip[0], ip[7] = 0xfd, 9
			}
		}
		packets = append(packets, p)
	}
	if n := classified(packets); n[decode.NoCopy] != len(packets) {
		t.Errorf("%v", n)
	}
}
