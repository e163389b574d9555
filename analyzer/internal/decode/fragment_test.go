package decode

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// A piece is one fragment for a test: where it begins, in octets, and what it
// has.
type piece struct {
	start int
	data  []byte
	more  bool
}

// cutUp cuts an IP packet's content into pieces that begin at the given octets.
func cutUp(content []byte, at ...int) []piece {
	var pieces []piece
	for i, start := range at {
		end := len(content)
		if i+1 < len(at) {
			end = at[i+1]
		}
		pieces = append(pieces, piece{start, content[start:end], end < len(content)})
	}
	return pieces
}

// frag4 returns an IPv4 fragment with TTL 64.
func frag4(protocol byte, id int, p piece) []byte {
	place := p.start / 8
	if p.more {
		place |= 0x2000
	}
	return set(ip4(protocol, p.data), 4, cat(u16(id), u16(place))...)
}

// frag6 returns an IPv6 fragment.
func frag6(next byte, id uint32, p piece) []byte {
	place := p.start
	if p.more {
		place |= 1
	}
	return ip6(44, cat([]byte{next, 0}, u16(place), u32(id), p.data))
}

// A feed hands raw IP packets to one decoder, one second apart.
type feed struct {
	*testing.T
	d   *Decoder
	now fsm.Time
	p   Packet
}

func newFeed(t *testing.T) *feed {
	return &feed{T: t, d: New(Options{VerifyChecksums: true})}
}

func (f *feed) give(packet []byte) Reason {
	f.now += fsm.Second
	return f.d.Decode(&Raw{Data: packet, Time: f.now, Length: len(packet), LinkType: linkRaw}, &f.p)
}

// want gives a packet and complains of another reason.
func (f *feed) want(packet []byte, want Reason) {
	f.Helper()
	if r := f.give(packet); r != want {
		f.Errorf("%v, want %v", r, want)
	}
}

func (f *feed) counts(want FragmentCounts) {
	f.Helper()
	if got := f.d.Fragments(); got != want {
		f.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// long is 100 octets, no two neighbouring eights of which are the same.
var long = func() []byte {
	b := make([]byte, 100)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}()

// The segment is delivered whole with the fragment that comes last, whichever
// that is.
func TestReassembly(t *testing.T) {
	whole4, whole6 := summed(ip4(6, tcpOctets(timestamps, long))), summed(ip6(6, tcpOctets(timestamps, long)))
	for _, test := range []struct {
		name   string
		pieces []piece
		make   func(piece) []byte
		ipLen  uint32
	}{
		{"IPv4", cutUp(whole4[20:], 0, 8, 40, 96), func(p piece) []byte { return frag4(6, 7, p) }, 20 + 132},
		{"IPv6", cutUp(whole6[40:], 0, 8, 40, 96), func(p piece) []byte { return frag6(6, 7, p) }, 40 + 132},
	} {
		permute(len(test.pieces), func(order []int) {
			f := newFeed(t)
			for n, i := range order {
				want := Fragment
				if n == len(order)-1 {
					want = OK
				}
				if r := f.give(test.make(test.pieces[i])); r != want {
					t.Fatalf("%s %v, number %d: %v", test.name, order, n, r)
				}
			}
			p := &f.p
			if p.Segment.Seq != 1000 || p.Segment.Len != 100 || !bytes.Equal(p.Payload, long) || p.Checksum != ChecksumGood {
				t.Errorf("%s %v: %+v", test.name, order, p)
			}
			if p.IPLen != test.ipLen || p.Truncated || p.Overlong || p.Time != f.now || p.Segment.TSEcr != 2 {
				t.Errorf("%s %v: %+v", test.name, order, p)
			}
			f.counts(FragmentCounts{Reassembled: 1})
		})
	}
}

// permute calls f with every order of 0 … n-1.
func permute(n int, f func([]int)) {
	var walk func(order []int)
	walk = func(order []int) {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if !slices.Contains(order, i) {
				walk(append(order[:len(order):len(order)], i))
			}
		}
	}
	walk(nil)
}

// The header is the one of the fragment at the start.
func TestReassembledHeader(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64)
	first, second := frag4(6, 7, pieces[0]), frag4(6, 7, pieces[1])
	options := cat(unhex("94040000")) // router alert, in the first fragment only
	first = set(cat(first[:20], options, first[20:]), 0, 0x46, 0xb8)
	first = set(first, 2, u16(len(first))...)
	first = set(first, 8, 200)
	for _, order := range [][2][]byte{{first, second}, {second, first}} {
		f := newFeed(t)
		f.want(order[0], Fragment)
		f.want(order[1], OK)
		if p := &f.p; p.TTL != 200 || p.TOS != 0xb8 || p.IPLen != 24+120 || p.IPID != 7 || !p.HasIPID || p.DF {
			t.Errorf("%+v", p)
		}
	}

	// Of IPv6, also what stands between the header and the fragment header; the
	// fragment header itself is not in the packet put together.
	six := cutUp(cat(unhex("0600 010400000000"), tcpOctets(nil, long)), 0, 64)
	between := func(p piece) []byte {
		return ip6(0, cat(unhex("2c00 010400000000"), frag6(60, 7, p)[40:]))
	}
	f := newFeed(t)
	f.want(set(between(six[0]), 7, 200), Fragment)
	f.want(between(six[1]), OK)
	if p := &f.p; p.TTL != 200 || p.IPLen != 40+8+128 || !bytes.Equal(p.Payload, long) {
		t.Errorf("%+v", p)
	}

	// Its protocol is that of the first fragment, too (RFC 8200 §4.5).
	pieces = cutUp(tcpOctets(nil, long), 0, 64)
	f = newFeed(t)
	f.want(frag6(60, 7, pieces[1]), Fragment)
	f.want(frag6(6, 7, pieces[0]), OK)
}

