package flow

import (
	"math"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// The kernel's integer arithmetic, as tcp_rtt_estimator has it in microseconds, is the
// measure of ours in nanoseconds.
func TestKernelRTT(t *testing.T) {
	var k kernelRTT
	var srtt, mdev int64
	for i, us := range []int64{10_000, 10_400, 9_800, 25_000, 10_100, 10_000, 300, 10_000} {
		k.add(fsm.Time(us * 1000))
		if i == 0 {
			srtt, mdev = us<<3, us<<1
		} else {
			m := us - srtt>>3
			srtt += m
			if m < 0 {
				m = -m
				m -= mdev >> 2
				if m > 0 {
					m >>= 3
				}
			} else {
				m -= mdev >> 2
			}
			mdev += m
		}
		if got, want := float64(k.smoothed/8)/1000, float64(srtt>>3); math.Abs(got-want) > 3 {
			t.Errorf("after %d: smoothed %.1f µs, the kernel's %.1f", i, got, want)
		}
		if got, want := float64(k.deviation/4)/1000, float64(mdev>>2); math.Abs(got-want) > 3 {
			t.Errorf("after %d: deviation %.1f µs, the kernel's %.1f", i, got, want)
		}
	}
}

// A sender whose window is four segments, over a path of 10 ms: each round trip delivers
// four, and the rate says so.
func TestRateOfWindow(t *testing.T) {
	var r rate
	const rtt, size = 10_000_000, 1000
	now := fsm.Time(1e9)
	seq := fsm.Seq(1)
	var out []sent
	send := func() {
		e := sent{seq: seq, end: seq + size, first: now, latest: now, times: 1}
		e.rate = r.send(now, len(out) == 0)
		out = append(out, e)
		seq += size
	}
	for range 4 {
		send()
		now += 10_000
	}
	for range 40 {
		now = max(now, out[0].latest+rtt)
		k := ackSample{size: size}
		e := out[0]
		k.covers(&r, &e, 1)
		out = out[1:]
		r.ack(&k, now, rtt)
		send()
	}
	if !r.known || r.limited {
		t.Fatalf("known %v, limited by the application %v", r.known, r.limited)
	}
	got, want := float64(r.packets*size)/r.interval.Seconds(0), 4*size/0.010
	if math.Abs(got-want) > want/10 {
		t.Errorf("%.0f bytes/s, want about %.0f", got, want)
	}
}

// What the application left unsent makes no rate of the path, unless it is higher.
func TestRateOfIdleApplication(t *testing.T) {
	var r rate
	now := fsm.Time(1e9)
	const rtt, size = 10_000_000, 1000
	one := func(packets int) {
		var out []sent
		for range packets {
			e := sent{end: size, latest: now, first: now, times: 1}
			r.idle(uint32(len(out)))
			e.rate = r.send(now, len(out) == 0)
			out = append(out, e)
		}
		now += rtt
		k := ackSample{size: size}
		for i := range out {
			k.covers(&r, &out[i], 1)
		}
		r.ack(&k, now, rtt)
		now += fsm.Second
	}
	one(1)
	one(5)
	high := r.packets
	one(1)
	if !r.limited || r.packets != high || high != 5 {
		t.Errorf("%d packets, limited %v: want the highest, 5", r.packets, r.limited)
	}
}

func TestPauseAndAgain(t *testing.T) {
	var d Direction
	for i, at := range []fsm.Time{100, 110, 400, 420} {
		stamp := fsm.Stamp{Time: at, Frame: fsm.NewFrame(0, uint64(i+1))}
		d.notePause(stamp)
		d.LastData, d.LastDataFrame = at, stamp.Frame
	}
	if d.FirstDataAt.Frame.Number() != 1 || d.Pause.Span != 290 || d.Pause.From.Number() != 2 || d.Pause.To.Number() != 3 {
		t.Errorf("first %v, pause %+v", d.FirstDataAt, d.Pause)
	}
	var a Again
	a.note(200, 2)
	a.note(400, 3)
	a.note(100, 2)
	if want := (Again{Most: 2, N: 3, Min: 100, Max: 400, Sum: 700}); a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
}
