package report

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// eachCapture calls do with the project's captures, and with some of many connections that
// are alike.
func eachCapture(t *testing.T, do func(name string, data []byte)) {
	names, err := filepath.Glob("../testdata/pcaps/*/*.pcap*")
	if err != nil || len(names) < 100 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		do(name, data)
	}
	for _, kind := range tracegen.Kinds {
		var b bytes.Buffer
		if _, err := kind.Write(&b, 1500, 1); err != nil {
			t.Fatal(err)
		}
		do(kind.Name, b.Bytes())
	}
}

// analysed analyses a capture.
func analysed(t *testing.T, name string, data []byte, opt analyzer.Options) *record.Report {
	source, err := capture.OpenReader(name, bytes.NewReader(data))
	if err != nil {
		return &record.Report{} // one that is not to be read
	}
	a := analyzer.New(opt)
	for p := (capture.Packet{}); source.Next(&p) == nil; {
		a.Packet(&p)
	}
	r, err := a.Finish(source.Info()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestChoosingEarly: who is asked where connections are tracked, with as much of a record as
// what is looked at needs, chooses the same connections as with whole records in the end. What
// is asked is a sum over all values of the names, so that no other one goes unseen.
func TestChoosingEarly(t *testing.T) {
	var all []string
	for name := range connectionShape().parts {
		if !slices.Contains(ofAll, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	lists := []string{"anomalies.name", "anomalies.severity", "anomalies.endpoint",
		"transitions.endpoint", "transitions.from", "transitions.to", "transitions.event", "transitions.cause"}
	ways := []struct {
		name   string
		fields []string
		opt    analyzer.Options
	}{
		{"by kind", slices.Concat(lists, byKind), analyzer.Options{ChooseByKind: true, ChooseByCount: true, ChooseByRTT: true}},
		{"by count", slices.Concat(lists, byKind, byCount), analyzer.Options{ChooseByCount: true, ChooseByRTT: true}},
		{"by RTT", slices.Concat(lists, byKind, byCount, byRTT), analyzer.Options{ChooseByRTT: true}},
		{"by all", all, analyzer.Options{}},
	}
	sum := func(fields []string) func(*record.Connection) uint32 {
		var b bytes.Buffer
		var one sync.Mutex
		w := newNDJSON(&b, Options{Fields: slices.DeleteFunc(slices.Clone(fields), func(name string) bool { return slices.Contains(ofAll, name) })})
		return func(c *record.Connection) uint32 {
			one.Lock()
			defer one.Unlock()
			b.Reset()
			if err := w.Connection(c); err != nil {
				t.Fatal(err)
			}
			h := fnv.New32a()
			h.Write(b.Bytes())
			return h.Sum32()
		}
	}
	some, whole, captures := 0, 0, 0
	eachCapture(t, func(name string, data []byte) {
		sums := make([]func(*record.Connection) uint32, len(ways))
		for i := range ways {
			sums[i] = sum(ways[i].fields)
		}
		want := make([]map[uint64]bool, len(ways))
		n := uint64(0)
		captures++
		analysed(t, name, data, analyzer.Options{Each: func(c *record.Connection) error {
			n++
			for i := range ways {
				if want[i] == nil {
					want[i] = map[uint64]bool{}
				}
				if sums[i](c)%3 == 0 {
					want[i][c.ID] = true
				}
			}
			return nil
		}})
		for i, way := range ways {
			opt := way.opt
			opt.ChooseEarly, opt.OwnRecords, opt.SummaryOnly, opt.Workers = true, 2, (captures+i)%2 == 0, 1+captures/2%2
			opt.Choose = func(c *record.Connection) bool { return sums[i](c)%3 == 0 }
			got := map[uint64]bool{}
			opt.Each = func(c *record.Connection) error { got[c.ID] = true; return nil }
			r := analysed(t, name, data, opt)
			if !maps.Equal(got, want[i]) || r.Summary.LeftOut != n-uint64(len(got)) {
				t.Fatalf("%s, %s: of %d connections %d are chosen and %d left out, in the end %d", name, way.name, n, len(got), r.Summary.LeftOut, len(want[i]))
			}
			some += len(got)
			whole += int(n)
		}
	})
	if some < 5000 || whole-some < 5000 {
		t.Errorf("%d of %d connections are chosen: that proves little", some, whole)
	}
}

// TestQuickNames: what is taken from a record is what its JSON has.
func TestQuickNames(t *testing.T) {
	var names []string
	for name := range quickNumbers {
		names = append(names, name)
	}
	for name := range quickWords {
		names = append(names, name)
	}
	slices.Sort(names)
	f := newFields(names, false)
	known := map[string]int{}
	each := func(c *record.Connection) error {
		f.read(c)
		for i, name := range names {
			var got any
			if quickNumbers[name] != nil {
				got = quickNumbers[name](c)
			} else {
				got = quickWords[name](c)
			}
			want := f.at(i)
			if x, ok := want.(float64); ok && math.IsNaN(x) && math.IsNaN(got.(float64)) {
				continue
			}
			if got != want {
				return fmt.Errorf("connection %d: %s is %v in the record and %v in the JSON", c.ID, name, got, want)
			}
			if want != "" {
				known[name]++
			}
		}
		return nil
	}
	eachCapture(t, func(name string, data []byte) { analysed(t, name, data, analyzer.Options{Each: each}) })
	for _, name := range names {
		if known[name] == 0 {
			t.Errorf("%s is never known: that proves nothing", name)
		}
	}
}
