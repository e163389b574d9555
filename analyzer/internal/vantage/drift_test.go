package vantage

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// shift alters all times of a tap.
func (t *Tap) shift(by func(fsm.Time) fsm.Time) {
	for _, at := range t.talks {
		for i := range at {
			for j := range at[i] {
				at[i][j].time = by(at[i][j].time)
			}
		}
	}
	t.first, t.last = by(t.first), by(t.last)
}

// gains returns a clock that gains so many parts per million from a time on.
func gains(ppm float64, since fsm.Time) func(fsm.Time) fsm.Time {
	return func(t fsm.Time) fsm.Time { return t + fsm.Time(float64(t-since)*ppm/1e6) }
}

// TestDrift holds that clocks of which one gains evenly are compared as if it did not, and
// that one which is set is not taken for such.
func TestDrift(t *testing.T) {
	for _, test := range []struct {
		name string
		by   func(fsm.Time) fsm.Time
		rate float64 // ppm
		fits bool
	}{
		{"no drift", func(t fsm.Time) fsm.Time { return t }, 0, true},
		{"gaining", gains(80, 105*fsm.Second), 80, true},
		{"losing", gains(-80, 105*fsm.Second), -80, true},
		{"gaining much", gains(400, 105*fsm.Second), 400, true},
		{"more than is believed", gains(5000, 105*fsm.Second), 0, false},
		{"set in the middle", func(t fsm.Time) fsm.Time {
			if t > 255*fsm.Second {
				t += fsm.Second
			}
			return t
		}, 0, false},
	} {
		p := newPath()
		p.send(fsm.Client, fsm.SYN, 100, 0, 0)
		for i := range fsm.Seq(300) { // 300 s
			p.now += fsm.Second / 2
			p.send(fsm.Client, fsm.ACK, 101+10*i, 901+10*i, 10)
			p.now += fsm.Second / 2
			p.send(fsm.Server, fsm.ACK, 901+10*i, 111+10*i, 10)
		}
		p.seen(0, fsm.Client, p.next(fsm.Client, fsm.ACK, 3101, 3901, 10)) // lost
		p.now += fsm.Second
		p.send(fsm.Client, fsm.ACK, 3101, 3901, 10)
		p.now += fsm.Second
		p.send(fsm.Server, fsm.ACK, 3901, 3111, 0)
		p.taps[1].shift(test.by)
		c := Compare(p.taps[0], p.taps[1])
		if c.clock.Consistent != test.fits {
			t.Errorf("%s: %+v", test.name, c.clock)
			continue
		}
		if !test.fits {
			continue
		}
		if got := c.clock.Rate * 1e6; math.Abs(got-test.rate) > 0.2 || test.rate != 0 && (c.clock.RateLow*1e6 > test.rate || c.clock.RateHigh*1e6 < test.rate || c.clock.RateHigh-c.clock.RateLow > 200e-6) {
			t.Errorf("%s: %f, %+v", test.name, got, c.clock)
		}
		if math.Abs(c.clock.Estimate-clockAhead.Seconds(0)) > 0.001 || c.clock.Low > clockAhead.Seconds(0) || c.clock.High < clockAhead.Seconds(0) {
			t.Errorf("%s: offset %+v", test.name, c.clock)
		}
		b := c.Of(&record.Connection{Client: clientEnd, Server: serverEnd, Last: 1000 * fsm.Second, Incarnation: 1})
		if x := &b.Dir[fsm.Client]; x.Lost != 1 || x.Arrived != 302 || math.Abs(x.Least-0.010) > 0.001 || math.Abs(x.Most-0.010) > 0.001 {
			t.Errorf("%s: %+v", test.name, *x)
		}
	}
}

// TestDriftOfRecordings gives the server's clock of real captures a drift: what is found
// and lost between the taps is the same.
func TestDriftOfRecordings(t *testing.T) {
	files, _ := filepath.Glob("../../../testdata/pcaps/lab/*.truth.json.gz")
	files = append(files, "../../../testdata/pcaps/taps/exchanges-on-a-short-path.truth.json")
	modelled := 0
	for _, file := range files {
		truth, err := lab.ReadTruth(file)
		if err != nil {
			t.Fatal(err)
		}
		base, suffix, _ := strings.Cut(file, ".truth.json")
		plain := Compare(gather(t, base+".client.pcap"+suffix, 0), gather(t, base+".server.pcap"+suffix, 1))
		for _, ppm := range []float64{80, -80} {
			server := gather(t, base+".server.pcap"+suffix, 1)
			span := (server.last - server.first).Seconds(0)
			server.shift(gains(ppm, server.first))
			c := Compare(gather(t, base+".client.pcap"+suffix, 0), server)
			if !c.clock.Consistent || c.clock.High-c.clock.Low > 0.1 {
				t.Errorf("%s, %.0f ppm over %.1f s: %+v", truth.Scenario, ppm, span, c.clock)
				continue
			}
			if len(c.undelivered) != len(plain.undelivered) || len(c.inserted) != len(plain.inserted) {
				t.Errorf("%s, %.0f ppm: %d lost and %d inserted, without drift %d and %d", truth.Scenario, ppm,
					len(c.undelivered), len(c.inserted), len(plain.undelivered), len(plain.inserted))
			}
			if c.clock.Rate == 0 {
				continue
			}
			t.Logf("%s, %.0f ppm over %.1f s: %.1f, %.1f to %.1f", truth.Scenario, ppm, span, c.clock.Rate*1e6, c.clock.RateLow*1e6, c.clock.RateHigh*1e6)
			modelled++
			if r := ppm / 1e6; r < c.clock.RateLow || r > c.clock.RateHigh {
				t.Errorf("%s, %.0f ppm: %+v", truth.Scenario, ppm, c.clock)
			}
		}
	}
	if modelled < 2 { // the short path leaves less room than the drift takes
		t.Errorf("%d of %d needed a rate", modelled, 2*len(files))
	}
}
