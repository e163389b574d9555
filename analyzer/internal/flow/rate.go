package flow

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// rate follows how fast a direction's data was delivered, as Linux does for its
// tcpi_delivery_rate (net/ipv4/tcp_rate.c), with the times at the tap. It counts packets:
// what it says in bytes is these times the segment size. What was delivered before, and
// when, is noted with each packet sent; the ACK of it gives a sample.
type rate struct {
	delivered uint32   // packets
	deliverAt fsm.Time // when the latest of them was
	firstSent fsm.Time // when the packet was sent from which on the next sample counts the sending
	bubble    uint32   // while delivered is not beyond it the application had left nothing to send; 0 for none
	begun     bool     // an ACK came: before it nothing tells what the path can carry

	// The sample that holds.
	packets  uint32
	interval fsm.Time
	limited  bool // by the application
	known    bool
}

// sentRate is what is noted with a packet; the times count back from its sending.
type sentRate struct {
	delivered uint32
	sinceSent uint32 // microseconds
	sinceACK  uint32
	limited   bool
}

// send returns what is to be noted with a packet. alone says that nothing else was
// outstanding.
func (r *rate) send(now fsm.Time, alone bool) sentRate {
	if alone {
		r.firstSent, r.deliverAt = now, now
	}
	return sentRate{
		delivered: r.delivered, sinceSent: micros(now - r.firstSent), sinceACK: micros(now - r.deliverAt),
		limited: r.bubble != 0 || !r.begun,
	}
}

// idle notes that the application wrote when all that it had written before was sent, with
// so many packets outstanding.
func (r *rate) idle(outstanding uint32) { r.bubble = max(1, r.delivered+outstanding) }

func micros(t fsm.Time) uint32 { return uint32(min(max(t, 0)/1000, 1<<32-1)) }

// ackSample gathers what one ACK is the first to cover.
type ackSample struct {
	size    uint32 // bytes that a packet holds
	packets uint32 // that it covers
	resent  bool   // one was sent again
	echo    uint32 // the timestamp that the ACK echoes, if it has one
	hasEcho bool
	echoed  fsm.Time // with echoes: when the timestamp was sent on one that was sent again
	echoes  bool
	has     bool // one was sent once only: the oldest of these …
	oldest  fsm.Time
	sampled fsm.Frame // what gave a round trip (rtt.go); 0 for none

	// Likewise of what it selectively acknowledges.
	hasSACK    bool
	oldestSACK fsm.Time

	rate struct {
		has             bool
		limited, resent bool
		prior           uint32
		priorAt         fsm.Time
		sending         fsm.Time
		end             fsm.Seq
	}
}

// packetsOf returns how many packets hold so many numbers.
func (k *ackSample) packetsOf(numbers int32) uint32 {
	if uint32(numbers) <= k.size {
		return 1
	}
	return (uint32(numbers) + k.size - 1) / k.size
}

// covers takes an entry into account that is acknowledged, or a part of it, as so many
// packets.
func (k *ackSample) covers(r *rate, e *sent, packets uint32) {
	switch {
	case e.times > 1:
		k.resent = true
		if k.hasEcho && e.tsVal == k.echo {
			k.echoed, k.echoes = e.first, true
		}
	case !e.sacked && !k.has:
		k.has, k.oldest = true, e.first
	}
	if !e.sacked {
		k.deliver(r, e, packets)
	}
}

// coversSACK does so for one that is selectively acknowledged, and was not before.
func (k *ackSample) coversSACK(r *rate, e *sent) {
	if e.times == 1 && !k.hasSACK {
		k.hasSACK, k.oldestSACK = true, e.first
	}
	k.deliver(r, e, k.packetsOf(e.end.Minus(e.seq)))
}

// deliver is tcp_rate_skb_delivered: of the packets that an ACK covers the one sent last
// gives the sample.
func (k *ackSample) deliver(r *rate, e *sent, packets uint32) {
	k.packets += packets
	s := &k.rate
	if s.has && (e.latest < r.firstSent || e.latest == r.firstSent && !e.end.After(s.end)) {
		return
	}
	s.has, s.limited, s.resent = true, e.rate.limited, e.times > 1
	s.prior, s.priorAt = e.rate.delivered, e.latest-fsm.Time(e.rate.sinceACK)*1000
	s.sending, s.end = fsm.Time(e.rate.sinceSent)*1000, e.end
	r.firstSent = e.latest
}

