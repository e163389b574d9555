package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// u64 is an option's value of eight octets.
func u64(o order, v uint64) []byte { return o.AppendUint64(nil, v) }

func TestPcapng(t *testing.T) {
	const sec = 1_700_000_000
	one := func(o order) []byte { return idb(o, shb(o, nil), 1, 0) }
	tests := []struct {
		name string
		file func(o order) []byte
		want []got
	}{
		{"enhanced packets",
			func(o order) []byte {
				return epb(o, epb(o, one(o), 0, sec*1e6+5, "abc"), 0, sec*1e6+6, "abcd")
			},
			[]got{
				{data: "abc", time: sec*1e9 + 5000, length: 3, link: 1, number: 1},
				{data: "abcd", time: sec*1e9 + 6000, length: 4, link: 1, number: 2},
			}},
		{"cut by the snap length",
			func(o order) []byte {
				return block(o, one(o), 6, append(words(o, nil, 0, 0, 1, 2, 1500), "ab"...))
			},
			[]got{{data: "ab", time: 1000, length: 1500, link: 1, number: 1}}},
		{"comments",
			func(o order) []byte {
				return epb(o, one(o), 0, 1, "abc", opt{2, []byte{0, 0, 0, 1}}, opt{1, []byte("first")}, opt{1, []byte("second")})
			},
			[]got{{data: "abc", time: 1000, length: 3, link: 1, number: 1, comment: "first\nsecond"}}},
		{"options that break off",
			func(o order) []byte {
				body := append(words(o, nil, 0, 0, 1, 4, 4), "abcd"...)
				body = o.AppendUint16(body, 1)
				body = o.AppendUint16(body, 200)
				return block(o, one(o), 6, body)
			},
			[]got{{data: "abcd", time: 1000, length: 4, link: 1, number: 1}}},
		{"interfaces of several link types and resolutions",
			func(o order) []byte {
				b := idb(o, shb(o, nil), 1, 0, opt{9, []byte{9}})
				b = idb(o, b, 276, 0, opt{9, []byte{0}}, opt{14, u64(o, 100)})
				b = idb(o, b, 101, 0, opt{9, []byte{0x8a}}) // 1/1024 s
				b = epb(o, b, 2, 1536, "two")
				b = epb(o, b, 1, 7, "one")
				return epb(o, b, 0, 7, "zero")
			},
			[]got{
				{data: "two", time: 1_500_000_000, length: 3, link: 101, iface: 2, number: 1},
				{data: "one", time: 107_000_000_000, length: 3, link: 276, iface: 1, number: 2},
				{data: "zero", time: 7, length: 4, link: 1, iface: 0, number: 3},
			}},
		{"a time resolution of no length is none",
			func(o order) []byte { return epb(o, idb(o, shb(o, nil), 1, 0, opt{9, nil}), 0, 5, "a") },
			[]got{{data: "a", time: 5000, length: 1, link: 1, number: 1}}},
		{"an interface described between packets",
			func(o order) []byte {
				b := epb(o, one(o), 0, 1, "a")
				return epb(o, idb(o, b, 101, 0), 1, 2, "b")
			},
			[]got{
				{data: "a", time: 1000, length: 1, link: 1, number: 1},
				{data: "b", time: 2000, length: 1, link: 101, iface: 1, number: 2},
			}},
		{"simple packets take the time of the one before",
			func(o order) []byte {
				b := idb(o, shb(o, nil), 1, 4)
				b = block(o, b, 3, append(words(o, nil, 3), "abc"...))
				b = epb(o, b, 0, 9, "e")
				return block(o, b, 3, append(words(o, nil, 1500), "abcd"...))
			},
			[]got{
				{data: "abc", time: 0, length: 3, link: 1, number: 1},
				{data: "e", time: 9000, length: 1, link: 1, number: 2},
				{data: "abcd", time: 9000, length: 1500, link: 1, number: 3},
			}},
		{"obsolete packets",
			func(o order) []byte {
				body := o.AppendUint16(nil, 0)
				body = o.AppendUint16(body, 0xffff)
				body = append(words(o, body, 0, 5, 3, 60), "abc\x00"...)
				return block(o, one(o), 2, options(o, body, opt{1, []byte("old")}))
			},
			[]got{{data: "abc", time: 5000, length: 60, link: 1, number: 1, comment: "old"}}},
		{"blocks of other kinds are passed over",
			func(o order) []byte {
				b := block(o, one(o), 4, words(o, nil, 0)) // names
				b = block(o, b, 0xbad0, bytes.Repeat([]byte("x"), 2*windowSize))
				b = block(o, b, 0x80000001, nil)
				return epb(o, b, 0, 1, "abc")
			},
			[]got{{data: "abc", time: 1000, length: 3, link: 1, number: 1}}},
		// As tshark 4.0.17 numbers them. capinfos and tcpdump count packets only.
		{"blocks that are frames and no packets",
			func(o order) []byte {
				b := one(o)
				for _, kind := range []uint32{9, 0xbad, 0x40000bad, 0x204, 0x216, 0x221} {
					b = epb(o, block(o, b, kind, bytes.Repeat([]byte("x"), 28)), 0, 1, "a")
				}
				for _, kind := range []uint32{4, 7, 8, 10, 0x101, 0x1234, 0x201, 0x208, 0x80000001} {
					b = block(o, b, kind, bytes.Repeat([]byte("x"), 28))
				}
				return epb(o, b, 0, 1, "a")
			},
			[]got{
				{data: "a", time: 1000, length: 1, link: 1, number: 2},
				{data: "a", time: 1000, length: 1, link: 1, number: 4},
				{data: "a", time: 1000, length: 1, link: 1, number: 6},
				{data: "a", time: 1000, length: 1, link: 1, number: 8},
				{data: "a", time: 1000, length: 1, link: 1, number: 10},
				{data: "a", time: 1000, length: 1, link: 1, number: 12},
				{data: "a", time: 1000, length: 1, link: 1, number: 13},
			}},
		{"a packet larger than the read buffer",
			func(o order) []byte { return epb(o, one(o), 0, 1, strings.Repeat("z", 3*windowSize)) },
			[]got{{data: strings.Repeat("z", 3*windowSize), time: 1000, length: 3 * windowSize, link: 1, number: 1}}},
		{"no packets", one, nil},
		{"a section of nothing", func(o order) []byte { return shb(o, nil) }, nil},
	}
	for _, test := range tests {
		for _, o := range []order{le, be} {
			t.Run(fmt.Sprint(test.name, " ", o), func(t *testing.T) {
				list, info := mustRead(t, test.file(o))
				if !slices.Equal(list, test.want) {
					t.Errorf("got  %.1000v\nwant %.1000v", list, test.want)
				}
				if info.Format != "pcapng" || info.Packets != uint64(len(test.want)) {
					t.Errorf("info %+v", info)
				}
			})
		}
	}
}