// A segment's route to go is told by its first fragment.
func TestReassembledRoute(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64)
	f := newFeed(t)
	f.want(set(ip6(43, cat(unhex("2c02 0001 00000000 00000000000000000000000000000001"), frag6(6, 7, pieces[0])[40:])), 7, 64), Fragment)
	f.want(frag6(6, 7, pieces[1]), OK)
	if f.p.Checksum != ChecksumUnverified {
		t.Errorf("checksum %d", f.p.Checksum)
	}
}

func TestReassemblyInAndOfTunnels(t *testing.T) {
	segment := tcpOctets(nil, long)
	whole := ip4(6, segment)
	check := func(f *feed, encap string) {
		f.Helper()
		if !bytes.Equal(f.p.Payload, long) || f.d.EncapName(f.p.Encap) != encap || f.p.Src.Addr().String() != client4 {
			f.Errorf("%q, %+v", f.d.EncapName(f.p.Encap), f.p)
		}
	}

	f := newFeed(t)
	vxlan := cutUp(udpOctets(4789, cat(unhex("08000000 001389 00"), ether(0x0800, whole))), 0, 64, 128)
	for i, want := range []Reason{Fragment, Fragment, OK} {
		f.want(frag4(17, 7, vxlan[i]), want)
	}
	check(f, "vxlan 5001")

	gre := cutUp(cat(unhex("0000 0800"), whole), 0, 64)
	f.want(frag6(47, 7, gre[1]), Fragment)
	f.want(frag6(47, 7, gre[0]), OK)
	check(f, "gre")

	inside := cutUp(segment, 0, 64)
	f.want(outer4(4, frag4(6, 7, inside[0])), Fragment)
	f.want(outer4(4, frag4(6, 7, inside[1])), OK)
	check(f, "4in4")

	// Fragments of fragments: the tunnel cuts each of them again.
	var reasons []Reason
	for i, p := range inside {
		for _, q := range cutUp(frag4(6, 8, p), 0, 40) {
			reasons = append(reasons, f.give(frag4(4, 100+i, q)))
		}
	}
	if !slices.Equal(reasons, []Reason{Fragment, Fragment, Fragment, OK}) {
		t.Error(reasons)
	}
	check(f, "4in4")

	protected := cutUp(cat(unhex("0604 0000 00000001 00000001 112233445566778899aabbcc"), segment), 0, 16)
	f.want(frag4(51, 9, protected[0]), Fragment)
	f.want(frag4(51, 9, protected[1]), OK)
	check(f, "")
	f.counts(FragmentCounts{Reassembled: 7})
}

