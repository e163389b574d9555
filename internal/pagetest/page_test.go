package pagetest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const pcaps = "../../testdata/pcaps/"

// drawn is a connection as the page has decoded it.
type drawn struct {
	ID     uint64
	Points []struct {
		Frame, File, Seq, Ack, Len, Window, Original uint64
		Time                                         int64
		From                                         string
		Flags                                        uint16
		SACK                                         []int64
		Labels                                       []string
	}
	Bars [2][]struct {
		State    string
		From, To float64
		Proved   bool
		Expected float64
		Frame    uint64
	}
	Spent []float64
	Sent  []int64 // by point: the one from which a round trip was measured, or −1
}

const readBack = `(async () => {
  const number = (key) => key % 2 ** 40, file = (key) => key === 0 ? 0 : Math.floor(key / 2 ** 40);
  const list = [];
  for (let i = 0; i < tcpflow.rows.id.length; i++) {
    const c = await connectionOf(tcpflow.rows, i), s = c.series;
    const spent = accounts.map(() => 0);
    let before = 0;
    s.waitUntil.forEach((until, k) => { spent[s.waitAccount[k]] += (until - before) / 1e9; before = until; });
    list.push({
      id: c.id, spent, sent: Array.from(s.sampled),
      points: Array.from({ length: s.n }, (_, k) => ({
        frame: number(s.frame[k]), file: file(s.frame[k]), time: s.time[k], from: sideNames[s.from[k]], flags: s.flags[k], seq: s.seq[k], ack: s.ack[k],
        len: s.len[k], window: s.window[k], original: number(s.original[k]), sack: s.sack.slice(s.sackAt[k], s.sackAt[k + 1]), labels: labelsOf(s, k),
      })),
      bars: c.states.map((bars) => bars.map((b) => ({ state: b.state, from: b.from, to: b.to, proved: b.proved, expected: b.expected || 0, frame: number(b.transition.frame) }))),
    });
  }
  return list;
})()`

// TestDrawnIsTrue reads back what the page draws of laboratory captures, and holds it
// against the records.
func TestDrawnIsTrue(t *testing.T) {
	b := browser(t)
	captures := [][]string{{pcaps + "kernel/lost-last-ack.client.pcap"}}
	for _, pattern := range []string{"kernel/*.client.pcap", "kernel/*.router.pcap", "conversations/*[05]-*.pcap"} {
		list, _ := filepath.Glob(pcaps + pattern)
		captures = append(captures, list)
	}
	points := 0
	for _, files := range captures {
		path, r := write(t, nil, files...)
		files = files[:1]
		p := open(t, b, path, "")
		var got []drawn
		p.eval(readBack, &got)
		p.quiet()
		if len(got) != len(r.Connections) {
			t.Fatalf("%v: %d connections, want %d", files, len(got), len(r.Connections))
		}
		for i, c := range r.Connections {
			points += len(got[i].Points)
			comparePoints(t, files, &got[i], c)
			compareBars(t, files, &got[i], c)
			compareSums(t, files, &got[i], c)
		}
		chromedp.Cancel(p.ctx)
	}
	t.Logf("%d points in %d pages", points, len(captures))
	if points < 1000 {
		t.Errorf("only %d points", points)
	}
}

func comparePoints(t *testing.T, files []string, d *drawn, c *record.Connection) {
	t.Helper()
	if d.ID != c.ID || len(d.Points) != len(c.Segments) {
		t.Fatalf("%v: connection %d has %d points, connection %d %d segments", files, d.ID, len(d.Points), c.ID, len(c.Segments))
	}
	for k := range d.Points {
		got, s := d.Points[k], &c.Segments[k]
		var labels []string
		for _, l := range s.Labels {
			labels = append(labels, string(l))
		}
		slices.Sort(labels)
		slices.Sort(got.Labels)
		var sack []int64
		for _, b := range s.Seg.SACK[:s.Seg.NumSACK] {
			from := int64(s.RelAck) + int64(b.From.Minus(s.Seg.Ack))
			sack = append(sack, from, from+int64(b.To.Minus(b.From)))
		}
		if got.Frame != s.Frame.Number() || got.File != uint64(s.Frame.File()) || got.Time != int64(s.Time-c.First) || got.From != s.From.String() ||
			got.Flags != uint16(s.Seg.Flags) || got.Seq != s.RelSeq || got.Ack != s.RelAck || got.Len != uint64(s.Seg.Len) || got.Window != uint64(s.Window) ||
			got.Original != s.Original.Number() || !slices.Equal(got.Labels, labels) || !slices.Equal(got.SACK, sack) {
			t.Errorf("%v: connection %d: drawn\n%+v, the segment is\n%+v", files, c.ID, got, *s)
		}
	}
}

