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
	f := &feed{T: t, d: New(Options{VerifyChecksums: true})}
	f.d.LooksAhead = true // fragments are put together, however many firsts come
	return f
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
