package analyzer_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// TestSeries holds the series of every connection in the tree against its segments, what
// its waits come to against what its time went to, and the round trips against their count
// and bounds.
func TestSeries(t *testing.T) {
	var files []string
	for _, pattern := range []string{"conversations", "kernel", "cases", "lab", "taps", "lab-byhand"} {
		list, _ := filepath.Glob("../testdata/pcaps/" + pattern + "/*.pcap*")
		files = append(files, list...)
	}
	points, bytes := uint64(0), 0
	for _, file := range files {
		source, err := capture.Open(file)
		if err != nil {
			continue // a README, or a broken one
		}
		opt := analyzer.Options{Series: 1 << 20, Segments: func(uint64) bool { return true }}
		r, _ := analyzer.Analyze(t.Context(), []capture.Source{source}, opt)
		source.Close()
		for _, c := range r.Connections {
			s, err := series.NewReader(c.Series)
			if err != nil {
				t.Fatalf("%s: connection %d: %v", file, c.ID, err)
			}
			n, _ := s.Points()
			points, bytes = points+n, bytes+len(c.Series)
			samePoints(t, file, c, s)
			sameWaits(t, file, c, s)
		}
	}
	t.Logf("%d points in %d bytes", points, bytes)
	if points < 10_000 {
		t.Errorf("only %d points", points)
	}
}