// UDP is kept only if it may be a tunnel, which its start tells.
func TestUDPFragmentsAreNotKept(t *testing.T) {
	f := newFeed(t)
	for _, p := range cutUp(udpOctets(53, long), 0, 64) {
		f.want(frag4(17, 7, p), NotTCP)
		f.want(frag6(17, 7, p), NotTCP)
	}
	tunnel := cutUp(udpOctets(4789, long), 0, 64)
	f.want(frag4(17, 8, tunnel[1]), NotTCP)
	f.counts(FragmentCounts{})
	f.want(frag4(17, 8, tunnel[0]), Fragment)
	f.want(frag4(17, 8, tunnel[1]), NotTCP) // whole, and no VXLAN
	f.counts(FragmentCounts{Reassembled: 1})
}

// Fragments of different datagrams are never mixed.
func TestFragmentKeys(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64)
	second := frag4(6, 7, pieces[1])
	for name, first := range map[string][]byte{
		"identification": frag4(6, 8, pieces[0]),
		"source":         set(frag4(6, 7, pieces[0]), 15, 99),
		"destination":    set(frag4(6, 7, pieces[0]), 19, 99),
		"protocol":       frag4(47, 7, pieces[0]),
		"encapsulation":  outer4(4, frag4(6, 7, pieces[0])),
		"version":        frag6(6, 7, pieces[0]),
	} {
		f := newFeed(t)
		f.want(first, Fragment)
		if f.give(second); f.d.Fragments().Pending != 2 {
			t.Errorf("%s: %+v", name, f.d.Fragments())
		}
	}
	// IPv6 has no protocol in the key, and 32 bits of identification.
	f := newFeed(t)
	f.want(frag6(6, 0x10007, pieces[0]), Fragment)
	f.want(frag6(6, 7, pieces[1]), Fragment)
	f.counts(FragmentCounts{Pending: 2})
}

