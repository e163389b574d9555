package browse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// hostile is what nothing may let through.
const hostile = "e\x1b[31mvil\x07\u202e<b>\"日本\xff\u009b1m\r\n"

// memory is a Reader of records that are at hand.
type memory struct {
	conns   []*record.Connection
	written []uint64
	fails   error
}

func (m *memory) Connection(_ context.Context, id uint64, _ fsm.Frame) (*record.Report, error) {
	r := &record.Report{}
	for _, c := range m.conns {
		if c.ID == id {
			r.Connections = []*record.Connection{c}
		}
	}
	return r, m.fails
}

func (m *memory) Share() float64 { return -1 }

func (m *memory) Matching(_ context.Context, expression string, each func(uint64)) error {
	w, err := report.ParseWhere(expression, false)
	if err != nil {
		return err
	}
	for _, c := range m.conns {
		if w.Match(c) {
			each(c.ID)
		}
	}
	return nil
}

func (m *memory) Write(_ context.Context, ids []uint64, name string) (uint64, error) {
	m.written = ids
	return uint64(len(ids)), m.fails
}

// analysed is the report on a capture, with segments.
func analysed(t *testing.T, name string) *record.Report {
	t.Helper()
	source, err := capture.Open("../../testdata/pcaps/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	r, err := analyzer.Analyze(t.Context(), []capture.Source{source}, analyzer.Options{
		Segments: func(uint64) bool { return true }, Judge: func(fsm.Frame) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// driven is a screen without a terminal.
type driven struct {
	*Screen
	t      *testing.T
	reader *memory
	copied string
}

func drive(t *testing.T, r *record.Report, o Options) *driven {
	t.Helper()
	m := &memory{conns: r.Connections}
	o.Checks, o.Title = analyzer.Checks(), "trace.pcap"
	if !o.Live {
		o.Reader = m
	}
	rows := NewRows(o)
	d := &driven{newScreen(t.Context(), o, rows), t, m, ""}
	if o.Live {
		rows.Progress(Progress{Now: r.Capture.Last})
		rows.Survey(r.Connections)
	} else {
		for _, c := range r.Connections {
			rows.Add(c)
		}
		rows.Finish(r, "")
	}
	d.run(d.reorder())
	return d
}

// run does what a command says, all but waiting.
func (d *driven) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	case answerMsg, orderedMsg:
		_, next := d.Update(msg)
		d.run(next)
	case tea.QuitMsg:
		d.copied = "quit"
	}
}

// keys presses keys, by their names or as text, and returns the screen after them.
func (d *driven) keys(keys ...string) string {
	d.t.Helper()
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "down": tea.KeyDown, "up": tea.KeyUp, "left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd}
	for _, k := range keys {
		msg := tea.KeyPressMsg{Code: codes[k]}
		if msg.Code == 0 {
			msg = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		}
		_, cmd := d.Update(msg)
		if d.prompt == nil || k == "enter" {
			d.run(cmd)
		}
		d.shape()
	}
	return d.plain()
}

// say types text into a prompt.
func (d *driven) say(text string) string {
	for _, r := range text {
		d.keys(string(r))
	}
	return d.keys("enter")
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func (d *driven) plain() string { return colour.ReplaceAllString(d.content(), "") }

// shape holds what is true of every screen: its size, and that nothing in it is more than
// text and colours.
func (d *driven) shape() {
	d.t.Helper()
	lines := strings.Split(d.content(), "\n")
	if len(lines) != d.height {
		d.t.Fatalf("%d lines on a screen of %d", len(lines), d.height)
	}
	for _, l := range lines {
		if n := cells(l); n > d.width {
			d.t.Fatalf("%d cells on a screen of %d: %q", n, d.width, l)
		}
		if i := strings.IndexFunc(colour.ReplaceAllString(l, ""), func(r rune) bool { return !unicode.IsPrint(r) || r == '\u202e' || r == unicode.ReplacementChar }); i >= 0 {
			d.t.Fatalf("not fit for a terminal: %q", l)
		}
	}
}

func (d *driven) wants(screen string, texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			d.t.Errorf("no %q in\n%s", text, screen)
		}
	}
}

func TestBrowseOneConnection(t *testing.T) {
	d := drive(t, analysed(t, "kernel/lost-last-ack.client.pcap"), Options{})
	d.wants(d.plain(), "trace.pcap", "1 connection", "10.77.1.2:40544 → 10.77.2.2:80 http", "normal close")
	d.wants(d.keys("enter"), "[1 Timeline]", "The client closed first")
	d.wants(d.keys("n"), "fin-retransmit")
	d.wants(d.keys("enter"), "Frame 14", "Tests")
	d.wants(d.keys("q", "2"), "What the server sent", "F")
	d.wants(d.keys("d"), "What the client sent")
	d.wants(d.keys("3"), "Round trips of the server's data", "median")
	d.wants(d.keys("4"), "In short:")
	d.wants(d.keys("?"), "Moving")
	d.wants(d.keys("esc", "q"), "Connections")
	d.wants(d.keys("y"), "tcp.stream eq 0")
	d.wants(d.keys("2"), "no problem")
	if d.keys("q"); d.copied != "quit" {
		t.Error("q does not end it")
	}
}