// TestPassages holds what the page draws between two taps against what was counted.
func TestPassages(t *testing.T) {
	files, _ := filepath.Glob("../testdata/pcaps/*/*.client.pcap")
	passages := 0
	for _, file := range files {
		pair := [2]string{file, strings.Replace(file, ".client.", ".server.", 1)}
		open := func() (both [2]capture.Source) {
			for i, name := range pair {
				s, err := capture.Open(name)
				if err != nil {
					t.Skip(err)
				}
				both[i] = s
			}
			return both
		}
		first := open()
		c, err := analyzer.Compare(t.Context(), first[0], first[1], analyzer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again := open()
		r, _ := analyzer.Analyze(t.Context(), []capture.Source{c.Source(again[0], again[1])}, analyzer.Options{Taps: c, Series: 1 << 20})
		for _, conn := range r.Connections {
			if conn.Between == nil {
				continue
			}
			passages += len(conn.Between.Passages)
			samePassages(t, file, conn.Between)
		}
		for i := range first {
			first[i].Close()
			again[i].Close()
		}
	}
	if passages < 2000 {
		t.Errorf("only %d passages", passages)
	}
}

func samePassages(t *testing.T, file string, b *record.Between) {
	t.Helper()
	for side := range b.Dir {
		x, n := &b.Dir[side], map[string]uint64{}
		for i := range b.Passages {
			p := &b.Passages[i]
			if p.From != fsm.Side(side) {
				continue
			}
			n[p.Fate]++
			if took := p.OtherTime.Seconds(p.Time); p.Other != 0 && x.Timed > 0 && took < x.Least-1e-9 && took > 0 {
				t.Errorf("%s: frame %d took %v s, the least is %v", file, p.Frame, took, x.Least)
			}
			if (p.Other != 0) != (p.Fate == "arrived") && p.Fate != "doubled" && p.Fate != "extra" {
				t.Errorf("%s: frame %d %s, at the other tap frame %d", file, p.Frame, p.Fate, p.Other)
			}
		}
		if n["arrived"]+n["resized"] != x.Arrived || n["lost"] != x.Lost || n["partly"] != x.Partly || n["unseen"] != x.Unseen ||
			n["unjudged"] != x.Unjudged || n["extra"] != x.Extra || n["outside"] != x.Outside || n["doubled"] != x.Doubled {
			t.Errorf("%s: %v, counted %+v", file, n, *x)
		}
	}
}

func samePoints(t *testing.T, file string, c *record.Connection, s *series.Reader) {
	t.Helper()
	i := 0
	at := map[fsm.Frame]fsm.Time{}
	var rtt [2]struct {
		n        uint64
		min, max fsm.Time
	}
	for p := range s.All() {
		if i == len(c.Segments) {
			t.Fatalf("%s: connection %d: more than %d points", file, c.ID, i)
		}
		g := &c.Segments[i]
		want := series.Point{
			Frame: g.Frame, Time: g.Time, From: g.From, Flags: g.Seg.Flags, Seq: g.RelSeq, Ack: g.RelAck, Len: g.Seg.Len,
			Window: g.Window, Original: g.Original, Sampled: p.Sampled, SACKs: p.SACKs, SACK: p.SACK,
		}
		for _, l := range g.Labels {
			want.Marks |= series.Mark(l)
		}
		if *p != want {
			t.Errorf("%s: connection %d: point %d is\n%+v, the segment\n%+v", file, c.ID, i, *p, want)
		}
		for k, b := range g.Seg.SACK[:p.SACKs] {
			if from, to := uint32(b.From-g.Seg.Ack), uint32(b.To-g.Seg.Ack); uint32(p.SACK[k].From-int64(g.RelAck)) != from || uint32(p.SACK[k].To-int64(g.RelAck)) != to {
				t.Errorf("%s: connection %d: frame %d: SACK block %d is %v", file, c.ID, g.Frame, k, p.SACK[k])
			}
		}
		at[p.Frame] = p.Time
		if p.Sampled != 0 {
			sent, is := at[p.Sampled]
			m, took := &rtt[p.From.Peer()], p.Time-sent
			if !is {
				t.Errorf("%s: connection %d: frame %d measures from %d", file, c.ID, p.Frame, p.Sampled)
			}
			if m.n++; m.n == 1 {
				m.min, m.max = took, took
			}
			m.min, m.max = min(m.min, took), max(m.max, took)
		}
		i++
	}
	if i != len(c.Segments) {
		t.Errorf("%s: connection %d: %d points, %d segments", file, c.ID, i, len(c.Segments))
	}
	if c.Quality.Untimed || c.Client == c.Server {
		return
	}
	for side := range rtt {
		m, want := &rtt[side], &c.Traffic[side].RTT
		if m.n != want.Samples || m.n > 0 && (m.min.Seconds(0) != want.Min || m.max.Seconds(0) != want.Max) {
			t.Errorf("%s: connection %d: round trips of side %d: %+v, want %d from %v to %v", file, c.ID, side, *m, want.Samples, want.Min, want.Max)
		}
	}
}

func sameWaits(t *testing.T, file string, c *record.Connection, s *series.Reader) {
	t.Helper()
	got := record.Spent{}
	from := c.First
	for _, w := range s.Waits() {
		side := max(0, slices.Index([]string{"client", "server"}, w.Side))
		sum := map[record.SpentCause]*float64{
			record.SpentHandshake: &got.Handshake, record.SpentApp: &got.App[side], record.SpentWindow: &got.Window[side],
			record.SpentLoss: &got.Loss[side], record.SpentNetwork: &got.Network, record.SpentIdle: &got.Idle, record.SpentClose: &got.Close,
		}[w.Cause]
		*sum += w.Until.Seconds(from)
		from = w.Until
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
	want := &c.Spent
	if !near(got.Handshake, want.Handshake) || !near(got.Network, want.Network) || !near(got.Idle, want.Idle) || !near(got.Close, want.Close) ||
		!near(got.App[0], want.App[0]) || !near(got.App[1], want.App[1]) || !near(got.Window[0], want.Window[0]) ||
		!near(got.Window[1], want.Window[1]) || !near(got.Loss[0], want.Loss[0]) || !near(got.Loss[1], want.Loss[1]) {
		want.Longest = nil
		t.Errorf("%s: connection %d: the waits come to\n%+v, want\n%+v", file, c.ID, got, *want)
	}
}