// Sections stand for themselves: byte order, interfaces and resolutions begin
// anew, while packets and interfaces are numbered through the file.
func TestPcapngSections(t *testing.T) {
	b := idb(le, shb(le, nil, opt{1, []byte("first section")}), 1, 100, opt{2, []byte("eth0")}, opt{9, []byte{9}})
	b = epb(le, b, 0, 1, "a")
	b = block(le, b, 5, options(le, words(le, nil, 0, 0, 0), opt{4, u64(le, 10)}, opt{5, u64(le, 2)}))
	b = idb(be, shb(be, b), 276, 200, opt{3, []byte("all of them")}, opt{1, []byte("note")})
	b = idb(be, b, 1, 0)
	b = epb(be, b, 0, 2, "b")
	b = epb(be, b, 1, 3, "c")
	b = block(be, b, 5, options(be, words(be, nil, 1, 0, 0), opt{4, u64(be, 30)}, opt{5, u64(be, 1)}, opt{7, u64(be, 5)}))

	list, info := mustRead(t, b)
	want := []got{
		{data: "a", time: 1, length: 1, link: 1, iface: 0, number: 1},
		{data: "b", time: 2000, length: 1, link: 276, iface: 1, number: 2},
		{data: "c", time: 3000, length: 1, link: 1, iface: 2, number: 3},
	}
	if !slices.Equal(list, want) {
		t.Errorf("got  %+v\nwant %+v", list, want)
	}
	if got := fmt.Sprintf("%q %q %q", info.Comments, info.Interfaces, info.LinkTypes); got !=
		`["first section" "note"] ["eth0" "all of them" "#2"] ["EN10MB (1)" "LINUX_SLL2 (276)"]` {
		t.Error(got)
	}
	if !info.HasDropCounters || info.Received != 40 || info.Dropped != 8 {
		t.Errorf("received %d, dropped %d, counters %v; want 40, 8, true", info.Received, info.Dropped, info.HasDropCounters)
	}
	if info.SnapLen != 200 || !info.Nanoseconds {
		t.Errorf("snap length %d, nanoseconds %v", info.SnapLen, info.Nanoseconds)
	}
}

