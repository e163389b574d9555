package capture

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

// What is written reads back the same: times to the nanosecond, comments, link
// types and interfaces; and counters, where the source has them.
func TestWriter(t *testing.T) {
	from := idb(be, shb(be, nil), 1, 100, opt{2, []byte("eth0")}, opt{9, []byte{9}})
	from = idb(be, from, 276, 200, opt{2, []byte("any")}, opt{9, []byte{9}})
	from = epb(be, from, 1, 1_700_000_000_123_456_789, "cooked", opt{1, []byte("a comment")})
	from = epb(be, from, 0, 1_700_000_000_123_456_790, "")
	from = block(be, from, 6, append(words(be, nil, 0, 0, 5, 4, 9000), "abcd"...))
	from = block(be, from, 5, options(be, words(be, nil, 0, 0, 0), opt{4, u64(be, 10)}, opt{5, u64(be, 2)}))
	want, wantInfo := mustRead(t, from)

	s, err := OpenReader("from", bytes.NewReader(from))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, info := mustRead(t, out.Bytes()); info.Format != "pcapng" {
		t.Errorf("the header alone reads as %+v", info)
	}
	var p Packet
	for s.Next(&p) == nil {
		if err := w.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	list, info := mustRead(t, out.Bytes())
	// Interfaces are numbered in the order in which packets came.
	want[0].iface, want[1].iface, want[2].iface = 0, 1, 1
	if !slices.Equal(list, want) {
		t.Errorf("got  %+v\nwant %+v", list, want)
	}
	if !slices.Equal(info.Interfaces, []string{"any", "eth0"}) || !slices.Equal(info.LinkTypes, []string{"LINUX_SLL2 (276)", "EN10MB (1)"}) {
		t.Errorf("%q %q", info.Interfaces, info.LinkTypes)
	}
	if info.Received != wantInfo.Received || info.Dropped != wantInfo.Dropped || !info.HasDropCounters || info.SnapLen != 200 {
		t.Errorf("%+v", info)
	}
}

// A reader can follow: what is a tenth of a second old has been passed on.
func TestWriterFlushes(t *testing.T) {
	s, err := OpenReader("from", bytes.NewReader(pcapHead{}.bytes(le)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, s)
	if err != nil {
		t.Fatal(err)
	}
	write := func(ms int64) int {
		before := out.Len()
		if err := w.Write(&Packet{Data: []byte("abc"), Time: ms * 1e6, Length: 3, LinkType: 1}); err != nil {
			t.Fatal(err)
		}
		return out.Len() - before
	}
	if n := write(1000); n == 0 {
		t.Error("the first packet waits")
	}
	if n := write(1050); n != 0 {
		t.Error("a packet 50 ms later was flushed by itself")
	}
	if n := write(1100); n == 0 {
		t.Error("after 100 ms packets still wait")
	}
	write(1110)
	before := out.Len()
	if err := w.Flush(); err != nil || out.Len() == before {
		t.Errorf("Flush wrote nothing, %v", err)
	}
	if n := write(10); n == 0 {
		t.Error("a clock set back keeps packets waiting")
	}
}

func TestWriterBounds(t *testing.T) {
	s, err := OpenReader("from", bytes.NewReader(pcapHead{}.bytes(le)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, s)
	if err != nil {
		t.Fatal(err)
	}
	p := Packet{Data: []byte("abc"), Time: -5, Length: 3, LinkType: 1, Comment: strings.Repeat("c", 70000)}
	if err := w.Write(&p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	list, _ := mustRead(t, out.Bytes())
	if len(list) != 1 || list[0].time != 0 || len(list[0].comment) != 65535 {
		t.Errorf("%d packets, time %d, comment of %d", len(list), list[0].time, len(list[0].comment))
	}
}

func TestWriterFails(t *testing.T) {
	s, err := OpenReader("from", bytes.NewReader(pcapHead{}.bytes(le)))
	if err != nil {
		t.Fatal(err)
	}
	r, pipe := io.Pipe()
	r.Close()
	if _, err := NewWriter(pipe, s); err == nil {
		t.Error("no error on a pipe that nobody reads")
	}
}

// TestWriterKeepsOptions writes what interfaces and packets have beside their names, times and
// comments as it was, whatever the byte order, and nothing that refers to what is not kept.
func TestWriterKeepsOptions(t *testing.T) {
	for _, o := range []order{le, be} {
		from := shb(o, nil, opt{1, []byte("of the section")})
		from = idb(o, from, 1, 100, opt{2, []byte("eth0")}, opt{3, []byte("uplink")}, opt{6, []byte{1, 2, 3, 4, 5, 6}}, opt{8, u64(o, 1e9)},
			opt{9, []byte{6}}, opt{11, []byte("\x00tcp")}, opt{14, u64(o, 5)}, opt{1, []byte("of the interface")})
		from = idb(o, from, 1, 100)
		from = epb(o, from, 0, 1, "abc", opt{2, words(o, nil, 2)}, opt{1, []byte("a comment")}, opt{3, []byte{2, 9, 9}},
			opt{8, words(o, nil, 1234, 5678)}, opt{2988, append(words(o, nil, 37), "ours"...)}, opt{0x8001, words(o, nil, 3)}, opt{19372, words(o, nil, 37)})
		from = epb(o, from, 1, 2, "def")
		s, err := OpenReader("from", bytes.NewReader(from))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, s)
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		for s.Next(&p) == nil {
			if err := w.Write(&p); err != nil {
				t.Fatal(err)
			}
		}
		again, err := OpenReader("again", bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Next(&p); err != nil {
			t.Fatal(err)
		}
		want := appendOption(nil, 2, words(le, nil, 2))
		want = appendOption(want, 3, []byte{2, 9, 9})
		want = appendOption(want, 8, words(le, nil, 1234, 5678))
		want = appendOption(want, 2988, append(words(le, nil, 37), "ours"...))
		if !bytes.Equal(p.Options, want) || p.Comment != "a comment" || p.Time != 5_000_001_000 {
			t.Errorf("%x, want %x; %q, %d", p.Options, want, p.Comment, p.Time)
		}
		if err := again.Next(&p); err != nil || p.Options != nil || p.Interface != 1 {
			t.Errorf("%+v, %v", p, err)
		}
		kept := appendOption(nil, 2, []byte("eth0"))
		kept = appendOption(kept, 3, []byte("uplink"))
		kept = appendOption(kept, 6, []byte{1, 2, 3, 4, 5, 6})
		kept = appendOption(kept, 8, u64(le, 1e9))
		kept = appendOption(kept, 11, []byte("\x00tcp"))
		kept = appendOption(kept, 1, []byte("of the interface"))
		info := again.Info()[0]
		if len(info.Described) != 2 || !bytes.Equal(info.Described[0], kept) || len(info.Described[1]) > 0 || !slices.Equal(info.Interfaces, []string{"eth0", "#1"}) {
			t.Errorf("%q, %q", info.Described, info.Interfaces)
		}
		if !slices.Equal(info.Comments, []string{"of the section", "of the interface"}) {
			t.Errorf("%q", info.Comments)
		}
	}
}