// ack is tcp_rate_gen: it takes the sample of an ACK, if it gives one. A sample shorter
// than the shortest round trip is of no use: acknowledgments came compressed, or the tap
// is near the receiver and sees next to nothing of the way.
func (r *rate) ack(k *ackSample, now, shortest fsm.Time) {
	if k.packets == 0 {
		return
	}
	r.delivered += k.packets
	r.deliverAt, r.begun = now, true
	if r.bubble != 0 && int32(r.delivered-r.bubble) > 0 {
		r.bubble = 0
	}
	s := &k.rate
	interval := max(s.sending, now-s.priorAt)
	if !s.has || interval < shortest || interval <= 0 {
		return
	}
	packets := r.delivered - s.prior
	if !s.limited || uint64(packets)*uint64(r.interval) >= uint64(r.packets)*uint64(interval) {
		r.packets, r.interval, r.limited, r.known = packets, interval, s.limited, true
	}
}

// shortestSample returns the least that a sample of the delivery rate must last: the
// round trip, or forever while it is not known that the tap sees one.
func (f *Flow) shortestSample(d, r *Direction) fsm.Time {
	if f.SYN.Nth != 0 && f.FinalACK.Nth == 0 || !f.seesWay(d, r) {
		return math.MaxInt64
	}
	return d.sender.rtt.Min
}

// seesWay reports whether at least half of the way from d's sender to the receiver and back
// lies beyond the tap, so that an ACK reaches the sender soon after it passed.
func (f *Flow) seesWay(d, r *Direction) bool {
	rtt, back := &d.sender.rtt, &r.sender.rtt
	switch {
	case rtt.Samples == 0:
		return false
	case d.sender.way != wayUnknown:
		return d.sender.way == waySeen
	case f.PathRTT() > 0: // which stays so
		side := fsm.Client
		if d == &f.Dir[fsm.Server] {
			side = fsm.Server
		}
		beyond, near := f.halves(side)
		d.sender.way = wayUnseen
		if f.SYNACK.Nth == 0 || beyond >= near {
			d.sender.way = waySeen
		}
		return d.sender.way == waySeen
	}
	return back.Samples == 0 || 2*rtt.Min >= back.Min
}

// way is what is known of where the tap stands.
type way uint8

const (
	wayUnknown way = iota
	waySeen        // at least half of the way lies beyond it
	wayUnseen
)

// DeliveryRate returns the delivery rate of the direction's data in bytes per second,
// whether the application limited it, and whether it is known.
func (f *Flow) DeliveryRate(side fsm.Side) (bytes float64, limited, known bool) {
	r := &f.Dir[side].sender.rate
	if !r.known {
		return 0, false, false
	}
	return float64(r.packets) * float64(f.packetSize()) / r.interval.Seconds(0), r.limited, true
}

// packetSize returns how many bytes of data a full packet of the connection holds, without
// further options: the kernel's mss_cache.
func (f *Flow) packetSize() uint32 {
	if f.packet != 0 {
		return f.packet
	}
	a, b := uint32(f.Dir[0].Options.MSS), uint32(f.Dir[1].Options.MSS)
	size := min(a, b)
	switch {
	case size == 0:
		size = max(a, b)
		if size == 0 {
			size = usualMSS
		}
	case size < 88:
		size = 88 // TCP_MIN_SND_MSS, and no division by a number that a stranger chose
	}
	if f.Timestamps {
		size -= 12
	}
	if f.agreed {
		f.packet = size // until there is another SYN
	}
	return size
}

// noteIdle looks whether the application wrote new data when all before was sent: the
// segment before it was not full, or no ACK and no sending explains why it goes now.
func (f *Flow) noteIdle(o *observation, size uint32) {
	w := &o.d.sender
	switch {
	case o.d.LastDataFrame == o.p.Frame && o.d.DataSegments == 1:
		return // until the first ACK all is limited
	case w.lastSize < size:
		f.noteBubble(o, size)
		return
	}
	if o.p.Time-max(w.lastSend, w.heard) <= 1_000_000 {
		return
	}
	// Where the tap is not near the sender, what an ACK brings about comes a round trip later.
	soon := fsm.Time(1_000_000)
	if !f.seesWay(o.d, o.r) {
		soon += f.PathRTT() * 5 / 4
	}
	if o.p.Time-max(w.lastSend, w.heard) > soon {
		f.noteBubble(o, size)
	}
}

func (f *Flow) noteBubble(o *observation, size uint32) {
	if !o.y.HasAck {
		return // what is in flight is not known
	}
	o.d.sender.rate.idle((uint32(o.before.top-o.y.Acked) + size - 1) / size)
}
