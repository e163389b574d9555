package change

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var web = record.Addr{IP: netip.MustParseAddr("10.0.0.1"), Port: 80}

// play makes so many connections of a service as it does when all is well; each can then be
// changed.
func play(seed uint64, n int, server record.Addr, change func(i int, s *Sample, luck *rand.Rand)) *Set {
	luck := rand.New(rand.NewPCG(seed, 7))
	set := &Set{}
	for i := range n {
		noise := func(x float64) float64 { return x * (0.8 + 0.4*luck.Float64()) }
		s := Sample{
			ID: uint64(i + 1), Server: server, First: fsm.Time(i+1) * 1e8, Verdict: record.VerdictClosedNormally, Vantage: "near-client",
			Handshake: noise(0.01), Answer: noise(0.02), SlowAnswer: noise(0.03),
			RTT: [2]float64{noise(0.01), noise(0.001)}, Window: [2]float64{65536, 65536}, Delivery: [2]float64{math.NaN(), noise(1e6)},
			Bytes: [2]float64{200, 1e5}, Packets: [2]float64{50, 80},
		}
		if change != nil {
			change(i, &s, luck)
		}
		set.Add(&s)
	}
	return set
}

func firstChange(r *Result) *Comparison {
	for i := range r.Services {
		if len(r.Services[i].Changes) > 0 {
			return &r.Services[i].Changes[0]
		}
	}
	return nil
}

func TestNamesWhatChanged(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(i int, s *Sample, luck *rand.Rand)
		want      Measure
		severity  record.Severity
		direction int
	}{
		"nothing":        {nil, "", 0, 0},
		"slower answers": {func(_ int, s *Sample, _ *rand.Rand) { s.Answer += 0.02; s.SlowAnswer += 0.02 }, Answer, record.SeverityWarning, 1},
		"a longer path": {func(_ int, s *Sample, _ *rand.Rand) {
			s.Handshake, s.Answer, s.SlowAnswer, s.RTT[0] = s.Handshake+0.03, s.Answer+0.03, s.SlowAnswer+0.03, s.RTT[0]+0.03
		}, Handshake, record.SeverityWarning, 1},
		"quicker answers": {func(_ int, s *Sample, _ *rand.Rand) { s.Answer /= 3 }, Answer, record.SeverityNote, -1},
		"a little slower": {func(_ int, s *Sample, _ *rand.Rand) { s.Answer *= 1.1; s.SlowAnswer *= 1.1 }, "", 0, 0},
		"loss": {func(_ int, s *Sample, luck *rand.Rand) {
			for range 80 {
				if luck.IntN(100) == 0 {
					s.Resent[1]++
					s.SlowAnswer = 0.25
				}
			}
		}, ServerResent, record.SeverityWarning, 1},
		"resets": {func(i int, s *Sample, _ *rand.Rand) {
			if i%4 == 0 {
				s.Verdict, s.Bytes[1] = record.VerdictResetByThirdParty, 0
			}
		}, Failed, record.SeverityError, 1},
		"closed by resets": {func(i int, s *Sample, _ *rand.Rand) {
			if i%2 == 0 {
				s.Verdict = record.VerdictResetInPlaceOfClose
			}
		}, Verdict, record.SeverityWarning, 1},
		"a smaller window": {func(_ int, s *Sample, _ *rand.Rand) { s.Window[0] = 8192; s.Delivery[1] /= 4 }, ClientWindow, record.SeverityWarning, 1},
		"more data":        {func(_ int, s *Sample, _ *rand.Rand) { s.Bytes[1] *= 10 }, ServerBytes, record.SeverityNote, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := Between(play(1, 60, web, nil), play(2, 60, web, test.change), Options{})
			first := firstChange(r)
			switch {
			case first == nil && test.want == "":
			case first == nil:
				t.Errorf("nothing changed; %+v", r.Services[0].Measures)
			case first.Measure != test.want || first.Direction != test.direction || r.Services[0].Severity(first) != test.severity:
				t.Errorf("%+v", first)
			case !(first.Corrected <= r.Level):
				t.Errorf("chance %v, corrected %v", first.Chance, first.Corrected)
			}
			if r.Worst() != test.severity {
				t.Errorf("worst is %v", r.Worst())
			}
		})
	}
}