func TestPcapngDropCounters(t *testing.T) {
	one := idb(le, shb(le, nil), 1, 0)
	isb := func(b []byte, list ...opt) []byte {
		return block(le, b, 5, options(le, words(le, nil, 0, 0, 0), list...))
	}
	old := func(b []byte, drops uint16) []byte {
		body := le.AppendUint16(nil, 0)
		body = le.AppendUint16(body, drops)
		return block(le, b, 2, words(le, body, 0, 0, 0, 0))
	}
	tests := []struct {
		name     string
		file     []byte
		received uint64
		dropped  uint64
		known    bool
	}{
		{"none", epb(le, one, 0, 0, "a"), 0, 0, false},
		{"received only", isb(one, opt{4, u64(le, 7)}), 7, 0, false},
		{"none dropped is known", isb(one, opt{5, u64(le, 0)}), 0, 0, true},
		{"the last statistics hold", isb(isb(one, opt{5, u64(le, 3)}), opt{5, u64(le, 4)}), 0, 4, true},
		{"interface and system", isb(one, opt{5, u64(le, 3)}, opt{7, u64(le, 4)}), 0, 7, true},
		{"told packet by packet", epb(le, epb(le, one, 0, 0, "a", opt{4, u64(le, 2)}), 0, 0, "a", opt{4, u64(le, 3)}), 0, 5, true},
		{"both ways are the same drops", isb(epb(le, one, 0, 0, "a", opt{4, u64(le, 2)}), opt{5, u64(le, 3)}), 0, 3, true},
		{"obsolete packets", old(old(one, 2), 5), 0, 7, true},
		{"obsolete packets, not known", old(one, 0xffff), 0, 0, false},
		{"not known", isb(one, opt{4, u64(le, 1<<64-1)}, opt{5, u64(le, 1<<64-1)}), 0, 0, false},
		{"not known of a packet", epb(le, one, 0, 0, "a", opt{4, u64(le, 1<<64-1)}), 0, 0, false},
		{"the most there can be", isb(one, opt{4, u64(le, 1<<64-2)}, opt{5, u64(le, 1<<64-2)}, opt{7, u64(le, 9)}), 1<<64 - 2, 1<<64 - 1, true},
		{"beyond it by packets", epb(le, epb(le, one, 0, 0, "a", opt{4, u64(le, 1<<63)}), 0, 0, "a", opt{4, u64(le, 1<<63+5)}), 0, 1<<64 - 1, true},
		{"beyond it by interfaces", block(le, idb(le, isb(one, opt{4, u64(le, 1<<63)}, opt{5, u64(le, 3)}), 1, 0), 5,
			options(le, words(le, nil, 1, 0, 0), opt{4, u64(le, 1<<63)}, opt{5, u64(le, 4)})), 1<<64 - 1, 7, true},
		{"statistics of no interface", block(le, one, 5, options(le, words(le, nil, 9, 0, 0), opt{5, u64(le, 3)})), 0, 0, false},
	}
	for _, test := range tests {
		_, info := mustRead(t, test.file)
		if info.Received != test.received || info.Dropped != test.dropped || info.HasDropCounters != test.known {
			t.Errorf("%s: received %d, dropped %d, known %v; want %d, %d, %v", test.name,
				info.Received, info.Dropped, info.HasDropCounters, test.received, test.dropped, test.known)
		}
	}
}

func TestPcapngUntimed(t *testing.T) {
	b := idb(le, shb(le, nil), 1, 0)
	b = block(le, b, 3, append(words(le, nil, 3), "abc"...))
	if _, info := mustRead(t, b); info.Untimed != 1 {
		t.Errorf("%d packets without a time, want 1", info.Untimed)
	}
}

