package analyzer_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// TestWorkersChangeNothing holds the whole output with several workers against
// that with one: JSON of all records, and NDJSON in the order in which they came.
// So it does with an analysis that may have to keep segments: that tracks every
// connection whole from its first segment on, where others begin with less.
func TestWorkersChangeNothing(t *testing.T) {
	captures := map[string]func() (capture.Source, error){}
	for _, pattern := range []string{conversations + "/*.pcap", "../testdata/pcaps/kernel/*.pcap"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			captures[f] = func() (capture.Source, error) { return capture.Open(f) }
		}
	}
	var web bytes.Buffer
	if _, err := tracegen.Web(&web, 30_000, 7); err != nil {
		t.Fatal(err)
	}
	captures["web"] = func() (capture.Source, error) { return capture.OpenReader("web", bytes.NewReader(web.Bytes())) }
	if len(captures) < 200 {
		t.Fatalf("only %d captures", len(captures))
	}
	for i, name := range slices.Sorted(maps.Keys(captures)) {
		open := captures[name]
		if testing.Short() && i%4 != 0 && name != "web" {
			continue // some of them are enough to show a race
		}
		want := outputs(t, open, analyzer.Options{Workers: 1})
		for _, workers := range []int{2, 5} {
			if got := outputs(t, open, analyzer.Options{Workers: workers}); !bytes.Equal(got, want) {
				t.Errorf("%s: %d workers give another output than 1", name, workers)
			}
		}
		if got := outputs(t, open, trackedWhole); !bytes.Equal(got, want) {
			t.Errorf("%s: connections tracked whole from the first segment on give another output", name)
		}
	}
}

func outputs(t *testing.T, open func() (capture.Source, error), opt analyzer.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	run := func(opt analyzer.Options) *record.Report { return analyseAll(t, open, opt) }
	if err := report.JSON(&out, bare(run(opt)), report.DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	lines := report.FindFormat("ndjson").New(&out, report.DefaultOptions())
	opt.Each = func(c *record.Connection) error {
		c.Segments = nil
		return lines.Connection(c)
	}
	r := run(opt)
	if err := lines.Finish(r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestSumsChangeNothing holds the sums of an analysis that makes no record of
// connections of one SYN against those of one that does, with and without
// connections evicted.
func TestSumsChangeNothing(t *testing.T) {
	captures := map[string]func() (capture.Source, error){}
	for _, pattern := range []string{conversations + "/*.pcap", "../testdata/pcaps/kernel/*.pcap"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			captures[f] = func() (capture.Source, error) { return capture.Open(f) }
		}
	}
	for name, write := range map[string]func(io.Writer, int, uint64) (tracegen.Counts, error){"flood": tracegen.Flood, "open": tracegen.Open, "web": tracegen.Web} {
		var data bytes.Buffer
		if _, err := write(&data, 20_000, 3); err != nil {
			t.Fatal(err)
		}
		captures[name] = func() (capture.Source, error) { return capture.OpenReader(name, bytes.NewReader(data.Bytes())) }
	}
	for name, open := range captures {
		limits := []int{0}
		if name == "flood" || name == "open" {
			limits = append(limits, 1600)
		}
		for _, most := range limits {
			want := analyseAll(t, open, analyzer.Options{MaxConnections: most})
			if name == "flood" && (want.Summary.Connections != 20_000 || len(want.Capture.Anomalies) == 0) {
				t.Fatalf("flood: %d connections, findings %v", want.Summary.Connections, want.Capture.Anomalies)
			}
			if name == "flood" && most > 0 && want.Summary.Evicted != 20_000-uint64(most) {
				t.Errorf("flood: %d evicted of 20000, %d may be open", want.Summary.Evicted, most)
			}
			want.Connections = nil
			for _, workers := range []int{1, 3}[:len(limits)] {
				got := analyseAll(t, open, analyzer.Options{MaxConnections: most, SummaryOnly: true, Workers: workers})
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s, %d connections at most, %d workers: sums\n%+v, want\n%+v", name, most, workers, got, want)
				}
			}
		}
	}
}

// analyseAll analyses a whole capture.
func analyseAll(t *testing.T, open func() (capture.Source, error), opt analyzer.Options) *record.Report {
	t.Helper()
	src, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	a := analyzer.New(opt)
	var p capture.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			r, _ := a.Finish()
			return r
		} else if err != nil {
			t.Fatal(err)
		}
		a.Packet(&capture.Packet{
			Data: p.Data, Length: p.Length, Time: p.Time, LinkType: p.LinkType,
			Interface: p.Interface, Source: p.Source, Number: p.Number,
		})
	}
}

// Segments may be asked for by a connection's ends, in either order: those of the others
// are not kept, and all else is the same.
func TestSegmentsBetween(t *testing.T) {
	var web bytes.Buffer
	if _, err := tracegen.Web(&web, 3000, 7); err != nil {
		t.Fatal(err)
	}
	open := func() (capture.Source, error) { return capture.OpenReader("web", bytes.NewReader(web.Bytes())) }
	plain := analyseAll(t, open, analyzer.Options{})
	wanted := plain.Connections[len(plain.Connections)/2]
	client, server := netip.AddrPortFrom(wanted.Client.IP, wanted.Client.Port), netip.AddrPortFrom(wanted.Server.IP, wanted.Server.Port)
	whole := analyseAll(t, open, trackedWhole)
	for _, workers := range []int{1, 3} {
		for _, ends := range [][2]netip.AddrPort{{client, server}, {server, client}} {
			r := analyseAll(t, open, analyzer.Options{Workers: workers, SegmentsBetween: func(a, b netip.AddrPort) bool {
				return ends == [2]netip.AddrPort{a, b} || ends == [2]netip.AddrPort{b, a}
			}})
			for i, c := range r.Connections {
				if c.ID != wanted.ID && len(c.Segments) > 0 {
					t.Errorf("connection %d has %d segments", c.ID, len(c.Segments))
				}
				if c.ID == wanted.ID && !reflect.DeepEqual(c.Segments, whole.Connections[i].Segments) {
					t.Errorf("%d segments, with all kept %d", len(c.Segments), len(whole.Connections[i].Segments))
				}
			}
			if asJSON(t, bare(r)) != asJSON(t, plain) {
				t.Error("keeping segments changes the output")
			}
		}
	}
}
