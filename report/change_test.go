package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// twoSides are sets of connections: of a service that got slower, of one that fails, of one
// that moved, of one with few connections, of a pool, and of some on one side only.
func twoSides() (sets [2]*change.Set) {
	for after := range 2 {
		set, id := &change.Set{}, uint64(0)
		add := func(server, name string, n int, edit func(i int, s *change.Sample)) {
			for i := range n {
				id++
				wave := 1 + float64((i*7)%10)/50 // the same on both sides
				s := change.Sample{
					ID: id, Server: hostPort(server), Service: name, First: start + fsm.Time(i)*sec/10, Verdict: record.VerdictClosedNormally, Vantage: "near-client",
					Handshake: 0.01 * wave, Answer: 0.02 * wave, SlowAnswer: 0.03 * wave, RTT: [2]float64{0.01 * wave, math.NaN()},
					Window: [2]float64{64256, 65160}, Delivery: [2]float64{math.NaN(), 1e6 * wave}, Bytes: [2]float64{500, 40000}, Packets: [2]float64{20, 40},
				}
				if after == 1 && edit != nil {
					edit(i, &s)
				}
				set.Add(&s)
			}
		}
		add("10.0.0.1:443", "https", 80, func(_ int, s *change.Sample) { s.Answer, s.SlowAnswer = s.Answer+0.2, s.SlowAnswer+0.2 })
		add("10.0.0.2:5432", "postgresql", 60, func(i int, s *change.Sample) {
			if i%3 == 0 {
				s.Verdict, s.Warned = record.VerdictResetAfterRequest, true
			}
			s.Resent[1] = float64(i % 2)
		})
		add([2]string{"10.0.0.3:6379", "[fd00::33]:6379"}[after], "redis", 50, func(_ int, s *change.Sample) { s.Answer /= 4 })
		add("10.0.0.4:22", "ssh", 3, func(_ int, s *change.Sample) { s.Handshake = 2 })
		add([2]string{"10.0.1.1:8080", "10.0.2.1:8080"}[after], "http-alt", 40, func(_ int, s *change.Sample) { s.Handshake += 0.3 })
		add([2]string{"10.0.1.2:8080", "10.0.2.2:8080"}[after], "http-alt", 40, nil)
		add([2]string{"10.0.0.5:25", "10.0.0.6:110"}[after], hostile, 2, nil)
		sets[after] = set
	}
	return sets
}

func comparedSides() [2]ComparedSide {
	return [2]ComparedSide{{Name: "before.pcap"}, {Name: "after.json", Saved: true, NotChosen: 7, Faults: []string{"5 packets were dropped by the capture."}}}
}

func comparison(byPort bool) *change.Result {
	sets := twoSides()
	return change.Between(sets[0], sets[1], change.Options{ByPort: byPort})
}

func TestChangesText(t *testing.T) {
	for name, o := range map[string]Options{
		"changes-80":    {Width: 80, Limit: 50},
		"changes-100":   {Width: 100, Limit: 50},
		"changes-140":   {Width: 140, Limit: 50},
		"changes-ascii": {Width: 100, ASCII: true},
		"changes-color": {Width: 100, Color: true, Limit: 1},
	} {
		var b bytes.Buffer
		if err := Changes(&b, comparison(false), comparedSides(), o); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", b.Bytes())
		for line := range strings.Lines(b.String()) {
			if n := cells(strings.TrimSuffix(line, "\n")); n > o.Width {
				t.Errorf("%s: a line of %d cells: %s", name, n, line)
			}
		}
		if strings.ContainsAny(b.String(), "\x07\u202e\u2028\u009b") || !o.Color && strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: a hostile name came through", name)
		}
	}
}

// TestNoChangesText has what is said where nothing changed.
func TestNoChangesText(t *testing.T) {
	var b bytes.Buffer
	sets := twoSides()
	few := func() *change.Set {
		var s change.Set
		s.Add(&change.Sample{ID: 1, Server: hostPort("10.0.0.1:80")})
		return &s
	}
	other := &change.Set{}
	other.Add(&change.Sample{ID: 1, Server: hostPort("10.0.0.1:81")})
	for _, test := range []struct {
		before, after *change.Set
		want          string
	}{
		{sets[0], sets[0], "none: no difference beyond chance that matters"},
		{few(), few(), "none known: there are too few connections to tell"},
		{few(), other, "nothing to compare: no service is on both sides"},
		{few(), &change.Set{}, "nothing to compare: a side has no connection"},
	} {
		b.Reset()
		if err := Changes(&b, change.Between(test.before, test.after, change.Options{}), comparedSides(), Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), test.want) {
			t.Errorf("%q is not there:\n%s", test.want, b.String())
		}
	}
}

func comparisonDocument(t *testing.T) map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := ChangesJSON(&b, comparison(false), comparedSides(), Options{Tool: Tool{"tcpflow-states", "v1"}, Defaults: fixtureDefaults}); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.Bytes())
}

func TestChangesJSONFollowsTheSchema(t *testing.T) {
	s := compiled(t, "#/$defs/comparison")
	for _, r := range []*change.Result{comparison(false), comparison(true), change.Between(&change.Set{}, &change.Set{}, change.Options{})} {
		var b bytes.Buffer
		if err := ChangesJSON(&b, r, comparedSides(), Options{}); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryMeasureHasWords holds the tables of words and of the schema against the measures.
func TestEveryMeasureHasWords(t *testing.T) {
	enum := fmt.Sprint(at(t, parse(t, Schema()), "$defs", "compared", "properties", "measure", "enum"))
	names := strings.Fields(strings.Trim(enum, "[]"))
	for _, c := range comparison(false).Services[0].Measures {
		if c.Measure != change.Verdict && changeTitles[c.Measure][1] == "" {
			t.Errorf("%s has no words", c.Measure)
		}
		if !slices.Contains(names, string(c.Measure)) {
			t.Errorf("%s is not in the schema", c.Measure)
		}
	}
	for m := range changeTitles {
		if !slices.Contains(names, string(m)) {
			t.Errorf("%s is not in the schema", m)
		}
	}
}