func TestBrowseList(t *testing.T) {
	r := &record.Report{}
	for i := range 500 {
		c := &record.Connection{ID: uint64(i + 1), First: fsm.Time(i) * fsm.Second, Last: fsm.Time(i+i%7) * fsm.Second}
		c.Client, c.Server = record.Addr{IP: netip.MustParseAddr("10.0.0.1"), Port: uint16(1000 + i)}, record.Addr{IP: netip.MustParseAddr("10.0.0.2"), Port: 80}
		c.Verdict.Code = record.VerdictClosedNormally
		if i == 250 {
			c.Verdict.Code = record.VerdictRefused
			c.Anomalies = []record.Anomaly{{Name: record.CheckConnectNoAnswer, Severity: record.SeverityError}}
		}
		r.Connections = append(r.Connections, c)
	}
	r.Summary.Problems = []record.Problem{{Verdict: record.VerdictRefused, Concern: record.ConcernFailure, Server: r.Connections[0].Server, Services: 1, Connections: 1, Worst: 251, Message: hostile}}
	d := drive(t, r, Options{})
	d.wants(d.plain(), "▶  251", "refused by the server", "500 connections, 1 failed")
	d.wants(d.keys("s"), "by number", "▶    1")
	d.wants(d.keys("G"), "▶  500", "500/500")
	d.wants(d.keys("pgup", "k"), "▶  480")
	d.wants(d.keys("g", "s"), "by duration", "▶    7")
	d.wants(d.keys("r"), "reversed")
	d.keys("r", "s", "s", "s", "s", "s")
	d.keys("/")
	d.wants(d.say("1250"), "10.0.0.1:1250")
	d.keys("/")
	d.wants(d.say("nothing like it"), "not found: nothing like it")
	d.keys("&")
	d.wants(d.say(`client.port < 1003`), "3 connections", "where client.port < 1003", "1/3")
	d.keys("&")
	d.wants(d.say(`client.prt < 1003`), "prt")
	d.keys("esc", " ", " ", "w")
	d.wants(d.say("out.pcapng"), "2 packets written to out.pcapng")
	if slices.Sort(d.reader.written); len(d.reader.written) != 2 {
		t.Errorf("wrote %v", d.reader.written)
	}
	d.reader.fails = errors.New(hostile)
	d.keys("w")
	d.wants(d.say(hostile), `e\x1b[31mvil`)
	d.wants(d.keys("2"), "[2 Problems]", "1 failed", "refused by the server: 10.0.0.2, port 80", `\x1b[31mvil`)
	d.wants(d.keys("enter"), "with refused by the server", "1/1", "251")
	d.wants(d.keys("esc"), "[2 Problems]")
}

// Every text that a record has may be hostile, and every size a terminal's.
func TestBrowseHostile(t *testing.T) {
	r := analysed(t, "conversations/09-rst-in-window.pcap")
	c := r.Connections[0]
	c.Service, c.Encapsulation, c.Verdict.Sentence = hostile, hostile, hostile
	c.Verdict.Code = record.VerdictCode(hostile)
	c.Anomalies = append(c.Anomalies, record.Anomaly{Name: record.CheckName(hostile), Severity: record.SeverityError, Message: hostile, Seen: hostile, Frames: []fsm.Frame{c.FirstFrame}},
		record.Anomaly{Name: record.CheckStall, Severity: record.SeverityError, Message: hostile, Frames: []fsm.Frame{c.FirstFrame}})
	for i := range c.Segments {
		c.Segments[i].Labels = append(c.Segments[i].Labels, record.Label(hostile))
	}
	r.Summary.Problems = []record.Problem{{Check: record.CheckName(hostile), Message: strings.Repeat(hostile, 50), Services: 3}}
	for _, ascii := range []bool{false, true} {
		for _, size := range [][2]int{{80, 24}, {100, 30}, {140, 40}, {33, 7}, {20, 4}, {300, 100}, {5, 2}} {
			d := drive(t, r, Options{Title: hostile, Render: report.Options{ASCII: ascii, Color: ascii}})
			d.o.Title = hostile
			d.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			if size[0] < 20 {
				continue
			}
			d.keys("G", "g", "enter", "j", "right", "right", "left", "n", "N", "x", "G", "enter", "q", "2", "+", "+", "left", "d", "-", "0", "3", "4", "?", "q", "q", "2", "j", "/", "x", "esc", "1", "y", " ")
			d.Update(tea.WindowSizeMsg{Width: size[1] + 20, Height: size[0]})
			d.shape()
			if s := d.plain(); ascii && strings.IndexFunc(s, func(r rune) bool { return r > '~' }) >= 0 {
				t.Errorf("not ASCII: %q", s)
			}
		}
	}
}