// compareBars holds the bars against the transitions: each begins with one, and lasts to the
// next or to the end.
func compareBars(t *testing.T, files []string, d *drawn, c *record.Connection) {
	t.Helper()
	for side := range d.Bars {
		k := 0
		var time fsm.Time
		for i := range c.Transitions {
			x := &c.Transitions[i]
			if x.Side != fsm.Side(side) {
				continue
			}
			time = max(time, x.Time-c.First)
			if k == 0 {
				time = x.Time - c.First
			}
			if k >= len(d.Bars[side]) {
				t.Fatalf("%v: connection %d: side %d has %d bars only", files, c.ID, side, k)
			}
			b := d.Bars[side][k]
			if b.State != x.To.String() || int64(b.From) != int64(time) || b.Proved != x.Certain() || b.Frame != x.Frame.Number() || b.To < b.From {
				t.Errorf("%v: connection %d: side %d: bar %+v, transition %+v", files, c.ID, side, b, *x)
			}
			if k > 0 && d.Bars[side][k-1].To != b.From {
				t.Errorf("%v: connection %d: side %d: a gap before %+v", files, c.ID, side, b)
			}
			k++
		}
		if k != len(d.Bars[side]) {
			t.Errorf("%v: connection %d: side %d has %d bars, %d transitions", files, c.ID, side, len(d.Bars[side]), k)
		}
		for _, h := range c.Close.TimeWait {
			if last := len(d.Bars[side]) - 1; h.Side == fsm.Side(side) && h.Ended == "expected" && c.State[side].State == fsm.TimeWait && int64(d.Bars[side][last].Expected) != int64(h.Until-c.First) {
				t.Errorf("%v: connection %d: TIME-WAIT is drawn to %v, expected until %d", files, c.ID, d.Bars[side][last].Expected, h.Until-c.First)
			}
		}
	}
}

// compareSums holds what is derived in the page against the record: the time spent, and the
// round trips.
func compareSums(t *testing.T, files []string, d *drawn, c *record.Connection) {
	t.Helper()
	s := &c.Spent
	want := []float64{s.Handshake, s.App[0], s.App[1], s.Window[0], s.Window[1], s.Loss[0], s.Loss[1], s.Network, s.Idle, s.Close}
	for i := range want {
		if diff := d.Spent[i] - want[i]; diff > 1e-6 || diff < -1e-6 {
			t.Errorf("%v: connection %d: time spent %v, want %v", files, c.ID, d.Spent, want)
			break
		}
	}
	if c.Quality.Untimed {
		return
	}
	var n [2]uint64
	var least [2]int64
	for k, from := range d.Sent {
		if from < 0 {
			continue
		}
		side := 0
		if d.Points[k].From == "client" {
			side = 1
		}
		took := d.Points[k].Time - d.Points[from].Time
		if n[side]++; n[side] == 1 || took < least[side] {
			least[side] = took
		}
	}
	for side := range n {
		r := &c.Traffic[side].RTT
		if n[side] != r.Samples || r.Samples > 0 && fsm.Time(least[side]).Seconds(0) != r.Min {
			t.Errorf("%v: connection %d: %d round trips of side %d, at least %d ns; want %d, %v s", files, c.ID, n[side], side, least[side], r.Samples, r.Min)
		}
	}
}

