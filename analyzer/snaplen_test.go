package analyzer_test

import (
	"context"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// snapped cuts a source's packets, as a capture with a shorter snap length has them.
type snapped struct {
	capture.Source
	length int
}

func (s snapped) Next(p *capture.Packet) error {
	err := s.Source.Next(p)
	p.Data = p.Data[:min(len(p.Data), s.length)]
	return err
}

func openSnapped(t *testing.T, name string, length int) capture.Source {
	t.Helper()
	s, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return snapped{s, length}
}

// TestSnapLengthInsideTheHeader cuts captures within the TCP header: nothing can be said of
// such a segment, so it is skipped, and counted under its reason. At one octet more all of
// the fixed header is there.
func TestSnapLengthInsideTheHeader(t *testing.T) {
	const fixed = 14 + 20 + 20
	files, err := filepath.Glob("../testdata/pcaps/kernel/*.client.pcap")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	for i, name := range files {
		if i%6 != 0 || strings.Contains(name, "-ipv6") { // the lengths are those of IPv4
			continue
		}
		whole, err := analyzer.Analyze(context.Background(), []capture.Source{openSnapped(t, name, 1<<16)}, analyzer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for length := fixed - 20; length <= fixed; length++ {
			r, err := analyzer.Analyze(context.Background(), []capture.Source{openSnapped(t, name, length)}, analyzer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if length == fixed {
				if r.Capture.Segments != whole.Capture.Segments {
					t.Errorf("%s cut at %d: %d segments, want %d", name, length, r.Capture.Segments, whole.Capture.Segments)
				}
				continue
			}
			var cut uint64
			for _, c := range r.Capture.Skipped {
				if c.Name == "truncated-header" {
					cut = c.N
				}
			}
			if r.Capture.Segments != 0 || len(r.Connections) != 0 || cut != whole.Capture.Segments {
				t.Errorf("%s cut at %d: %d segments, %d connections, %d skipped for their header, want 0, 0, %d",
					name, length, r.Capture.Segments, len(r.Connections), cut, whole.Capture.Segments)
			}
		}
	}
}

// TestTapsOfDifferentSnapLengths cuts the capture of one of two taps: what became of the
// segments between them is the same, and what only one of the two shows is no change.
func TestTapsOfDifferentSnapLengths(t *testing.T) {
	files, err := filepath.Glob("../testdata/pcaps/kernel/*.client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, client := range files {
		if i%6 != 0 || strings.Contains(client, "-ipv6") { // the lengths are those of IPv4
			continue
		}
		server := strings.TrimSuffix(client, ".client.pcap") + ".server.pcap"
		var altered uint64
		between := func(first, second int) (out []record.Between) {
			taps, err := analyzer.Compare(context.Background(), openSnapped(t, client, first), openSnapped(t, server, second), analyzer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			both := taps.Source(openSnapped(t, client, first), openSnapped(t, server, second))
			r, err := analyzer.Analyze(context.Background(), []capture.Source{both}, analyzer.Options{Taps: taps})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Connections {
				if c.Between == nil {
					continue
				}
				b := *c.Between
				for i := range b.Dir { // what was changed beyond the snap length is not seen
					altered += b.Dir[i].Altered
					b.Dir[i].Altered, b.Dir[i].Changes, b.Dir[i].AlteredFrames = 0, nil, nil
				}
				out = append(out, b)
			}
			return out
		}
		whole := between(1<<16, 1<<16)
		compared += len(whole)
		most := altered
		for _, cut := range [][2]int{{1 << 16, 68}, {68, 1 << 16}, {60, 96}, {54, 1 << 16}} {
			altered = 0
			if got := between(cut[0], cut[1]); !reflect.DeepEqual(got, whole) || altered > most {
				t.Errorf("%s cut at %v: %d altered\n%+v\nwant\n%+v", client, cut, altered, got, whole)
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d connections compared", compared)
	}
}

// duration finds what the reports write for a span of time.
var duration = regexp.MustCompile(`\d (ns|µs|ms|s|min|h|d)\b`)

// TestUntimed takes the times from the conversations, as a capture of simple packet blocks
// has none: no finding and no verdict may tell of a duration.
func TestUntimed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(conversations, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	findings := 0
	for _, file := range files {
		s, err := conversation.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		a := analyzer.New(analyzer.Options{Workers: 1})
		for i, p := range s.Packets() {
			a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, LinkType: 1, Number: uint64(i + 1), Untimed: true})
		}
		r, _ := a.Finish()
		for _, c := range r.Connections {
			for _, x := range c.Anomalies {
				findings++
				for _, text := range []string{x.Message, x.Seen, x.Expected} {
					if duration.MatchString(text) {
						t.Errorf("%s #%d: %s: %q", filepath.Base(file), c.ID, x.Name, text)
					}
				}
			}
			if duration.MatchString(c.Verdict.Sentence) {
				t.Errorf("%s #%d: %s: %q", filepath.Base(file), c.ID, c.Verdict.Code, c.Verdict.Sentence)
			}
		}
	}
	if findings < 100 {
		t.Errorf("only %d findings", findings)
	}
}