// Whatever is pressed, and whatever size the terminal gets, the screen stays one.
func TestBrowseAnyKeys(t *testing.T) {
	r := analysed(t, "conversations/75-storms.pcap")
	r.Summary.Problems = []record.Problem{{Check: record.CheckStall, Message: "x", Connections: 2}, {Verdict: record.VerdictRefused, Concern: record.ConcernFailure}}
	keys := []string{"j", "k", "g", "G", "pgdown", "pgup", "enter", "enter", "tab", "1", "2", "3", "4", "/", "n", "N", "x", "s", "S", "r", " ", "u", "w", "y", "&", "esc", "q", "?", "+", "-", "0", "d", "left", "right", "home", "end", "f", "b", "p", "z", "é"}
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 0))
		d := drive(t, r, Options{Live: seed%3 == 2, Render: report.Options{ASCII: seed%2 == 1}})
		for range 1000 {
			if random.IntN(40) == 0 {
				d.Update(tea.WindowSizeMsg{Width: 20 + random.IntN(200), Height: 4 + random.IntN(60)})
			}
			d.keys(keys[random.IntN(len(keys))])
		}
	}
}

// An open connection is shown with what it waits for; those that hang come first.
func TestLiveList(t *testing.T) {
	r := &record.Report{}
	for i, state := range []fsm.State{fsm.Established, fsm.SynSent, fsm.Established, fsm.Closed} {
		c := &record.Connection{ID: uint64(i + 1), First: fsm.Second, Last: 2 * fsm.Second}
		c.Client, c.Server = record.Addr{IP: netip.MustParseAddr("2001:db8::1"), Port: uint16(1000 + i)}, record.Addr{IP: netip.MustParseAddr("2001:db8::2"), Port: 443}
		c.State = [2]record.EndState{{State: state, Proved: true}, {State: state}}
		c.Verdict.Code = record.VerdictStillOpen
		r.Connections = append(r.Connections, c)
	}
	r.Capture.Last = 60 * fsm.Second
	r.Connections[2].Tail[1].WindowClosed = true
	r.Connections[2].Anomalies = []record.Anomaly{{Name: record.CheckZeroWindowDuration, Severity: record.SeverityWarning}}
	d := drive(t, r, Options{Live: true})
	d.wants(d.plain(), "[1 Open]", "▶    3", "server's window", "SYN-ACK", "idle")
	if strings.Contains(d.plain(), ":1003 ") {
		t.Error("a connection that has ended is shown as open")
	}
	d.wants(d.keys(" "), "PAUSED, capturing goes on")
	d.wants(d.keys(" ", "2"), "[2 Ended]", "no connection has ended yet")
	d.rows.Add(r.Connections[3])
	d.run(d.reorder())
	d.wants(d.plain(), "▶    4")
	d.wants(d.keys("enter"), "its packets were not kept")
	d.wants(d.keys("1", "enter"), "as it is now", "reading connection")
	d.rows.Survey(r.Connections)
	d.run(d.reorder())
	d.wants(d.plain(), "Connection 3: [2001:db8::1]:1002")
}

// A list does not grow beyond its bound, and what a live capture lists are the latest.
func TestRowsAreBounded(t *testing.T) {
	rows := NewRows(Options{Live: true})
	c := &record.Connection{}
	c.Client.IP, c.Server.IP = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for i := range uint64(5 * maxRecent) {
		c.ID = i + 1
		rows.Add(c)
	}
	table := rows.now()
	if table.n < maxRecent || table.n > maxRecent+2*chunkRows || table.total != 5*maxRecent {
		t.Errorf("%d rows of %d", table.n, table.total)
	}
	if last := table.at(table.n - 1); last.ID != 5*maxRecent {
		t.Errorf("the latest is %d", last.ID)
	}
}

// Rows come while others are looked at.
func TestRowsWhileTheyCome(t *testing.T) {
	rows := NewRows(Options{Checks: analyzer.Checks()})
	done := make(chan bool)
	go func() {
		c := &record.Connection{}
		c.Client.IP, c.Server.IP = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
		for i := range uint64(20_000) {
			c.ID = i + 1
			rows.Add(c)
		}
		close(done)
	}()
	for n := 0; ; n++ {
		o := choice{key: byID}.of(rows.now(), rows.catalogue, false)
		for i := range o.list {
			if w := o.row(i); w.ID != uint64(i+1) {
				t.Fatalf("row %d is connection %d", i, w.ID)
			}
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func ExampleRow_filter() {
	w := Row{Client: netip.MustParseAddrPort("10.0.0.1:5"), Server: netip.MustParseAddrPort("10.0.0.2:80"), Stream: 4}
	fmt.Println(w.filter())
	// Output: tcp.stream eq 3
}
