package report

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./report -update writes it anew):\n%s", path, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return "got  " + a + "\nwant " + b
		}
	}
	return ""
}

// tame is the fixture without its hostile parts: what a reader judges by eye.
func tame() *record.Report {
	r := fixture()
	r.Connections = slices.DeleteFunc(r.Connections, func(c *record.Connection) bool { return c.ID == 5 })
	r.Summary.Connections--
	r.Summary.Closes = r.Summary.Closes[:5]
	r.Summary.Severities = []record.Count{{Name: "error", N: 2}, {Name: "warning", N: 2}, {Name: "note", N: 1}, {Name: "capture", N: 1}}
	r.Capture.Sources[1].Name = "captures/firewall.pcapng.gz"
	r.Capture.Sources[1].Comments = []string{"taken on the firewall"}
	r.Capture.Sources[1].Interfaces = []string{"eth0"}
	return r
}

func oneFile() *record.Report {
	r := tame()
	r.Capture.Sources = r.Capture.Sources[:1]
	return r
}

// A renderFunc writes a report, or a part of it, to w.
type renderFunc func(w io.Writer, r *record.Report, o Options) error

func text(t *testing.T, r renderFunc, rep *record.Report, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r(&b, rep, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGoldenText(t *testing.T) {
	hundred := DefaultOptions()
	eighty := hundred
	eighty.Width = 80
	ascii := hundred
	ascii.ASCII = true
	color := hundred
	color.Color = true
	utc := hundred
	utc.Time, utc.AbsSeq = UTCTime, true
	for _, test := range []struct {
		name   string
		render renderFunc
		report *record.Report
		o      Options
	}{
		{"summary-100.txt", Summary, tame(), hundred},
		{"summary-80.txt", Summary, tame(), eighty},
		{"connections-100.txt", connectionsOnly, oneFile(), hundred},
		{"connections-80.txt", connectionsOnly, oneFile(), eighty},
		{"anomalies-100.txt", Anomalies, oneFile(), hundred},
		{"anomalies-80.txt", Anomalies, oneFile(), eighty},
		{"timelines-100.txt", Timelines, oneFile(), hundred},
		{"timelines-80.txt", Timelines, oneFile(), eighty},
		{"timelines-ascii.txt", Timelines, oneFile(), ascii},
		{"timelines-color.txt", Timelines, oneFile(), color},
		{"timelines-utc-absolute.txt", Timelines, oneFile(), utc},
		{"hostile-100.txt", Text, fixture(), withTimelines(hundred)},
	} {
		t.Run(test.name, func(t *testing.T) { golden(t, test.name, text(t, test.render, test.report, test.o)) })
	}
}

// connectionsOnly renders the table of connections alone.
func connectionsOnly(w io.Writer, r *record.Report, o Options) error {
	return render(w, o.forReport(r), func(p *page) { p.connectionTable(digestOf(r, o), r.Capture.First) })
}

func withTimelines(o Options) Options {
	o.Timelines = true
	return o
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]+m")

// checkPage fails on what no page may contain: a line that is too long, or a
// character that a terminal could act on.
func checkPage(t *testing.T, what string, page []byte, o Options) {
	t.Helper()
	s := string(page)
	if o.Color {
		s = sgr.ReplaceAllString(s, "")
	}
	if !utf8.ValidString(s) {
		t.Errorf("%s: not UTF-8", what)
	}
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if n := cells(line); n > o.width() {
			t.Errorf("%s: %d cells, more than %d: %s", what, n, o.width(), line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("%s: blanks at the end of %q", what, line)
		}
		for _, r := range line {
			if !unicode.IsPrint(r) || o.ASCII && r > 0x7e {
				t.Errorf("%s: %U in %q", what, r, line)
			}
		}
	}
}

func TestEveryPageFitsAndIsClean(t *testing.T) {
	long := fixture()
	long.Connections = append(long.Connections, longest())
	for _, r := range []*record.Report{fixture(), oneFile(), long, {}} {
		for _, width := range []int{0, 40, 90, 99, 140} {
			for _, format := range []TimeFormat{RelativeTime, DeltaTime, LocalTime, UTCTime, EpochTime} {
				for n := range 16 {
					o := Options{Width: width, Time: format, Zone: time.FixedZone("here", 3600), Timelines: true,
						Color: n&1 != 0, ASCII: n&2 != 0, AbsSeq: n&4 != 0, Full: n&8 != 0, Limit: 20}
					checkPage(t, format.String(), text(t, Text, r, o), o)
				}
			}
		}
	}
}

// longest is a connection whose every number is as wide as it gets.
func longest() *record.Connection {
	t := newTalk(1<<40, "[2001:db8:1111:2222:3333:4444:5555:6666]:65535", "[2001:db8:1111:2222:3333:4444:5555:7777]:65535", strings.Repeat("service", 9))
	t.file = 99999
	t.isn = [2]uint32{4294967295, 4294967295}
	t.seg(1<<39, 0, client, fsm.ACK|fsm.PSH|fsm.URG|fsm.ECE|fsm.CWR|fsm.AE, 1<<52, 1<<52, 1<<30, "SYN-RECEIVED?/SYN-RECEIVED?", record.Label(strings.Repeat("label", 30)))
	s := t.seg(1<<39+1, 400*86400*sec+123_456_789, server, fsm.ACK, 1<<52, 1<<52, 1<<30, "FIN-WAIT-1?/CLOSE-WAIT?")
	s.Seg.Opts, s.Seg.NumSACK = fsm.OptSACK, 4
	t.c.Anomalies = []record.Anomaly{{Name: record.CheckName(strings.Repeat("long-name-", 20)), Severity: record.SeverityError, Frames: []fsm.Frame{s.Frame, s.Frame}, Count: 1 << 60}}
	return t.c
}

// Colour says nothing by itself: without its codes the text is the same.
func TestColourChangesNoText(t *testing.T) {
	o := withTimelines(DefaultOptions())
	without := text(t, Text, fixture(), o)
	o.Color = true
	with := text(t, Text, fixture(), o)
	if !sgr.Match(with) {
		t.Fatal("no colour at all")
	}
	if got := sgr.ReplaceAll(with, nil); !bytes.Equal(got, without) {
		t.Errorf("colour changes the text:\n%s", firstDifference(got, without))
	}
	if bytes.Contains(without, []byte("\x1b")) {
		t.Error("an escape without colour")
	}
}

func TestLimitKeepsTheGravest(t *testing.T) {
	r := fixture()
	shown, left := digestOf(r, Options{Limit: 3}).connections()
	var ids []uint64
	for _, c := range shown {
		ids = append(ids, c.ID)
	}
	// Errors in 2 and 3; of the warnings in 4 and 5 the earlier one.
	if !slices.Equal(ids, []uint64{2, 3, 4}) || left != 3 {
		t.Errorf("shown %v, %d left", ids, left)
	}
	page := string(text(t, connectionsOnly, r, Options{Limit: 3}))
	if !strings.Contains(page, "3 more connections not shown") {
		t.Errorf("the table does not say what it leaves out:\n%s", page)
	}
	if _, left := digestOf(r, Options{}).connections(); left != 0 {
		t.Error("a limit of 0 left something out")
	}
}

// TestCostsStandInOneColumn holds costs to one right edge, one that is wider than usual among
// them.
func TestCostsStandInOneColumn(t *testing.T) {
	rep := tame()
	rep.Summary.Problems[2].Cost = 56*60 + 15
	out := text(t, Text, rep, Options{Width: 100})
	edge := 0
	for _, cost := range []string{" failed  ", "56 min 15 s  "} {
		before, _, found := strings.Cut(string(out), cost)
		if !found {
			t.Fatalf("no cost %q in\n%s", cost, out)
		}
		line := before[strings.LastIndexByte(before, '\n')+1:]
		if at := cells(line + cost); edge == 0 {
			edge = at
		} else if at != edge {
			t.Errorf("what follows %q begins in cell %d, after another cost in %d:\n%s", cost, at, edge, out)
		}
	}
}

func TestFullUnfolds(t *testing.T) {
	r := &record.Report{Connections: []*record.Connection{download()}}
	folded := text(t, Timelines, r, DefaultOptions())
	if !bytes.Contains(folded, []byte("… 399 segments, ← 290 kB, 22.3 s")) {
		t.Errorf("no fold:\n%s", folded)
	}
	full := text(t, Timelines, r, Options{Full: true, Limit: 50})
	for _, s := range r.Connections[0].Segments {
		if frame := " " + number(s.Frame.Number()) + " "; !bytes.Contains(full, []byte(frame)) {
			t.Fatalf("frame %s is missing with Full", frame)
		}
	}
}

// A timeline beyond the limit keeps its beginning and its end, and says so.
func TestLongTimelineIsCutInTheMiddle(t *testing.T) {
	c := lossy()
	page := string(text(t, Timelines, &record.Report{Connections: []*record.Connection{c}}, Options{Limit: 9}))
	for _, want := range []string{"  500 ", "  517 ", "lines left out: --limit 0 shows all"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing:\n%s", want, page)
		}
	}
	if strings.Contains(page, "  509 ") {
		t.Errorf("the middle is still there:\n%s", page)
	}
}

func TestFramesNameTheirFile(t *testing.T) {
	page := string(text(t, Timelines, fixture(), Options{}))
	if !strings.Contains(page, " 2:13 ") {
		t.Error("no file number with two sources")
	}
	if page := string(text(t, Timelines, oneFile(), Options{})); strings.Contains(page, " 2:13 ") {
		t.Error("a file number with one source")
	}
}

var docs = []record.CheckDoc{
	{Name: "synack-bad-ack", Title: "SYN-ACK with a wrong acknowledgement number", Severity: record.SeverityError, Family: "handshake",
		Rule: "RFC 9293 §3.10.7.3", Condition: "The SYN-ACK's acknowledgement number is not the SYN's sequence number + 1 (+ its data with Fast Open).",
		Benign: []string{"a SYN-ACK of an earlier connection that arrived late", "a middlebox that rewrites sequence numbers on one side only"},
		Peers:  []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.ack_lost_segment"}, {Tool: "Suricata", Name: "stream-event:3whs_synack_with_wrong_ack"}}},
	{Name: "syn-retransmission", Title: "SYN sent again", Severity: record.SeverityNote, Family: "handshake"},
	{Name: record.CheckCloseWaitStuck, Title: "Peer closed, application never did: the socket leaks until the process ends or somebody restarts it", Severity: record.SeverityWarning, Family: "teardown"},
	{Name: hostile, Title: hostile, Severity: record.SeverityCapture, Family: hostile, Condition: hostile, Benign: []string{hostile}},
}

func TestGoldenCatalogue(t *testing.T) {
	for _, test := range []struct {
		name string
		draw func(w io.Writer, o Options) error
	}{
		{"catalogue", func(w io.Writer, o Options) error { return Catalogue(w, docs, o) }},
		{"check", func(w io.Writer, o Options) error { return CheckPage(w, docs[0], o) }},
		{"check-hostile", func(w io.Writer, o Options) error { return CheckPage(w, docs[3], o) }},
	} {
		for _, o := range []Options{{}, {Width: 80}, {Color: true}, {ASCII: true}} {
			var b bytes.Buffer
			if err := test.draw(&b, o); err != nil {
				t.Fatal(err)
			}
			checkPage(t, test.name, b.Bytes(), o)
			if o.Width == 0 && !o.Color && !o.ASCII {
				golden(t, test.name+".txt", b.Bytes())
			}
		}
	}
}

// Many rows are drawn without the table writer; nobody may notice.
func TestBulkTableLooksTheSame(t *testing.T) {
	for _, width := range []int{80, 100} {
		r := fixture()
		o := Options{Width: width, Sort: "id"}
		last := uint64(1000) // as many digits as those that are added
		r.Connections[len(r.Connections)-1].ID = last
		few := text(t, connectionsOnly, r, o)
		for i := 0; len(r.Connections) <= bulkRows; i++ {
			c := *r.Connections[i]
			last++
			c.ID = last
			r.Connections = append(r.Connections, &c)
		}
		many := text(t, connectionsOnly, r, o)
		few = bytes.TrimSuffix(few, []byte("\n  "+unprovedLegend+"\n"))
		if !bytes.HasPrefix(many, few) {
			t.Errorf("%d columns:\n%s", width, firstDifference(many, few))
		}
	}
}

func BenchmarkConnectionTable(b *testing.B) {
	r := fixture()
	for len(r.Connections) < 1000 {
		r.Connections = append(r.Connections, r.Connections...)
	}
	for b.Loop() {
		if err := connectionsOnly(io.Discard, r, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(r.Connections)), "µs/row")
}

// TestManyNames shortens what a source tells of hundreds of interfaces.
func TestManyNames(t *testing.T) {
	r := &record.Report{}
	s := record.Source{Name: "a", Format: "pcapng"}
	for i := range 256 {
		s.Interfaces = append(s.Interfaces, fmt.Sprintf("eth%d", i))
		s.Comments = append(s.Comments, fmt.Sprintf("note %d", i))
	}
	r.Capture.Sources = []record.Source{s}
	var b bytes.Buffer
	if err := Summary(&b, r, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"eth8, eth9 and others)", "comment: note 9 other comments: --json lists them"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// TestManySources shortens the list of files, but not what is wrong with one.
func TestManySources(t *testing.T) {
	r := &record.Report{}
	for i := range 300 {
		r.Capture.Sources = append(r.Capture.Sources, record.Source{Name: fmt.Sprintf("file%d", i), Format: "pcap"})
	}
	r.Capture.Sources[250].Cut = "cut short before packet 7"
	var b bytes.Buffer
	if err := Summary(&b, r, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"20: file19", "and 280 others: --json lists them", "cut short file250: cut short before packet 7"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "file20 ") {
		t.Errorf("more than twenty files: %s", text)
	}
}

// TestCutAtOnce says nothing of the quality of a capture that is cut before its first
// packet.
func TestCutAtOnce(t *testing.T) {
	for packets, says := range map[uint64]bool{0: false, 3: true} {
		r := &record.Report{}
		r.Capture.Packets, r.Capture.Segments = packets, packets
		r.Capture.Sources = []record.Source{{Name: "a", Format: "pcap", Packets: packets, Cut: "damaged"}}
		var b bytes.Buffer
		if err := Summary(&b, r, DefaultOptions()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "looks complete up to where it is cut short") != says {
			t.Errorf("of %d packets:\n%s", packets, &b)
		}
	}
}

// TestFindingsOfOneConnection: of several findings of one name on a connection it is not said that
// they are on as many connections.
func TestFindingsOfOneConnection(t *testing.T) {
	finding := record.Anomaly{Name: record.CheckMSSAbsent, Severity: record.SeverityNote, Count: 1}
	one, two := finding, finding
	one.Side, two.Side = "client", "server"
	for want, conns := range map[string][][]record.Anomaly{
		"2 findings on 1 connection":  {{one, two}},
		"3 findings on 2 connections": {{one, two}, {one}},
		"2 connections":               {{one}, {two}},
		"… 1 more (--limit 0":         {{one, two}, {one, two}, {one, two}},
		"… 1 more connection (":       {{one}, {one}, {one}, {one}, {one}, {one}},
	} {
		r := &record.Report{}
		for i, list := range conns {
			r.Connections = append(r.Connections, &record.Connection{ID: uint64(i + 1), Anomalies: list})
		}
		var text strings.Builder
		if err := Text(&text, r, Options{Limit: 50}); err != nil || !strings.Contains(text.String(), want) {
			t.Errorf("not %q (%v) but\n%s", want, err, text.String())
		}
	}
}
