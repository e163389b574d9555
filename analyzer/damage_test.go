package analyzer_test

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
)

// analyseFile runs a capture file's octets through the analysis and returns the
// packets that were read too.
func analyseFile(b []byte) (r *record.Report, list []capture.Packet) {
	src, err := capture.OpenReader("test", bytes.NewReader(b))
	if err != nil {
		return nil, nil
	}
	defer src.Close()
	a := analyzer.New(analyzer.Options{})
	var p capture.Packet
	for src.Next(&p) == nil {
		a.Packet(&capture.Packet{
			Data: p.Data, Length: p.Length, Time: p.Time, LinkType: p.LinkType,
			Interface: p.Interface, Number: p.Number,
		})
		p.Data = bytes.Clone(p.Data)
		list = append(list, p)
	}
	r, _ = a.Finish()
	return r, list
}

// TestDamaged cuts the recorded captures and flips bits of them: the report must
// stay sound, and what came before the damage be read as without it.
func TestDamaged(t *testing.T) {
	files := fuzzinput.Captures("..")
	r := rand.New(rand.NewPCG(3, 5))
	for _, file := range files {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const head = 24
		if len(whole) <= head {
			continue // a capture without packets
		}
		_, want := analyseFile(whole)
		for i := range 8 {
			damaged, at := bytes.Clone(whole), head+r.IntN(len(whole)-head)
			if i < 2 {
				damaged = damaged[:at]
			} else {
				damaged[at] ^= 1 << r.IntN(8)
			}
			report, got := analyseFile(damaged)
			if report == nil {
				t.Errorf("%s, damaged at %d: not read at all", file, at)
				continue
			}
			checkReport(t, report, len(got), false)
			asJSON(t, report)
			if strings.HasSuffix(file, ".gz") {
				continue // where a packet lies in the compressed file is not known
			}
			before := untouched(whole, at)
			for n := range before {
				if n >= len(got) || !same(&got[n], &want[n]) {
					t.Errorf("%s, damaged at %d: packet %d of %d before that differs", file, at, n+1, before)
					break
				}
			}
		}
		if t.Failed() {
			t.Fatalf("%s", file)
		}
	}
}

// untouched counts the packets of a pcap file that end at or before an offset.
func untouched(file []byte, at int) int {
	src, err := capture.OpenReader("test", io.LimitReader(bytes.NewReader(file), int64(at)))
	if err != nil {
		return 0
	}
	defer src.Close()
	n := 0
	var p capture.Packet
	for src.Next(&p) == nil {
		n++
	}
	return n
}

func same(a, b *capture.Packet) bool {
	return bytes.Equal(a.Data, b.Data) && a.Time == b.Time && a.Length == b.Length && a.LinkType == b.LinkType && a.Number == b.Number
}

// TestAnyTime puts a connection's packets at both ends of what a time can be,
// before 1970, after 2106, and at both ends at once: the report stays one.
func TestAnyTime(t *testing.T) {
	list, err := fuzzinput.Load("../testdata/pcaps/kernel/lost-last-ack.client.pcap", 100)
	if err != nil {
		t.Fatal(err)
	}
	const y1969, y2106 = -1_000_000 * fsm.Second, 4_294_967_296 * fsm.Second
	for name, at := range map[string]func(i int) fsm.Time{
		"before 1970":     func(i int) fsm.Time { return y1969 + fsm.Time(i) },
		"across 1970":     func(i int) fsm.Time { return fsm.Time(i-5) * fsm.Second },
		"after 2106":      func(i int) fsm.Time { return y2106 + fsm.Time(i) },
		"the latest":      func(i int) fsm.Time { return math.MaxInt64 - fsm.Time(20-i) },
		"the earliest":    func(i int) fsm.Time { return math.MinInt64 + fsm.Time(i) },
		"all the latest":  func(int) fsm.Time { return math.MaxInt64 },
		"from end to end": func(i int) fsm.Time { return []fsm.Time{math.MinInt64, math.MaxInt64}[i%2] },
		"once to the end": func(i int) fsm.Time { return []fsm.Time{math.MinInt64, 0, math.MaxInt64}[min(i/5, 2)] },
	} {
		for _, workers := range []int{1, 4} {
			a := analyzer.New(analyzer.Options{Workers: workers, Segments: func(uint64) bool { return true }})
			for i, p := range list {
				a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, Time: int64(at(i)), LinkType: p.LinkType, Number: p.Number})
			}
			r, _ := a.Finish()
			checkReport(t, r, len(list), false)
			asJSON(t, r)
			checkText(t, r)
			if len(r.Connections) == 0 || r.Capture.First > r.Capture.Last {
				t.Errorf("%s: %d connections, from %d to %d", name, len(r.Connections), r.Capture.First, r.Capture.Last)
			}
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}
