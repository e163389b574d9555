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
