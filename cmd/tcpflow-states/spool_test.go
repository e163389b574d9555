package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// TestSpool puts packets of all sizes through a store and holds what comes out against what
// went in, over several rounds of the ring.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	s, err := newSpool(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the file has a name: %v, %v", left, err)
	}
	type kept struct {
		capture.Packet
		tag string
	}
	var want []kept
	r := rand.New(rand.NewPCG(1, 2))
	took := 0
	take := func() {
		var p capture.Packet
		tag, err := s.take(&p)
		if err != nil {
			t.Fatal(err)
		}
		w := want[0]
		want = want[1:]
		if string(tag) != w.tag || !bytes.Equal(p.Data, w.Data) || !bytes.Equal(p.Options, w.Options) {
			t.Fatalf("packet %d: %d octets, tag %q, want %d, %q", w.Number, len(p.Data), tag, len(w.Data), w.tag)
		}
		p.Data, w.Data, p.Options, w.Options = nil, nil, nil, nil
		if fmt.Sprint(p) != fmt.Sprint(w.Packet) {
			t.Fatalf("%+v, want %+v", p, w.Packet)
		}
		took++
	}
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for n := uint64(1); n < 3000; n++ {
		p := capture.Packet{
			Data: noise[:1+r.IntN(1<<r.IntN(20))], Time: r.Int64() - r.Int64(), Length: r.IntN(1 << 30), LinkType: r.IntN(300),
			Interface: r.IntN(5), Source: r.IntN(9), Number: n, Untimed: n%3 == 0,
		}
		if n%5 == 0 {
			p.Comment = "a comment\nof two lines"
		}
		p.Options = noise[:r.IntN(40)]
		tag := fmt.Sprint("tag ", n)
		for !s.fits(&p, []byte(tag)) {
			take()
		}
		if err := s.add(&p, []byte(tag)); err != nil {
			t.Fatal(err)
		}
		want = append(want, kept{p, tag})
		for n%100 == 0 && len(want) > 3 {
			take()
		}
	}
	if st, err := s.file.Stat(); err != nil || st.Size() > minSpool {
		t.Errorf("%v bytes, %v", st.Size(), err)
	}
	for len(want) > 0 {
		take()
	}
	var p capture.Packet
	if _, err := s.take(&p); !errors.Is(err, io.EOF) || s.len() != 0 || took != 2999 {
		t.Errorf("%v, %d left, %d taken", err, s.len(), took)
	}
}
