package analyzer_test

import (
	"bytes"
	"flag"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
)

var moreCaptures = flag.String("captures", "", "a folder of captures that TestWays takes too, all of its changes on each")

// changes are what TestWays does to a capture, by what it is for. None of them
// says anything true or false: the ways through the code must agree on each.
var changes = []struct {
	name string
	do   func(list []capture.Packet, r *rand.Rand) []capture.Packet
}{
	{"as it is", func(list []capture.Packet, _ *rand.Rand) []capture.Packet { return list }},
	{"cut", func(list []capture.Packet, r *rand.Rand) []capture.Packet {
		snaplen := []int{54, 60, 66, 74, 96}[r.IntN(5)]
		for i := range list {
			list[i].Data = list[i].Data[:min(len(list[i].Data), snaplen)]
		}
		return list
	}},
	{"lossy", func(list []capture.Packet, r *rand.Rand) (kept []capture.Packet) {
		for i := range list {
			if r.IntN(10) > 0 {
				kept = append(kept, list[i])
			}
		}
		return kept
	}},
	{"flipped", func(list []capture.Packet, r *rand.Rand) []capture.Packet {
		for i := range list {
			if d := list[i].Data; len(d) > 14 && r.IntN(8) == 0 {
				d[14+r.IntN(min(len(d), 80)-14)] ^= 1 << r.IntN(8)
			}
		}
		return list
	}},
	{"begun late", func(list []capture.Packet, r *rand.Rand) []capture.Packet {
		if len(list) == 0 {
			return nil
		}
		return list[r.IntN(len(list)):]
	}},
	{"in another order", func(list []capture.Packet, r *rand.Rand) []capture.Packet {
		for i := 1; i < len(list); i++ {
			if j := i - 1; r.IntN(6) == 0 {
				list[i].Data, list[j].Data = list[j].Data, list[i].Data
				list[i].Length, list[j].Length = list[j].Length, list[i].Length
				list[i].LinkType, list[j].LinkType = list[j].LinkType, list[i].LinkType
			}
		}
		return list
	}},
	{"doubled", func(list []capture.Packet, r *rand.Rand) (twice []capture.Packet) {
		for i := range list {
			twice = append(twice, list[i])
			if r.IntN(3) == 0 {
				twice = append(twice, list[i])
			}
		}
		return twice
	}},
}

// TestWays analyses captures in each way that there is through the code: kept
// compact as long as may be, tracked whole from the first segment, counted by
// template without records, with several workers. All must say the same, of the
// captures as they are and of what changes makes of them.
//
// Every change on every capture takes minutes, so of the project's own each has one
// change. For all, and for other captures:
//
//	go test ./analyzer -run TestWays -captures DIR
func TestWays(t *testing.T) {
	for i, file := range fuzzinput.Captures("..") {
		t.Run(filepath.Base(file), func(t *testing.T) { sameWays(t, file, i%len(changes)) })
	}
	if *moreCaptures == "" {
		return
	}
	err := filepath.WalkDir(*moreCaptures, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for i := range changes {
			t.Run(d.Name(), func(t *testing.T) { sameWays(t, path, i) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sameWays holds the ways on a capture file with one of the changes against each
// other.
func sameWays(t *testing.T, file string, change int) {
	t.Helper()
	src, err := capture.Open(file)
	if err != nil {
		t.Skip(err)
	}
	defer src.Close()
	var list []capture.Packet
	for p := (capture.Packet{}); src.Next(&p) == nil; {
		p.Data = bytes.Clone(p.Data)
		list = append(list, p)
	}
	c := changes[change]
	list = c.do(list, rand.New(rand.NewPCG(uint64(change), uint64(len(list)))))
	for i := range list {
		list[i].Number = uint64(i + 1)
	}
	run := func(opt analyzer.Options) *record.Report {
		a := analyzer.New(opt)
		for i := range list {
			p := list[i]
			a.Packet(&p)
		}
		r, _ := a.Finish()
		return r
	}
	kept := run(analyzer.Options{})
	want := asJSON(t, kept)
	for _, way := range []struct {
		name string
		opt  analyzer.Options
	}{
		{"tracked whole", trackedWhole},
		{"three workers", analyzer.Options{Workers: 3}},
	} {
		if got := asJSON(t, bare(run(way.opt))); got != want {
			t.Errorf("%s, %s: %s", c.name, way.name, firstDifference(want, got))
		}
	}
	sums := run(analyzer.Options{SummaryOnly: true})
	kept.Connections, kept.Summary.Related = nil, nil // links need records
	if !reflect.DeepEqual(sums, kept) {
		t.Errorf("%s, sums: with templates\n%+v, by record\n%+v", c.name, sums, kept)
	}
}

// trackedWhole has each connection tracked whole from its first segment on, as it must
// be where segments are kept.
var trackedWhole = analyzer.Options{Segments: func(uint64) bool { return true }}

// bare forgets the segments that were kept.
func bare(r *record.Report) *record.Report {
	for _, c := range r.Connections {
		c.Segments = nil
	}
	return r
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	around := func(s string) string { return s[max(0, i-300):min(len(s), i+200)] }
	return "compact\n" + around(a) + "\nthis way\n" + around(b)
}
