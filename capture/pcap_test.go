package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
)

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

func TestPcap(t *testing.T) {
	const sec = 1_700_000_000
	tests := []struct {
		name string
		head pcapHead
		body func(o order) []byte
		want []got
	}{
		{"microseconds", pcapHead{snapLen: 96},
			func(o order) []byte { return record(o, record(o, nil, sec, 5, "abc"), sec+1, 999999, "") },
			[]got{
				{data: "abc", time: sec*1e9 + 5000, length: 3, link: 1, number: 1},
				{data: "", time: sec*1e9 + 1_999_999_000, length: 0, link: 1, number: 2},
			}},
		{"nanoseconds", pcapHead{magic: 0xa1b23c4d, snapLen: 96},
			func(o order) []byte { return record(o, nil, sec, 5, "abc") },
			[]got{{data: "abc", time: sec*1e9 + 5, length: 3, link: 1, number: 1}}},
		{"a time after 2038", pcapHead{},
			func(o order) []byte { return record(o, nil, 4_000_000_000, 0, "a") },
			[]got{{data: "a", time: 4_000_000_000e9, length: 1, link: 1, number: 1}}},
		{"modified", pcapHead{magic: 0xa1b2cd34, snapLen: 96},
			func(o order) []byte {
				b := words(o, nil, sec, 7, 3, 60, 2 /* interface */, 0x08000000 /* protocol, type */)
				return append(b, "abc"...)
			},
			[]got{{data: "abc", time: sec*1e9 + 7000, length: 60, link: 1, number: 1}}},
		{"snap length 0", pcapHead{snapLen: 0},
			func(o order) []byte { return record(o, nil, sec, 0, "abc") },
			[]got{{data: "abc", time: sec * 1e9, length: 3, link: 1, number: 1}}},
		{"longer than the snap length", pcapHead{snapLen: 2},
			func(o order) []byte { return record(o, nil, sec, 0, "abcdef") },
			[]got{{data: "abcdef", time: sec * 1e9, length: 6, link: 1, number: 1}}},
		{"cut by the snap length", pcapHead{snapLen: 2},
			func(o order) []byte { return append(words(o, nil, sec, 0, 2, 1500), "ab"...) },
			[]got{{data: "ab", time: sec * 1e9, length: 1500, link: 1, number: 1}}},
		{"a wire length below the captured one", pcapHead{},
			func(o order) []byte { return append(words(o, nil, sec, 0, 4, 1), "abcd"...) },
			[]got{{data: "abcd", time: sec * 1e9, length: 4, link: 1, number: 1}}},
		{"version 2.2, lengths swapped", pcapHead{major: 2, minor: 2},
			func(o order) []byte { return append(words(o, nil, sec, 0, 60, 2), "ab"...) },
			[]got{{data: "ab", time: sec * 1e9, length: 60, link: 1, number: 1}}},
		{"version 2.3, lengths swapped or not", pcapHead{major: 2, minor: 3},
			func(o order) []byte {
				b := append(words(o, nil, sec, 0, 60, 2), "ab"...)
				return append(words(o, b, sec, 0, 3, 60), "cde"...)
			},
			[]got{
				{data: "ab", time: sec * 1e9, length: 60, link: 1, number: 1},
				{data: "cde", time: sec * 1e9, length: 60, link: 1, number: 2},
			}},
		{"version 543.0, lengths swapped", pcapHead{major: 543},
			func(o order) []byte { return append(words(o, nil, sec, 0, 60, 2), "ab"...) },
			[]got{{data: "ab", time: sec * 1e9, length: 60, link: 1, number: 1}}},
		{"a link type of more than eight bits", pcapHead{link: 276},
			func(o order) []byte { return record(o, nil, sec, 0, "a") },
			[]got{{data: "a", time: sec * 1e9, length: 1, link: 276, number: 1}}},
		{"frame check sequence in the link type", pcapHead{link: 0x24000001},
			func(o order) []byte { return record(o, nil, sec, 0, "a") },
			[]got{{data: "a", time: sec * 1e9, length: 1, link: 1, number: 1}}},
		{"raw IP by its number in memory", pcapHead{link: 12},
			func(o order) []byte { return record(o, nil, sec, 0, "a") },
			[]got{{data: "a", time: sec * 1e9, length: 1, link: 101, number: 1}}},
		{"no packets", pcapHead{}, func(order) []byte { return nil }, nil},
	}
	for _, test := range tests {
		for _, o := range []order{le, be} {
			t.Run(fmt.Sprint(test.name, " ", o), func(t *testing.T) {
				list, info := mustRead(t, append(test.head.bytes(o), test.body(o)...))
				if !slices.Equal(list, test.want) {
					t.Errorf("got  %+v\nwant %+v", list, test.want)
				}
				if info.Format != "pcap" || info.Packets != uint64(len(test.want)) || info.Cut != "" {
					t.Errorf("info %+v", info)
				}
				if info.Nanoseconds != (test.head.magic == 0xa1b23c4d) || info.SnapLen != int(test.head.snapLen) {
					t.Errorf("info %+v", info)
				}
			})
		}
	}
}

func TestPcapVersionUnknown(t *testing.T) {
	for _, head := range []pcapHead{{major: 1, minor: 2}, {major: 2, minor: 5}, {major: 3}, {major: 543, minor: 1}} {
		_, _, err := readAll(head.bytes(le))
		if !errors.Is(err, ErrFormat) {
			t.Errorf("version %d.%d: error %v, want ErrFormat", head.major, head.minor, err)
		}
	}
}

func TestPcapLinkTypeName(t *testing.T) {
	for link, want := range map[uint32]string{1: "EN10MB (1)", 276: "LINUX_SLL2 (276)", 14: "RAW (101)", 999: "link type 999"} {
		_, info := mustRead(t, pcapHead{link: link}.bytes(le))
		if !slices.Equal(info.LinkTypes, []string{want}) {
			t.Errorf("link type %d: %q, want %q", link, info.LinkTypes, want)
		}
	}
}

// A record's claim must not be believed: neither for memory nor for where the
// next record begins.
func TestPcapAbsurdLength(t *testing.T) {
	for _, claim := range []uint32{262145, 0x40000000, 0x7fffff00, 0xffffffff} {
		b := record(le, pcapHead{snapLen: claim}.bytes(le), 1, 0, "fine")
		at := int64(len(b))
		b = append(words(le, b, 1, 0, claim, claim), "rest"...)
		list, info, err := readAll(b)
		cut := asCut(t, err)
		if len(list) != 1 || !cut.Damaged || cut.Offset != at || cut.Packet != 2 {
			t.Errorf("claim %d: %d packets, %+v", claim, len(list), cut)
		}
		if info.Cut != cut.Error() {
			t.Errorf("info says %q, the error %q", info.Cut, cut)
		}
	}
	// The largest that is taken.
	big := make([]byte, 262144)
	list, _ := mustRead(t, record(le, pcapHead{}.bytes(le), 1, 0, string(big)))
	if len(list) != 1 || len(list[0].data) != len(big) {
		t.Errorf("a packet of %d octets was not read", len(big))
	}
}
