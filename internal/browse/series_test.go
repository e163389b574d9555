package browse

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What is drawn is the record's: each data segment as often and as long as it was sent, and
// the round trips those that the analysis counts.
func TestSeriesAreTheRecord(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/pcaps/kernel/*.client.pcap")
	if err != nil || len(paths) == 0 {
		t.Fatal("no captures")
	}
	same, all := 0, 0
	for _, path := range paths {
		r := analysed(t, strings.TrimPrefix(path, "../../testdata/pcaps/"))
		for _, c := range r.Connections {
			for side := fsm.Client; side <= fsm.Server; side++ {
				sent := 0.0
				for _, p := range sequencePoints(c, side) {
					if p.kind != pointAck && p.kind != pointZero {
						sent += p.top - p.low
					}
				}
				want := 0.0
				for i := range c.Segments {
					if s := &c.Segments[i]; s.From == side {
						want += float64(s.Seg.Len)
					}
				}
				if sent != want {
					t.Errorf("%s, %d, %s: %v bytes drawn, %v sent", path, c.ID, side, sent, want)
				}
				least, rtt := math.Inf(1), c.Traffic[side].RTT
				for _, p := range rttPoints(c, side) {
					least = min(least, p.top)
				}
				if rtt.Samples == 0 {
					continue
				}
				if all++; math.Abs(least-rtt.Min) < 1e-9 {
					same++
				}
			}
		}
	}
	if all == 0 || same < all*9/10 {
		t.Errorf("the least round trip is the record's in %d of %d", same, all)
	}
	t.Logf("the least round trip is the record's in %d of %d", same, all)
}

// What a plot is given beyond its edges changes nothing.
func TestPlot(t *testing.T) {
	p := newPlot(4, 2, false)
	p.dot(0, 0, inkData)
	p.dot(1, 1, inkAck)
	for _, f := range []float64{-1, 2, math.NaN(), math.Inf(1)} {
		p.dot(f, 0.5, inkData)
		p.dot(0.5, f, inkData)
	}
	p.sign(0.5, 0.5, 'F')
	rows := p.rows(paint{})
	if rows[0] != "   ⠈" || !strings.HasPrefix(rows[1], "⡀ F ") {
		t.Errorf("%q", rows)
	}
	newPlot(0, -3, true).dot(0.5, 0.5, inkData)
}

func TestGraphZoom(t *testing.T) {
	c := &record.Connection{Last: 10 * fsm.Second}
	g := rttGraph(c)
	for range 100 {
		g.key("+")
	}
	g.key("left")
	if g.shown[0] < 0 || g.shown[1] <= g.shown[0] {
		t.Errorf("%v", g.shown)
	}
	g.key("0")
	if g.shown != g.whole {
		t.Errorf("%v of %v", g.shown, g.whole)
	}
}
