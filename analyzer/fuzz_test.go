package analyzer_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// Choices of the fuzz target's inputs.
const (
	fuzzChecksums = 1 << iota // verify them: most mutations make a wrong one
	fuzzImmediate             // as for a live capture
	fuzzFew                   // one open connection a shard
	fuzzShortLinger
)

// FuzzTracker runs packets of any kind through the whole analysis and the
// renderers: the counts must add up, states chain, memory stay bounded, and the
// number of workers make no difference.
func FuzzTracker(f *testing.F) {
	for i, file := range fuzzinput.Captures("..") {
		list, err := fuzzinput.Load(file, 60)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fuzzinput.Write(byte(i)&0xf, list))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list := fuzzinput.Read(data)
		opt := analyzer.Options{
			NoChecksums: list.Choices&fuzzChecksums == 0,
			Immediate:   list.Choices&fuzzImmediate != 0,
		}
		if list.Choices&fuzzFew != 0 {
			opt.MaxConnections = 16
		}
		if list.Choices&fuzzShortLinger != 0 {
			opt.Linger = fsm.Second
		}
		before := allocated()
		r := list.Analyse(opt)
		if took, most := allocated()-before, uint64(8<<20+len(list.Packets)*maxPerPacket); took > most {
			t.Errorf("%d octets allocated for %d packets", took, len(list.Packets))
		}
		// A straggler of a connection that was reported belongs to none any more. That
		// takes a connection reported early, or a clock that runs backwards.
		exact := list.Choices&(fuzzShortLinger|fuzzFew) == 0 && r.Capture.Quality.ClockBackwards == 0
		checkReport(t, r, len(list.Packets), exact)
		one := asJSON(t, r)
		opt.Workers = 4
		if four := asJSON(t, list.Analyse(opt)); four != one {
			t.Errorf("4 workers give another output than 1:\n%s\n%s", four, one)
		}
		opt.SummaryOnly = true // 4 workers still
		of := r.Summary
		of.Related, of.MoreRelated = nil, 0 // links need records
		if sums := list.Analyse(opt); !reflect.DeepEqual(sums.Summary, of) || !reflect.DeepEqual(sums.Capture, r.Capture) {
			t.Errorf("without records the sums are others:\n%+v\n%+v", sums, r)
		}
		opt.Workers, opt.SummaryOnly = 1, false
		opt.Segments = func(uint64) bool { return true }
		r = list.Analyse(opt)
		checkSegments(t, r)
		checkText(t, r)
		for _, c := range r.Connections {
			c.Segments = nil
		}
		// Evictions depend on how connections are spread over tables, and with
		// segments there is one only.
		if kept := asJSON(t, r); opt.MaxConnections == 0 && kept != one {
			t.Errorf("keeping segments changes the output:\n%s\n%s", kept, one)
		}
	})
}

// maxPerPacket bounds what a packet may cost: a connection of its own, with its
// record and findings, is the most.
const maxPerPacket = 64 << 10

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func asJSON(t *testing.T, r *record.Report) string {
	var b strings.Builder
	if err := report.JSON(&b, r, report.DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(b.String())) {
		t.Fatalf("no JSON: %s", b.String())
	}
	return b.String()
}

// checkReport checks what holds for every report on so many packets; exact says
// that each segment must be in a connection.
func checkReport(t *testing.T, r *record.Report, packets int, exact bool) {
	t.Helper()
	c := &r.Capture
	sum := c.Segments
	for _, s := range c.Skipped {
		sum += s.N
	}
	if c.Packets != uint64(packets) || sum != c.Packets {
		t.Errorf("%d packets given, %d counted, %d segments or skipped", packets, c.Packets, sum)
	}
	var segments, octets, doubled uint64
	states := [2]map[string]uint64{{}, {}}
	closes, verdicts := map[string]uint64{}, map[string]uint64{}
	names, severities := map[string]uint64{}, map[string]uint64{}
	for i, conn := range r.Connections {
		if conn.ID != uint64(i+1) {
			t.Errorf("connection %d is the %d. one", conn.ID, i+1)
		}
		checkConnection(t, conn, c.Quality.ClockBackwards == 0)
		for side, tr := range conn.Traffic {
			segments += tr.Packets
			doubled += tr.Doubled
			octets += tr.Bytes
			states[side][conn.State[side].State.String()]++
		}
		closes[string(conn.Close.Kind)]++
		verdicts[string(conn.Verdict.Code)]++
		for _, a := range conn.Anomalies {
			names[string(a.Name)] += a.Count
			severities[a.Severity.String()]++
		}
	}
	if segments+doubled > c.Segments || exact && segments+doubled != c.Segments {
		t.Errorf("%d segments: %d in connections, %d doubled", c.Segments, segments, doubled)
	}
	s := &r.Summary
	if s.Connections != uint64(len(r.Connections)) || s.Bytes != octets || c.Quality.DoubledFrames != doubled {
		t.Errorf("%d connections with %d octets and %d doubled frames, the summary has %d, %d and %d",
			len(r.Connections), octets, doubled, s.Connections, s.Bytes, c.Quality.DoubledFrames)
	}
	checkCounts(t, "client states", s.Client, states[fsm.Client])
	checkCounts(t, "server states", s.Server, states[fsm.Server])
	checkCounts(t, "closes", s.Closes, closes)
	checkCounts(t, "severities", s.Severities, severities)
	var codes, found []record.Count
	for _, v := range s.Verdicts {
		codes = append(codes, record.Count{Name: string(v.Code), N: v.N})
	}
	checkCounts(t, "verdicts", codes, verdicts)
	for _, a := range s.Anomalies {
		found = append(found, record.Count{Name: string(a.Name), N: a.Count})
	}
	checkCounts(t, "anomalies", found, names)
	checkProblems(t, r)
}

