package vantage

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// gather reads a capture as the tap with the given index.
func gather(t *testing.T, file string, index int) *Tap {
	t.Helper()
	src, err := capture.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	tap := NewTap(nil)
	var p capture.Packet
	for src.Next(&p) == nil {
		tap.Packet(&decode.Raw{
			Data: p.Data, Time: fsm.Time(p.Time), Frame: fsm.NewFrame(index, p.Number), Length: p.Length, LinkType: p.LinkType,
		})
	}
	return tap
}

// tally counts what the comparison says against what the router did.
type tally struct {
	drops, found, unjudged, other int // the router's drops, and what they came out as
	lost, wrong                   int // segments called lost, and those of them that the router did not drop
	copies, doubled               int // the router's second sendings, and segments called doubled
	unseen, extra, partly         int
	sent, resized, altered        int
}

// TestRecordings holds the comparison of the client's and the server's captures
// against what the router between them says it did to each packet.
func TestRecordings(t *testing.T) {
	var files []string
	for _, pattern := range []string{"kernel/*.truth.json", "lab/*.truth.json.gz"} {
		list, _ := filepath.Glob("../../../testdata/pcaps/" + pattern)
		files = append(files, list...)
	}
	if len(files) < 60 {
		t.Fatalf("only %d recordings", len(files))
	}
	for _, swapped := range []bool{false, true} {
		var all tally
		for _, file := range files {
			truth, err := lab.ReadTruth(file)
			if err != nil {
				t.Fatal(err)
			}
			base, suffix, _ := strings.Cut(file, ".truth.json") // ".gz" or nothing
			names := [2]string{base + ".client.pcap" + suffix, base + ".server.pcap" + suffix}
			if swapped {
				names[0], names[1] = names[1], names[0]
			}
			c := Compare(gather(t, names[0], 0), gather(t, names[1], 1))
			t.Run(filepath.Base(base), func(t *testing.T) { all.add(t, c, truth) })
		}
		t.Logf("%+v", all)
		// The other drops are of connections of which the far capture has nothing, or
		// came before its first packet or after its last.
		if all.found < 482 || all.found+all.unjudged+all.other != all.drops || all.other > 44 || all.sent < 13_000 {
			t.Errorf("%+v", all)
		}
	}
}

// drop is what the router did to a segment, and whether we told of it.
type drop struct {
	*lab.Interference
	used bool
}

// find returns the one, not found yet, that was done to segment s of tap i's sender.
func find(list []*drop, k key, i int, s *segment) *drop {
	from, to := k.a, k.b
	if i == 1 {
		from, to = to, from
	}
	for _, d := range list {
		late := d.Time.Sub(time.Unix(0, int64(s.time)))
		if !d.used && d.Sport == from.Port && d.Dport == to.Port && fsm.Seq(d.Seq) == s.seq && uint32(d.Len) <= s.len && late.Abs() < 200*time.Millisecond {
			d.used = true
			return d
		}
	}
	return nil
}

func (n *tally) add(t *testing.T, c *Comparison, truth *lab.Truth) {
	clock := c.clock
	if clock.Known && (!clock.Consistent || clock.Low > 0 || clock.High < 0) {
		t.Errorf("one host's clock is off by %+v", clock)
	}
	var drops, copies []*drop
	for i := range truth.Router {
		switch r := &truth.Router[i]; r.Action {
		case lab.Drop:
			drops = append(drops, &drop{Interference: r})
		case lab.Duplicate:
			n.copies++
			copies = append(copies, &drop{Interference: r})
		}
	}
	n.drops += len(drops)
	for k, talk := range c.talks {
		for i := range talk.dir {
			if talk.near == unknownTap || !talk.both {
				continue
			}
			near := talk.near.sender(i)
			for j := range talk.dir[i].at[near] {
				n.sentSegment(t, &talk.dir[i].at[near][j], k, i, drops)
			}
			for j := range talk.dir[i].at[1-near] {
				n.arrivedSegment(t, &talk.dir[i].at[1-near][j], k, i, copies)
			}
		}
	}
	for _, d := range drops {
		if !d.used {
			n.other++
			t.Logf("drop not found: %+v", *d.Interference)
		}
	}
}

// sentSegment holds what is said of a segment at the tap near its sender against
// what the router dropped.
func (n *tally) sentSegment(t *testing.T, s *segment, k key, i int, drops []*drop) {
	n.sent++
	if s.match != nil && altered(s, s.match) != 0 && !strings.Contains(t.Name(), "-stripped-") { // where a box did it
		n.altered++
		t.Errorf("frame %d:%d is called altered: %b", s.frame.File(), s.frame.Number(), altered(s, s.match))
	}
	switch s.fate {
	case lost:
		n.lost++
		if find(drops, k, i, s) != nil {
			n.found++
		} else {
			n.wrong++
			t.Errorf("frame %d:%d, seq %d len %d flags %v is called lost", s.frame.File(), s.frame.Number(), s.seq, s.len, s.flags)
		}
	case unjudged:
		if find(drops, k, i, s) != nil {
			n.unjudged++
		}
	case unseen:
		n.unseen++
		t.Errorf("frame %d:%d is called unseen", s.frame.File(), s.frame.Number())
	case partly:
		n.partly++
	case resized:
		n.resized++
	}
}

// arrivedSegment does so near its receiver, against what the router doubled.
func (n *tally) arrivedSegment(t *testing.T, s *segment, k key, i int, copies []*drop) {
	switch s.fate {
	case extra:
		n.extra++
		if find(copies, k, i, s) == nil {
			t.Errorf("frame %d:%d, seq %d len %d flags %v is called extra", s.frame.File(), s.frame.Number(), s.seq, s.len, s.flags)
		}
	case doubled:
		n.doubled++
		if find(copies, k, i, s) == nil {
			t.Errorf("frame %d:%d is called doubled", s.frame.File(), s.frame.Number())
		}
	}
}