func TestOverlaps(t *testing.T) {
	segment := tcpOctets(nil, long)
	other := bytes.Repeat([]byte{0xee}, len(segment))
	cutTo := func(from []byte, start, end int) piece {
		return piece{start, from[start:end], end < len(segment)}
	}
	for _, test := range []struct {
		name    string
		pieces  []piece
		counts  FragmentCounts // of IPv4
		counts6 FragmentCounts
		drops   bool // IPv6's datagram is lost
	}{
		{"copies of each", []piece{cutTo(segment, 0, 40), cutTo(segment, 0, 40), cutTo(segment, 40, 120), cutTo(segment, 40, 120)},
			FragmentCounts{Reassembled: 1, Duplicates: 2}, FragmentCounts{Reassembled: 1, Duplicates: 2}, false},
		{"copy of a part", []piece{cutTo(segment, 0, 40), cutTo(segment, 8, 24), cutTo(segment, 40, 120)},
			FragmentCounts{Reassembled: 1, Duplicates: 1}, FragmentCounts{Reassembled: 1, Duplicates: 1}, false},
		{"other octets in the same place", []piece{cutTo(segment, 0, 40), cutTo(other, 0, 40), cutTo(segment, 40, 120)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"over the end of the one before", []piece{cutTo(segment, 0, 40), cutTo(cat(other[:40], segment[40:]), 32, 80), cutTo(segment, 80, 120)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"over the start of the one behind", []piece{cutTo(segment, 80, 120), cutTo(cat(segment[:80], other[80:]), 40, 96), cutTo(segment, 0, 40)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"over three and the gaps between", []piece{cutTo(segment, 0, 16), cutTo(segment, 32, 48), cutTo(segment, 64, 80),
			cutTo(cat(other[:16], segment[16:32], other[32:48], segment[48:64], other[64:80], segment[80:]), 8, 96), cutTo(segment, 96, 120)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"an end within what was there", []piece{{0, segment, true}, cutTo(segment, 112, 120)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"a second end before the first", []piece{cutTo(segment, 80, 120), {40, segment[40:80], false}, cutTo(segment, 0, 40), cutTo(segment, 40, 80)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"a second end behind the first", []piece{cutTo(segment, 80, 120), {120, other[:8], false}, cutTo(segment, 0, 80)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
		{"more behind the end", []piece{cutTo(segment, 80, 120), {120, other[:8], true}, cutTo(segment, 0, 80)},
			FragmentCounts{Reassembled: 1, Overlaps: 1}, FragmentCounts{Pending: 1, Overlaps: 1}, true},
	} {
		f4, f6 := newFeed(t), newFeed(t)
		whole4, whole6 := 0, 0
		for _, p := range test.pieces {
			if f4.give(frag4(6, 7, p)) == OK {
				whole4++
				if !bytes.Equal(f4.p.Payload, long) {
					t.Errorf("%s: %x", test.name, f4.p.Payload)
				}
			}
			if f6.give(frag6(6, 7, p)) == OK {
				whole6++
			}
		}
		if whole4 != 1 || whole6 != 1 && !test.drops || whole6 != 0 && test.drops {
			t.Errorf("%s: %d segments by IPv4, %d by IPv6", test.name, whole4, whole6)
		}
		if got := f4.d.Fragments(); got != test.counts {
			t.Errorf("%s, IPv4:\n got %+v\nwant %+v", test.name, got, test.counts)
		}
		if got := f6.d.Fragments(); got != test.counts6 {
			t.Errorf("%s, IPv6:\n got %+v\nwant %+v", test.name, got, test.counts6)
		}
	}
}

// The last fragment's copy, doubled with it, opens no new datagram; a datagram
// sent anew under the same identification does.
func TestCopiesBehindTheEnd(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64)
	f := newFeed(t)
	f.want(frag4(6, 7, pieces[0]), Fragment)
	f.want(frag4(6, 7, pieces[1]), OK)
	f.want(frag4(6, 7, pieces[1]), Fragment)
	f.want(frag4(6, 7, pieces[0]), Fragment)
	f.counts(FragmentCounts{Reassembled: 1, Duplicates: 2})
	anew := cutUp(set(tcpOctets(nil, long), 7, 99), 0, 64)
	f.want(frag4(6, 7, anew[0]), Fragment)
	f.counts(FragmentCounts{Reassembled: 1, Duplicates: 2, Pending: 1})
}

func TestFragmentTimeout(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64)
	for _, test := range []struct {
		name  string
		after fsm.Time
		want  Reason
		out   uint64
	}{
		{"at once", 0, OK, 0},
		{"30 s", 30 * fsm.Second, OK, 0},
		{"a nanosecond more", 30*fsm.Second + 1, Fragment, 1},
		{"before", -30 * fsm.Second, OK, 0},
		{"long before", -30*fsm.Second - 1, Fragment, 1},
	} {
		d := New(Options{})
		var p Packet
		first, second := frag4(6, 7, pieces[0]), frag4(6, 7, pieces[1])
		d.Decode(&Raw{Data: first, Length: len(first), LinkType: linkRaw, Time: 1e18}, &p)
		r := d.Decode(&Raw{Data: second, Length: len(second), LinkType: linkRaw, Time: 1e18 + test.after}, &p)
		if r != test.want || d.Fragments().TimedOut != test.out {
			t.Errorf("%s: %v, %+v", test.name, r, d.Fragments())
		}
	}

	// Any fragment's time tells that others are too old.
	f := newFeed(t)
	f.want(frag4(6, 7, pieces[0]), Fragment)
	f.want(frag4(6, 8, pieces[0]), Fragment)
	f.now += 29 * fsm.Second
	f.want(frag6(6, 9, pieces[0]), Fragment)
	f.counts(FragmentCounts{Pending: 2, TimedOut: 1})
	// And one found too old behind a younger one, which came with a later time.
	f = newFeed(t)
	f.now = 20 * fsm.Second
	f.want(frag4(6, 7, pieces[0]), Fragment)
	f.now = 0
	f.want(frag4(6, 8, pieces[0]), Fragment)
	f.now = 40 * fsm.Second
	f.want(frag4(6, 8, pieces[1]), Fragment)
	f.counts(FragmentCounts{Pending: 2, TimedOut: 1})
}

func TestFragmentBounds(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64)

	f := newFeed(t)
	for id := range maxDatagrams + 3 {
		f.now = 0
		f.want(frag4(6, id, pieces[0]), Fragment)
	}
	f.counts(FragmentCounts{Pending: maxDatagrams, Evicted: 3})
	f.want(frag4(6, 3, pieces[1]), OK)
	f.want(frag4(6, 2, pieces[1]), Fragment)

	f = newFeed(t)
	far := piece{start: 65512, data: long[:8], more: true}
	for id := range 1000 {
		f.now = 0
		f.want(frag6(6, uint32(id), far), Fragment)
	}
	if table := &f.d.fragments; table.bytes > maxFragmentBytes || len(table.open) > maxDatagrams {
		t.Errorf("%d octets in %d datagrams", table.bytes, len(table.open))
	}
	if c := f.d.Fragments(); c.Pending+c.Evicted != 1000 || c.Pending < 100 {
		t.Errorf("%+v", c)
	}

	f = newFeed(t)
	for i := range maxExtents + 1 {
		f.now = 0
		f.want(frag4(6, 7, piece{start: 16 * i, data: long[:8], more: true}), Fragment)
	}
	f.counts(FragmentCounts{Evicted: 1})
	if f.d.fragments.bytes != 0 {
		t.Errorf("%d octets kept", f.d.fragments.bytes)
	}
}

func TestFragmentsThatCannotBe(t *testing.T) {
	f := newFeed(t)
	f.want(frag4(6, 7, piece{start: 8, data: nil}), Fragment)
	f.want(frag4(6, 7, piece{start: 0, data: long[:7], more: true}), Fragment)
	f.want(frag4(6, 7, piece{start: 65528, data: long[:8]}), Fragment)
	f.want(frag6(6, 7, piece{start: 0, data: long[:12], more: true}), Fragment)
	f.want(frag6(6, 7, piece{start: 65528, data: long[:8]}), Fragment)
	f.want(frag6(6, 7, piece{start: 0, data: nil, more: true}), Fragment)
	f.counts(FragmentCounts{Refused: 6})

	// A datagram may end at octet 65535.
	f.want(frag4(6, 8, piece{start: 65528, data: long[:7]}), Fragment)
	f.counts(FragmentCounts{Refused: 6, Pending: 1})
	if f.d.fragments.open[0].total != 65535 {
		t.Error(f.d.fragments.open[0].total)
	}

	// Hosts cut IPv4 fragments with more to come to eights; the next one then
	// begins there.
	segment := tcpOctets(nil, long)
	f = newFeed(t)
	f.want(frag4(6, 9, piece{start: 0, data: segment[:69], more: true}), Fragment)
	f.want(frag4(6, 9, piece{start: 0, data: segment[:69], more: true}), Fragment)
	f.want(frag4(6, 9, piece{start: 64, data: segment[64:]}), OK)
	if !bytes.Equal(f.p.Payload, long) {
		t.Errorf("%x", f.p.Payload)
	}
	f.counts(FragmentCounts{Reassembled: 1, Duplicates: 1})
}

// What the snap length cut off one fragment is missing in the datagram, and
// what stands behind it counts as cut, too.
func TestReassemblyOfCutFragments(t *testing.T) {
	pieces := cutUp(tcpOctets(nil, long), 0, 64) // 20 octets of header and 44 of data, 56 of data
	for _, test := range []struct {
		cut     [2]int // captured octets of each fragment's content
		payload int    // -1: not even the header
	}{
		{[2]int{64, 56}, 100},
		{[2]int{64, 10}, 54},
		{[2]int{64, 0}, 44},
		{[2]int{30, 56}, 10},
		{[2]int{30, 10}, 10},
		{[2]int{20, 0}, 0},
		{[2]int{19, 56}, -1},
	} {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			d := New(Options{VerifyChecksums: true})
			var p Packet
			var r Reason
			for _, i := range order {
				packet := frag4(6, 7, pieces[i])
				r = d.Decode(&Raw{Data: packet[:20+test.cut[i]], Length: len(packet), LinkType: linkRaw}, &p)
			}
			if test.payload < 0 {
				if r != TruncatedHeader || !p.Addressed {
					t.Errorf("%v %v: %v", test.cut, order, r)
				}
				continue
			}
			if r != OK || p.Segment.Len != 100 || !bytes.Equal(p.Payload, long[:test.payload]) || p.Truncated != (test.payload < 100) || p.Checksum == ChecksumGood {
				t.Errorf("%v %v: %v, %+v", test.cut, order, r, p)
			}
		}
	}
}

// A payload that was put together stays what it is.
func TestReassembledPayloadStays(t *testing.T) {
	f := newFeed(t)
	pieces := cutUp(tcpOctets(nil, long), 0, 64)
	f.want(frag4(6, 7, pieces[0]), Fragment)
	f.want(frag4(6, 7, pieces[1]), OK)
	payload := f.p.Payload
	for id := 8; id < 20; id++ {
		for _, p := range cutUp(tcpOctets(nil, bytes.Repeat([]byte{0xee}, 100)), 0, 64) {
			f.give(frag4(6, id, p))
		}
	}
	if !bytes.Equal(payload, long) {
		t.Errorf("%x", payload)
	}
}