// checkProblems checks that each problem tells of a connection that there is, and that the
// services have all connections.
func checkProblems(t *testing.T, r *record.Report) {
	for _, p := range r.Summary.Problems {
		if p.Worst == 0 || p.Worst > r.Summary.Connections || len(p.Frames) == 0 || p.Message == "" || p.Cost < p.WorstCost || uint64(len(p.IDs)) > p.Connections || !slices.IsSorted(p.IDs) {
			t.Errorf("problem %+v", p)
		}
	}
	n := r.Summary.Others.Connections
	for _, s := range r.Summary.Services {
		n += s.Connections
	}
	if n != r.Summary.Connections {
		t.Errorf("%d connections, %d in services", r.Summary.Connections, n)
	}
}

// checkCounts checks a list of counts against what was counted.
func checkCounts(t *testing.T, what string, list []record.Count, want map[string]uint64) {
	for _, c := range list {
		if c.N != want[c.Name] {
			t.Errorf("%s: %s %d, want %d", what, c.Name, c.N, want[c.Name])
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("%s: %v are missing", what, want)
	}
}

func checkConnection(t *testing.T, c *record.Connection, inOrder bool) {
	at := func(format string, args ...any) { t.Errorf("connection %d: "+format, append([]any{c.ID}, args...)...) }
	if c.Incarnation < 1 || c.FirstFrame == 0 || c.LastFrame == 0 || c.Verdict.Code == "" || c.Close.Kind == "" {
		at("incarnation %d, frames %d to %d, verdict %q, close %q", c.Incarnation, c.FirstFrame, c.LastFrame, c.Verdict.Code, c.Close.Kind)
	}
	if c.Lowest > min(c.FirstFrame, c.LastFrame) || c.Highest < max(c.FirstFrame, c.LastFrame) {
		at("frames %d to %d, lowest %d, highest %d", c.FirstFrame, c.LastFrame, c.Lowest, c.Highest)
	}
	if span := c.Last.Seconds(c.First); c.Last < c.First || inOrder && c.First > -1<<62 && (c.Handshake.Took > span || c.Close.Duration > span) {
		at("from %d to %d, handshake %v s, close %v s", c.First, c.Last, c.Handshake.Took, c.Close.Duration)
	}
	checkStates(c, at)
	for side := range c.Traffic {
		checkCounters(&c.Traffic[side], at)
		checkMeasures(&c.Traffic[side], at)
	}
	for _, a := range c.Anomalies {
		if a.Name == "" || a.Message == "" || a.Rule == "" || a.Count == 0 || len(a.Frames) == 0 || uint64(len(a.Frames)) > max(a.Count, 16) {
			at("finding %+v", a)
		}
	}
}

// checkCounters checks what a side sent, as far as it is counted.
func checkCounters(tr *record.Traffic, at func(format string, args ...any)) {
	k, n := tr.Kinds, &tr.Segments
	if kinds := k.SYN + k.SYNACK + k.Timeout + k.AfterTimeout + k.Fast + k.TailLossProbe + k.FastOpenFallback + k.PathMTU + k.Unknown; kinds != tr.Retransmissions {
		at("%d retransmissions, %d by kind", tr.Retransmissions, kinds)
	}
	if tr.UniqueBytes > tr.Bytes || tr.ResentBytes > tr.Bytes || tr.Retransmissions > tr.Packets || tr.ZeroWindowTime < 0 {
		at("%+v", *tr)
	}
	if max(n.Data, n.ACK, n.PSH, n.SYN, n.FIN, n.RST, n.URG, n.SACK) > tr.Packets || n.PureACK > n.ACK || n.DSACK > n.SACK || (n.Data == 0) != (tr.Bytes == 0) {
		at("%d packets, %+v", tr.Packets, *n)
	}
	if tr.Keepalive.Answered > tr.Keepalive.Probes {
		at("%+v", tr.Keepalive)
	}
}

// checkMeasures checks that what is measured lies between its least and its greatest.
func checkMeasures(tr *record.Traffic, at func(format string, args ...any)) {
	for _, x := range []struct {
		what   string
		in     bool
		values []float64
	}{
		{"round trips", tr.RTT.Samples > 0, []float64{0, tr.RTT.Min, tr.RTT.Median, tr.RTT.P95, tr.RTT.Max}},
		{"mean round trip", tr.RTT.Samples > 0, []float64{tr.RTT.Min - 1e-9, tr.RTT.Mean, tr.RTT.Max + 1e-9}},
		{"window", true, []float64{float64(tr.MinWindow), tr.MeanWindow, float64(tr.MaxWindow)}},
		{"in flight", true, []float64{tr.MeanInFlight, float64(tr.MaxInFlight)}},
		{"initial window", true, []float64{float64(tr.InitialWindow), float64(tr.MaxInFlight)}},
		{"data of a segment", true, []float64{float64(tr.Segments.MinBytes), float64(tr.Segments.MaxBytes)}},
		{"TTL", true, []float64{float64(tr.Segments.MinTTL), float64(tr.Segments.MaxTTL)}},
	} {
		if x.in && !slices.IsSorted(x.values) {
			at("%s: %v", x.what, x.values)
		}
	}
}

// checkStates checks that each side's transitions make a chain, and its last state
// is where that ends.
func checkStates(c *record.Connection, at func(format string, args ...any)) {
	var state [2]fsm.State
	var chained [2]bool
	certain := [2]bool{true, true}
	for i := range c.Transitions {
		tr := &c.Transitions[i]
		if tr.Side > fsm.Server || tr.From >= fsm.NumStates || tr.To >= fsm.NumStates || tr.Cause > fsm.Assumed {
			at("transition %d: %+v", i, tr)
			continue
		}
		if tr.From != state[tr.Side] && (chained[tr.Side] || tr.From != fsm.Listen) {
			at("transition %d of the %v is from %v, it was in %v", i, tr.Side, tr.From, state[tr.Side])
		}
		state[tr.Side], chained[tr.Side], certain[tr.Side] = tr.To, true, tr.Certain()
		if tr.Rule() == "" {
			at("transition %d has no rule", i)
		}
	}
	for side := range c.State {
		if s := c.State[side].State; s >= fsm.NumStates || chained[side] && s != state[side] {
			at("%v ended in %v, its transitions in %v", fsm.Side(side), s, state[side])
		}
		if c.State[side].Proved && !certain[side] {
			at("the %v's last state is proved, and the transition to it is not", fsm.Side(side))
		}
		for _, in := range c.InState[side] {
			if in.State >= fsm.NumStates || in.Seconds < 0 {
				at("%v was in %v for %v s", fsm.Side(side), in.State, in.Seconds)
			}
		}
	}
}

// checkSegments checks that each kept segment continues from the states that the
// one before it left, which hindsight has been through as well.
func checkSegments(t *testing.T, r *record.Report) {
	for _, c := range r.Connections {
		var packets uint64
		for i := range c.Segments {
			s := &c.Segments[i]
			if !slices.Contains(s.Labels, record.LabelDuplicateFrame) {
				packets++
			}
			if i > 0 && s.Before != c.Segments[i-1].After {
				for side := range s.Before { // a timer may have run out between them
					if b, a := s.Before[side].State, c.Segments[i-1].After[side].State; b != a && !(a == fsm.TimeWait && b == fsm.Closed) {
						t.Errorf("connection %d, frame %d: %v was in %v, is in %v", c.ID, s.Frame, fsm.Side(side), a, b)
					}
				}
			}
		}
		if n := c.Traffic[0].Packets + c.Traffic[1].Packets; packets != n || c.SegmentsCut != 0 {
			t.Errorf("connection %d: %d packets, %d segments kept, %d not", c.ID, n, packets, c.SegmentsCut)
		}
	}
}

// checkText renders everything for people: nothing of the packets may reach a
// terminal but printable characters.
func checkText(t *testing.T, r *record.Report) {
	o := report.DefaultOptions()
	o.Timelines = true
	var b bytes.Buffer
	if err := report.Text(&b, r, o); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Connections[:min(len(r.Connections), 8)] {
		if err := report.Explain(&b, c, o); err != nil {
			t.Fatal(err)
		}
	}
	if i := bytes.IndexFunc(b.Bytes(), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || r == unicode.ReplacementChar) }); i >= 0 {
		t.Errorf("a control character in %q", b.Bytes()[max(0, i-40):min(b.Len(), i+40)])
	}
}