// TestChanceIsNoChange compares captures that differ by chance only, in which seconds are
// slow together, and failures and losses are there on both sides.
func TestChanceIsNoChange(t *testing.T) {
	false_ := 0
	for seed := range uint64(400) {
		n := []int{4, 12, 60, 400}[seed%4]
		some := func(slow *float64) func(int, *Sample, *rand.Rand) {
			return func(i int, s *Sample, luck *rand.Rand) {
				if luck.IntN(5) == 0 { // a load that comes and goes
					*slow = luck.ExpFloat64()
				}
				s.Answer *= 1 + *slow
				s.Handshake *= 1 + *slow
				s.RTT[0] *= 1 + *slow
				s.Delivery[1] /= 1 + *slow
				s.Resent[1] = float64(luck.IntN(3) / 2)
				if luck.IntN(20) == 0 {
					s.Verdict = record.VerdictResetAfterRequest
				}
			}
		}
		r := Between(play(2*seed, n, web, some(new(float64))), play(2*seed+1, n, web, some(new(float64))), Options{})
		if c := firstChange(r); c != nil {
			false_++
			t.Logf("seed %d, %d connections: %s %v to %v", seed, n, c.Measure, c.Before.Value, c.After.Value)
		}
	}
	if false_ > 4 { // 1 in 100 of 400
		t.Errorf("%d of 400 told of a change", false_)
	}
}

func TestTheSameIsNoChange(t *testing.T) {
	a, b := play(1, 100, web, nil), play(1, 100, web, nil)
	if r := Between(a, b, Options{}); r.Worst() != record.SeverityCapture {
		t.Errorf("%+v", r.Services[0].Changes)
	}
	if r := Between(&Set{}, &Set{}, Options{}); r.Worst() != record.SeverityCapture || r.Comparisons != 2 {
		t.Errorf("nothing against nothing: %+v", r)
	}
}

func TestFewAreSaidToBeFew(t *testing.T) {
	slow := func(_ int, s *Sample, _ *rand.Rand) { s.Answer = 9 }
	r := Between(play(1, 4, web, nil), play(2, 4, web, slow), Options{})
	for _, c := range r.Services[0].Measures {
		want := TooFew
		if c.isShare() && c.Before.Have+c.After.Have == 0 {
			want = NotShown
		}
		if math.IsNaN(c.Before.Value) {
			want = Unknown
		}
		if c.Outcome != want {
			t.Errorf("%s %s: %v, expected %v", c.Measure, c.Verdict, c.Outcome, want)
		}
	}
}

// TestAnswersOfOneConnection: a connection is one observation, whatever happened on it, and
// connections of one bad moment are few.
func TestBadMoment(t *testing.T) {
	moment := func(i int, s *Sample, _ *rand.Rand) {
		if i < 25 {
			s.Answer *= 10
		}
	}
	if c := firstChange(Between(play(1, 500, web, nil), play(2, 500, web, moment), Options{})); c != nil {
		t.Errorf("25 slow connections of 500, one after another, are told as %s", c.Measure)
	}
}

func TestServicesAreFoundAgain(t *testing.T) {
	at := func(text string) record.Addr {
		p := netip.MustParseAddrPort(text)
		return record.Addr{IP: p.Addr(), Port: p.Port()}
	}
	fill := func(addrs ...string) *Set {
		set := &Set{}
		for i, a := range addrs {
			s := Sample{ID: uint64(i), Server: at(a)}
			set.Add(&s)
		}
		return set
	}
	for name, test := range map[string]struct {
		before, after *Set
		byPort        bool
		want          string
	}{
		"the same":      {fill("10.0.0.1:80", "[fd00::1]:80"), fill("10.0.0.1:80", "[fd00::1]:80"), false, "server 1→1 server 1→1"},
		"moved":         {fill("10.0.0.1:80"), fill("10.0.0.2:80"), false, "port 1→1"},
		"a pool":        {fill("10.0.0.1:80", "10.0.0.2:80", "10.0.0.9:80"), fill("10.0.0.3:80", "10.0.0.9:80"), false, "server 1→1 port 2→1, doubtful"},
		"gone and come": {fill("10.0.0.1:80"), fill("10.0.0.1:81"), false, "gone come"},
		"by port":       {fill("10.0.0.1:80", "10.0.0.2:80"), fill("10.0.0.1:80"), true, "port 2→1, doubtful"},
		"by port, same": {fill("10.0.0.1:80"), fill("10.0.0.1:80"), true, "port 1→1"},
	} {
		r := Between(test.before, test.after, Options{ByPort: test.byPort})
		var got []string
		for _, s := range r.Services {
			text := s.Match.String() + " " + string(rune('0'+s.Before.AllServers)) + "→" + string(rune('0'+s.After.AllServers))
			if len(s.Doubts) > 0 {
				text += ", doubtful"
			}
			got = append(got, text)
		}
		slices.Sort(got)
		slices.Reverse(got)
		for range r.OnlyBefore {
			got = append(got, "gone")
		}
		for range r.OnlyAfter {
			got = append(got, "come")
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: %s, expected %s", name, s, test.want)
		}
	}
}

