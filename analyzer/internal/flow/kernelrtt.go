package flow

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// kernelRTT smooths round trips as Linux does (tcp_rtt_estimator): what ss and tcp_info
// call rtt and rttvar.
type kernelRTT struct {
	smoothed  fsm.Time // times 8
	deviation fsm.Time // times 4
	known     bool
}

func (k *kernelRTT) add(t fsm.Time) {
	if !k.known {
		k.known, k.smoothed, k.deviation = true, t*8, t*2
		return
	}
	m := t - k.smoothed/8
	k.smoothed += m
	if m < 0 {
		if m = -m - k.deviation/4; m > 0 {
			m /= 8 // a shorter round trip is less of a surprise
		}
	} else {
		m -= k.deviation / 4
	}
	k.deviation += m
}

// loadedRTT adds up the round trips of times in which much was in flight.
type loadedRTT struct {
	sum  fsm.Time
	n    uint32
	base uint32 // the most in flight when the sum was begun
}

// add takes a sample into account. most is what was in flight at most so far; when that
// has doubled, what was seen before was no load.
func (l *loadedRTT) add(t fsm.Time, flight, most, size uint32) {
	if most < 4*size || uint64(flight)*2 < uint64(most) || t < 0 {
		return
	}
	if uint64(most) > 2*uint64(l.base) {
		*l = loadedRTT{base: most}
	}
	l.sum += t
	l.n++
}

// sample takes what an ACK gave into account. What it acknowledges selectively counts
// where it acknowledges nothing new otherwise, or something that was sent twice; then
// its timestamp tells what it answers.
func (w *sender) sample(k *ackSample, now, shortest fsm.Time) {
	oldest, known := k.oldestSACK, k.hasSACK
	switch {
	case k.has && !k.resent:
		oldest, known = k.oldest, true
	case k.resent && !known && k.hasEcho:
		oldest, known = w.echoed(k)
	}
	if known && now >= oldest {
		w.rtt.kernel.add(now - oldest)
	}
	w.rate.ack(k, now, shortest)
}

// echoed returns when the timestamp was sent that an ACK echoes of something sent twice.
func (w *sender) echoed(k *ackSample) (at fsm.Time, known bool) {
	at, known = k.echoed, k.echoes
	for i := range w.ensureResent().last {
		if r := &w.resent.last[i]; r.frame != 0 && r.hasTS && r.tsVal == k.echo && (!known || r.time < at) {
			at, known = r.time, true
		}
	}
	return at, known
}

// Mean returns the mean of the samples, and their standard deviation.
func (r *RTT) Mean() (mean, deviation float64) {
	if r.Samples == 0 {
		return 0, 0
	}
	n := float64(r.Samples)
	mean = float64(r.sum) / n
	return mean, math.Sqrt(max(0, r.squares/n-mean*mean))
}

// Kernel returns the round trip as Linux smooths it, its mean deviation (rttvar), and
// whether there was a sample.
func (r *RTT) Kernel() (smoothed, deviation fsm.Time, known bool) {
	return r.kernel.smoothed / 8, r.kernel.deviation / 4, r.kernel.known
}

// Loaded returns the mean of the samples taken while much was in flight, and how many
// these are.
func (r *RTT) Loaded() (mean fsm.Time, samples uint64) {
	if r.loaded.n == 0 {
		return 0, 0
	}
	return r.loaded.sum / fsm.Time(r.loaded.n), uint64(r.loaded.n)
}