// TestPage uses the page as a person does.
func TestPage(t *testing.T) {
	b := browser(t)
	path, r := write(t, nil, pcaps+"kernel/lost-last-ack.client.pcap", pcaps+"kernel/accept-queue-overflow.client.pcap")
	id := r.Connections[0].ID
	p := open(t, b, path, fmt.Sprintf("#conn=%d", id))
	has := func(what, selector, want string) {
		t.Helper()
		text := p.text(selector)
		if !strings.Contains(text, want) {
			t.Errorf("%s: %q is not in %q", what, want, text)
		}
	}
	has("the first screen", "#answer", "Problems")
	has("the connection", ".conn-head", "the server's FIN being retransmitted once")
	has("the ladder", ".ladder", "LAST-ACK")

	// A point that the mouse is over shows its frame, and stays when it is clicked.
	var at struct{ X, Y float64 }
	place := func(point int) {
		t.Helper()
		p.eval(fmt.Sprintf(`(() => {
			const panels = tcpflow.view.panels, u = panels.plots[1], s = tcpflow.view.connection.series;
			u.over.scrollIntoView({ block: "center" });
			const v = panels.view(u), box = u.over.getBoundingClientRect();
			return { X: box.left + (v.x(s.time[%[1]d] / 1e9) - v.left) / v.ratio, Y: box.top + (v.y(s.seq[%[1]d] + s.len[%[1]d] / 2) - v.top) / v.ratio };
		})()`, point), &at)
	}
	place(5)
	p.do(chromedp.MouseEvent(chromedp.MouseMoved, at.X, at.Y))
	has("hovering", ".frame-box", "Frame 1:6")
	place(13)
	p.do(chromedp.MouseEvent(chromedp.MouseMoved, at.X, at.Y), chromedp.MouseClickXY(at.X, at.Y), chromedp.MouseEvent(chromedp.MouseMoved, 5, 5))
	has("clicking", ".frame-box", "fin-retransmit")
	has("clicking", ".frame-box", "frame.number == 14")
	has("clicking", ".tests", "SEG.SEQ 2077")

	// What is dragged over is zoomed to, in all panels.
	var before, after []float64
	p.eval(`tcpflow.view.panels.range`, &before)
	p.do(chromedp.DragAndDropXY(at.X-200, at.Y, at.X-50, at.Y, 4))
	p.eval(`tcpflow.view.panels.range`, &after)
	if after[1]-after[0] > 0.5*(before[1]-before[0]) {
		t.Errorf("dragging zooms from %v to %v", before, after)
	}
	var same bool
	p.eval(`tcpflow.view.panels.plots.every((u) => u.scales.x.min === tcpflow.view.panels.range[0])`, &same)
	if !same {
		t.Error("not all panels are zoomed")
	}
	p.eval(`tcpflow.view.panels.zoom(...tcpflow.view.panels.home)`, nil)

	// The table finds.
	p.eval(`tcpflow.table.search.focus()`, nil)
	p.do(chromedp.KeyEvent(fmt.Sprintf("#%d", r.Connections[1].ID)))
	var found []int
	p.eval(`Array.from(tcpflow.table.order, (i) => tcpflow.rows.id[i])`, &found)
	if !slices.Equal(found, []int{int(r.Connections[1].ID)}) {
		t.Errorf("searching for connection %d finds %v", r.Connections[1].ID, found)
	}
	p.eval(`tcpflow.table.body.focus()`, nil)
	p.do(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.Enter))
	p.eval(`new Promise((r) => setTimeout(r, 100))`, nil)
	has("Enter in the table", ".conn-head h2", fmt.Sprintf("#%d ", r.Connections[1].ID))

	// Both themes.
	ink := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		p.call(func() error {
			_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			return err
		})
		var color string
		p.eval(`new Promise((r) => setTimeout(() => r(palette.ink), 50))`, &color)
		ink[scheme] = color
	}
	if ink["light"] == ink["dark"] {
		t.Errorf("both themes draw in %v", ink)
	}
	p.quiet()
}

// TestHostilePage puts markup and control characters into every text that the page shows.
func TestHostilePage(t *testing.T) {
	b := browser(t)
	const evil = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\u2028\"'`\x1b[31m\u202e&lt;{{policy}}<!--"
	path, _ := write(t, func(r *record.Report) {
		for i := range r.Capture.Sources {
			s := &r.Capture.Sources[i]
			s.Name, s.Comments, s.Interfaces, s.Cut = evil, []string{evil}, []string{evil}, evil
		}
		r.Capture.Quality.Faults = []string{evil}
		for _, c := range r.Connections {
			c.Service, c.Encapsulation, c.Verdict.Sentence, c.Quality.Doubts = evil, evil, evil, []string{evil}
			c.Orientation = record.Orientation{Basis: evil}
			for i := range c.Anomalies {
				a := &c.Anomalies[i]
				a.Name, a.Message, a.Seen, a.Expected, a.Rule, a.Doubt, a.Benign = record.CheckName(evil), evil, evil, evil, evil, evil, []string{evil}
			}
			c.Stream = 0
		}
		for i := range r.Summary.Problems {
			r.Summary.Problems[i].Message = evil
		}
		for i := range r.Summary.Services {
			r.Summary.Services[i].Name = evil
		}
	}, pcaps+"kernel/lost-last-ack.client.pcap")
	p := open(t, b, path, "")
	p.eval(`tcpflow.view.pick(13)`, nil)
	var got struct {
		Broken bool
		Tags   []string
		Title  string
	}
	p.eval(`({ Broken: !!window.broken, Title: document.title, Tags: [...new Set(Array.from(document.querySelectorAll("*"), (e) => e.tagName))] })`, &got)
	if got.Broken || slices.Contains(got.Tags, "IMG") {
		t.Errorf("the capture's text became part of the page: %+v", got)
	}
	text := p.text("main") + p.text("header")
	if !strings.Contains(text, "<img src=x onerror=window.broken=1>") || strings.Contains(text, "\u202e") || strings.Contains(text, "\x1b") {
		t.Error("the text is not shown as it is, or with its control characters")
	}
	p.quiet()
}