func TestOtherPlaceIsDoubted(t *testing.T) {
	r := Between(play(1, 60, web, nil), play(2, 60, web, func(_ int, s *Sample, _ *rand.Rand) { s.Vantage, s.RTT[0] = "near-server", 0.1 }), Options{})
	s := &r.Services[0]
	if len(s.Doubts) != 1 || !strings.Contains(s.Doubts[0], "near the client before and near the server after") || r.Worst() != record.SeverityNote {
		t.Errorf("%q, %v", s.Doubts, r.Worst())
	}
}

// TestBounds: whatever a capture holds, so much is kept, and which rows does not depend on
// the order.
func TestBounds(t *testing.T) {
	var s Set
	for i := range 3 * mostServices {
		for k := range 20 {
			x := Sample{ID: uint64(i*20 + k), Server: record.Addr{IP: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Port: 80}}
			s.Add(&x)
		}
	}
	for i := range 100_000 {
		x := Sample{ID: uint64(1<<40 + i), Server: record.Addr{IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 200)}), Port: 80}}
		s.Add(&x)
	}
	room := 0
	for _, v := range s.services {
		room += cap(v.rows)
	}
	if len(s.services) != mostServices || room > 2*mostKept || s.unfollowed != 2*mostServices*20 {
		t.Errorf("%d services, room for %d rows, %d not followed", len(s.services), room, s.unfollowed)
	}
	r := Between(&s, &Set{}, Options{})
	if len(r.OnlyBefore) != record.MaxServices || r.Others != mostServices-record.MaxServices {
		t.Errorf("%d listed, %d others", len(r.OnlyBefore), r.Others)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	fill := func(turned bool) *Set {
		var s Set
		for i := range 5000 {
			if turned {
				i = 4999 - i
			}
			s.Add(&Sample{ID: uint64(i), Server: web, First: fsm.Time(i + 1), Answer: float64(i)})
		}
		return &s
	}
	a, b := fill(false).list()[0].rows, fill(true).list()[0].rows
	if len(a) != mostRows || len(b) != mostRows {
		t.Fatalf("%d and %d rows", len(a), len(b))
	}
	for i := range a {
		if a[i].key != b[i].key {
			t.Fatal("other rows are kept")
		}
	}
	// Those kept are any ones, not the first.
	r := Between(fill(false), fill(true), Options{})
	for _, c := range r.Services[0].Measures {
		if c.Measure == Answer && math.Abs(c.Before.Value-2500) > 250 {
			t.Errorf("the median is %v", c.Before.Value)
		}
	}
}

// The difference of two samples, against the definition: the interval holds what the test
// would not refuse.
func TestDifference(t *testing.T) {
	a, b := []float64{}, []float64{}
	for i := range 20 {
		a, b = append(a, float64(i)), append(b, float64(i)+100)
	}
	low, high := difference(a, b)
	// W. J. Conover's table for 20 and 20 at 0.025: U below 128 is refused.
	var all []float64
	for _, x := range a {
		for _, y := range b {
			all = append(all, y-x)
		}
	}
	slices.Sort(all)
	if low != all[127] || high != all[400-1-127] {
		t.Errorf("%v to %v, expected %v to %v", low, high, all[127], all[400-1-127])
	}
}

func BenchmarkBetween(b *testing.B) {
	x, y := &Set{}, &Set{}
	for i := range 1000 {
		server := record.Addr{IP: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 80}
		for side, set := range []*Set{x, y} {
			for k := range 500 {
				s := Sample{ID: uint64(i*1000 + k), Server: server, First: fsm.Time(k), Answer: 0.01 * float64(1+9*side) * float64(k%10+1), Packets: [2]float64{10, 10}}
				set.Add(&s)
			}
		}
	}
	for b.Loop() {
		Between(x, y, Options{})
	}
}
