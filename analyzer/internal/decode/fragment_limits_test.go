package decode

import (
	"bytes"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

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
	if table := &f.d.fragments; table.bytes > maxFragmentBytes || len(table.byKey) > maxDatagrams {
		t.Errorf("%d octets in %d datagrams", table.bytes, len(table.byKey))
	}
	// Where in its datagram a fragment belongs makes no difference to what it takes.
	if f.counts(FragmentCounts{Pending: 1000}); f.d.fragments.bytes > 1000*(datagramSize+pieceSize+16) {
		t.Errorf("%d bytes for 1000 fragments of 8", f.d.fragments.bytes)
	}

	// Large ones are bounded by their bytes.
	f = newFeed(t)
	large := make([]byte, 60_000)
	for id := range 1000 {
		f.now = 0
		f.want(frag6(6, uint32(id), piece{start: 0, data: large, more: true}), Fragment)
	}
	if c := f.d.Fragments(); f.d.fragments.bytes > maxFragmentBytes || c.Pending+c.Evicted != 1000 || c.Pending < 200 {
		t.Errorf("%d bytes, %+v", f.d.fragments.bytes, c)
	}

	f = newFeed(t)
	for i := range maxPieces + 1 {
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
	if f.d.fragments.oldest.total != 65535 {
		t.Error(f.d.fragments.oldest.total)
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
