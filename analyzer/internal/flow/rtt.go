package flow

import (
	"math/bits"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// RTT collects the round trips of one direction's data from the tap to the
// receiver and back: from a segment to the ACK that covers it. A segment that
// was sent twice gives no sample (Karn's rule, RFC 6298 §3).
type RTT struct {
	Samples  uint64
	Min, Max fsm.Time
	smoothed fsm.Time // RFC 6298 §2
	variance fsm.Time
	few      [8]fsm.Time // the first samples, exactly
	many     *histogram  // all of them, once they are more
	spare    *histogram  // room for it, of an earlier connection

	sum     fsm.Time
	squares float64 // the sum of the samples' squares
	kernel  kernelRTT
	loaded  loadedRTT
}

// histogram counts samples from 1 µs to 137 s in classes that are 1/8 of their
// value wide.
type histogram [8 * (histogramTop - histogramBottom + 1)]uint32

const (
	histogramBottom = 10 // 2¹⁰ ns and less fall into the first classes
	histogramTop    = 36
)

func class(t fsm.Time) int {
	v := uint64(max(t, 1<<histogramBottom))
	e := min(bits.Len64(v)-1, histogramTop)
	return (e-histogramBottom)*8 + int(min(v>>(e-3), 15)-8)
}

// middle is the value in the middle of a class.
func middle(class int) fsm.Time {
	e := class/8 + histogramBottom
	return fsm.Time(uint64(8+class%8)<<(e-3) + 1<<(e-4))
}

func (r *RTT) add(t fsm.Time) {
	if t < 0 {
		return
	}
	if r.Samples == 0 {
		r.Min, r.Max = t, t
		r.smoothed, r.variance = t, t/2
	} else {
		r.Min, r.Max = min(r.Min, t), max(r.Max, t)
		diff := r.smoothed - t
		if diff < 0 {
			diff = -diff
		}
		r.variance += (diff - r.variance) / 4
		r.smoothed += (t - r.smoothed) / 8
	}
	r.sum += t
	r.squares += float64(t) * float64(t)
	if int(r.Samples) < len(r.few) {
		r.few[r.Samples] = t
	} else {
		if r.many == nil {
			r.many, r.spare = r.room(), nil
			if r.many == nil {
				r.many = new(histogram)
			}
			*r.many = histogram{}
			for _, x := range r.few {
				r.many[class(x)]++
			}
		}
		r.many[class(t)]++
	}
	r.Samples++
}

// room returns memory for a histogram that the next user may have, or nil.
func (r *RTT) room() *histogram {
	if r.many != nil {
		return r.many
	}
	return r.spare
}

// Quantile returns the least sample that the fraction q does not exceed: exact for few
// samples, within 1/16 for many. It is 0 without samples.
func (r *RTT) Quantile(q float64) fsm.Time {
	if r.Samples == 0 {
		return 0
	}
	rank := record.Rank(q, uint64(r.Samples))
	if r.many == nil {
		slices.Sort(r.few[:r.Samples]) // their order says nothing
		return r.few[rank]
	}
	for c := class(r.Min); c < len(r.many); c++ { // below it there is nothing
		n := uint64(r.many[c])
		if n > rank {
			return min(max(middle(c), r.Min), r.Max)
		}
		rank -= n
	}
	return r.Max
}

// The retransmission timeout's bounds: RFC 6298 §2 asks for 1 s before the first
// sample and at least 1 s afterwards; Linux and others go down to 200 ms.
const (
	firstRTO = fsm.Second
	leastRTO = 200_000_000
)

// RTO estimates the sender's retransmission timeout (RFC 6298 §2.3).
func (r *RTT) RTO() fsm.Time {
	if r.Samples == 0 {
		return firstRTO
	}
	return r.smoothed + max(4*r.variance, leastRTO)
}

// Smoothed returns the smoothed round trip, or 0 without samples.
func (r *RTT) Smoothed() fsm.Time { return r.smoothed }
