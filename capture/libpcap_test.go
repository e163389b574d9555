//go:build cgo && !nopcap

package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket/pcap"
)

// byLibpcap reads a file the other way.
func byLibpcap(t *testing.T, file []byte) ([]got, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := pcap.OpenOffline(name)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	var list []got
	for {
		data, ci, err := h.ReadPacketData()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, errors.Join(err, h.Error())
		}
		list = append(list, got{data: string(data), time: ci.Timestamp.UnixNano(), length: ci.Length})
	}
}

// libpcap is right about the files it reads: ours must be the same.
func TestSameAsLibpcap(t *testing.T) {
	const sec = 1_700_000_000
	files := map[string][]byte{}
	for _, o := range []order{le, be} {
		add := func(name string, b []byte) { files[name+" "+o.String()] = b }
		for _, magic := range []uint32{0xa1b2c3d4, 0xa1b23c4d} {
			b := record(o, pcapHead{magic: magic, snapLen: 96}.bytes(o), sec, 999999, "abc")
			add("pcap", append(words(o, b, sec, 5, 4, 1500), "abcd"...))
		}
		add("modified", append(words(o, pcapHead{magic: 0xa1b2cd34, snapLen: 96}.bytes(o), sec, 7, 3, 60, 2, 0x08000000), "abc"...))
		add("snap length 0", record(o, pcapHead{}.bytes(o), sec, 0, "abc"))
		add("2.2", append(words(o, pcapHead{major: 2, minor: 2, snapLen: 96}.bytes(o), sec, 0, 60, 2), "ab"...))
		add("2.3", append(words(o, pcapHead{major: 2, minor: 3, snapLen: 96}.bytes(o), sec, 0, 60, 2), "ab"...))
		add("SLL2", record(o, pcapHead{link: 276, snapLen: 96}.bytes(o), sec, 0, "abc"))
		// Beyond 2^-34 libpcap's own product overflows 64 bits; those are
		// judged in TestTimescaleAgainstBig.
		for _, tsresol := range []byte{0, 3, 6, 7, 9, 10, 18, 0x80, 0x8a, 0x94, 0x9e, 0xa0} {
			b := idb(o, shb(o, nil), 1, 0, opt{9, []byte{tsresol}}, opt{14, u64(o, 1000)})
			b = epb(o, b, 0, 1_234_567_890_123_456_789>>(64-max(4, tsresol&0x7f)%64), "abc")
			add(fmt.Sprintf("tsresol 0x%02x", tsresol), b)
		}
		b := idb(o, shb(o, nil), 1, 96)
		b = block(o, b, 3, append(words(o, nil, 3), "abc"...))
		b = epb(o, b, 0, sec*1e6, "abcdef", opt{1, []byte("comment")})
		b = block(o, b, 2, append(words(o, o.AppendUint16(o.AppendUint16(nil, 0), 3), 0, 9, 4, 60), "abcd"...))
		b = idb(o, shb(o, b), 1, 96)
		add("blocks", epb(o, b, 0, sec*1e6, "second section"))
	}
	for name, file := range files {
		want, err := byLibpcap(t, file)
		if err != nil {
			t.Errorf("%s: libpcap does not read it: %v", name, err)
			continue
		}
		list, _, err := readAll(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range list {
			list[i] = got{data: list[i].data, time: list[i].time, length: list[i].length}
		}
		if !slices.Equal(list, want) {
			t.Errorf("%s:\ngot     %+v\nlibpcap %+v", name, list, want)
		}
	}
}

func TestLinkTypeNamesAreLibpcaps(t *testing.T) {
	for number, name := range linkTypeNames {
		// Newer ones may be unknown to the libpcap at hand, and one has since
		// got a longer name.
		if theirs := pcap.DatalinkValToName(number); !strings.HasPrefix(name, theirs) {
			t.Errorf("link type %d: %s, libpcap calls it %s", number, name, theirs)
		}
	}
}

// tcpPacket is an Ethernet frame of an IPv4 TCP segment from port 80, behind
// the link header given.
func tcpPacket(link string) string {
	return link +
		"\x45\x00\x00\x28\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02" +
		"\x00\x50\x9c\x40\x00\x00\x00\x01\x00\x00\x00\x02\x50\x10\x00\x00\x00\x00\x00\x00"
}

func TestFilter(t *testing.T) {
	ethernet := tcpPacket("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x08\x00")
	sll2 := tcpPacket("\x08\x00\x00\x00\x00\x00\x00\x01\x00\x01\x00\x06\x00\x01\x02\x03\x04\x05\x00\x00")
	raw := tcpPacket("")
	tests := []struct {
		expr   string
		link   int
		data   string
		length int
		want   bool
	}{
		{"tcp port 80", 1, ethernet, 54, true},
		{"tcp port 81", 1, ethernet, 54, false},
		{"host 10.0.0.2", 276, sll2, 60, true},
		{"host 10.0.0.3", 276, sll2, 60, false},
		{"tcp src port 80 and dst host 10.0.0.2", 101, raw, 40, true},
		{"tcp", 101, ethernet, 54, false},
		{"greater 1000", 1, ethernet, 1514, true}, // the length on the wire counts
		{"greater 1000", 1, ethernet, 54, false},
		{"tcp[tcpflags] & tcp-ack != 0", 228, raw, 40, true},
		{"", 1, ethernet, 54, true},
		{"tcp", 1, "", 0, false},
	}
	for _, test := range tests {
		f, err := NewFilter(test.expr)
		if err != nil {
			t.Errorf("%q: %v", test.expr, err)
			continue
		}
		for range 2 { // compiled the first time only
			ok, err := f.Match(&Packet{Data: []byte(test.data), Length: test.length, LinkType: test.link})
			if ok != test.want || err != nil {
				t.Errorf("%q on %s: %v, %v; want %v", test.expr, LinkTypeName(test.link), ok, err, test.want)
			}
		}
	}
}

func TestFilterWrong(t *testing.T) {
	for _, expr := range []string{"tpc port 80", "port", "host 1.2.3.4.5", "tcp and (port 80"} {
		_, err := NewFilter(expr)
		var e *FilterError
		if !errors.As(err, &e) || e.Expr != expr || e.LinkType != -1 || strings.Contains(err.Error(), "EN10MB") {
			t.Errorf("%q: %v", expr, err)
		}
	}
	// Right in itself, but not for this link type.
	f, err := NewFilter("ether host 00:01:02:03:04:05")
	if err != nil {
		t.Fatal(err)
	}
	var e *FilterError
	if _, err := f.Match(&Packet{Data: []byte("abc"), LinkType: 101}); !errors.As(err, &e) || e.LinkType != 101 {
		t.Errorf("%v", err)
	}
}

func BenchmarkFilter(b *testing.B) {
	f, err := NewFilter("tcp port 80")
	if err != nil {
		b.Fatal(err)
	}
	data := []byte(tcpPacket("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x08\x00"))
	p := Packet{Data: data, Length: len(data), LinkType: 1}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := f.Match(&p); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