// Blocks that contradict themselves end the reading, with what came before
// delivered and the place named.
func TestPcapngDamaged(t *testing.T) {
	fine := epb(le, idb(le, shb(le, nil), 1, 0), 0, 1, "fine")
	raw := func(kind, total uint32, rest ...uint32) []byte {
		return words(le, words(le, nil, kind, total), rest...)
	}
	tests := []struct {
		name string
		bad  []byte
		says string
	}{
		{"length 0", raw(6, 0, 0, 0), "length of 0"},
		{"length 8", raw(6, 8, 0, 0), "length of 8"},
		{"length 0 of an unknown block", raw(99, 0, 0, 0), "length of 0"},
		{"length not of four", raw(99, 17, 0, 0, 0), "length of 17"},
		{"too short for a packet", raw(6, 28, 0, 0, 0, 0, 28), "length of 28"},
		{"the largest length", raw(6, 0xffffffff, 0, 0), "length of 4294967295"},
		{"a huge packet block", raw(6, 0xfffffff0, 0, 0), "length of 4294967280"},
		{"two lengths", raw(99, 16, 0, 20), "16 before and 20 behind"},
		{"two lengths of a packet", raw(6, 32, 0, 0, 0, 0, 0, 36), "32 before and 36 behind"},
		{"a packet of no interface", raw(6, 32, 1, 0, 0, 0, 0, 32), "interface 1, but 1 are described"},
		{"a packet longer than its block", raw(6, 36, 0, 0, 0, 5, 5, 0, 36), "claims 5 captured bytes in a block with room for 4"},
		{"a simple packet longer than its block", raw(3, 20, 5, 0, 20), "claims 5 captured bytes in a block with room for 4"},
		{"captured length that wraps", raw(6, 36, 0, 0, 0, 0xffffffff, 5, 0, 36), "claims 4294967295 captured bytes"},
		{"no byte order", raw(0x0a0d0d0a, 28, 0x11111111, 1, 0, 0, 28), "byte-order magic 0x11111111"},
		{"a version to come", raw(0x0a0d0d0a, 28, 0x1a2b3c4d, 2, 0, 0, 28), "version 2.0"},
	}
	for _, test := range tests {
		list, _, err := readAll(append(slices.Clone(fine), test.bad...))
		cut := asCut(t, err)
		if len(list) != 1 || !cut.Damaged || cut.Offset != int64(len(fine)) || cut.Packet != 2 || !strings.Contains(cut.Reason, test.says) {
			t.Errorf("%s: %d packets, %+v", test.name, len(list), cut)
		}
	}
}

func TestPcapngPacketBeforeInterface(t *testing.T) {
	_, _, err := readAll(block(le, shb(le, nil), 3, append(words(le, nil, 4), "abcd"...)))
	if cut := asCut(t, err); !cut.Damaged {
		t.Errorf("%+v", cut)
	}
}

// What a file tells of itself is kept within bounds.
func TestPcapngBounds(t *testing.T) {
	b := shb(le, nil)
	for range maxInterfaces {
		b = idb(le, b, 1, 0)
	}
	list, info := mustRead(t, epb(le, b, maxInterfaces-1, 1, "a"))
	if len(list) != 1 || list[0].iface != maxInterfaces-1 || len(info.Interfaces) != maxNotes {
		t.Errorf("%d packets, %d interfaces", len(list), len(info.Interfaces))
	}
	_, _, err := readAll(idb(le, b, 1, 0))
	if cut := asCut(t, err); !cut.Damaged || !strings.Contains(cut.Reason, "interfaces") {
		t.Errorf("%+v", cut)
	}

	comments := make([]opt, 1000)
	for i := range comments {
		comments[i] = opt{1, bytes.Repeat([]byte("c"), 60000)}
	}
	b = epb(le, idb(le, shb(le, nil, comments[:200]...), 1, 0), 0, 1, "a", comments[:200]...)
	list, info = mustRead(t, b)
	if n := len(list[0].comment); n > 60000+maxComment {
		t.Errorf("a comment of %d octets", n)
	}
	for _, c := range info.Comments {
		if len(c) > maxNoteLen {
			t.Fatalf("a comment of %d octets", len(c))
		}
	}
}
