// Package conclude makes the record of a connection of what the flow noted: how it
// was opened and closed, what was sent, the labels of its segments, how far the
// capture shows it whole. The sentence about it is package verdict's.
package conclude

import (
	"math"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Record writes the record of a finished flow into c, all of it. encaps names the
// encapsulations.
func Record(f *flow.Flow, c *record.Connection, encaps decode.EncapNames) {
	series := c.Series[:0]
	if cap(series) > largeSeries {
		series = nil
	}
	forget(c)
	c.ID, c.Incarnation = f.ID, f.Incarnation
	c.Client = record.Addr{IP: f.Ends[fsm.Client].Addr(), Port: f.Ends[fsm.Client].Port}
	c.Server = record.Addr{IP: f.Ends[fsm.Server].Addr(), Port: f.Ends[fsm.Server].Port}
	c.Service = flow.ServiceName(c.Server.Port)
	c.Encapsulation = encaps.Name(f.Encap)
	c.Orientation = f.Orientation
	c.FirstFrame, c.First = f.First.Frame, f.First.Time
	c.LastFrame, c.Last = f.Latest.Frame, f.Latest.Time
	c.Lowest, c.Highest = f.Lowest, f.Highest
	c.Evicted, c.LegOf = f.Evicted, f.LegOf
	if f.NoStream {
		c.Stream = NoStream
	}
	c.Joined = record.Joined{From: f.FirstFrom, Seq: f.FirstSeq, Ack: f.FirstAck}

	c.Transitions = orderTransitions(append(c.Transitions, f.Conn.Transitions...))
	for side := range c.State {
		e := &f.Conn.End[side]
		c.State[side] = record.EndState{State: e.State, Proved: f.Conn.Proved(fsm.Side(side))}
		c.InState[side] = timeInStates(c.InState[side], c.Transitions, fsm.Side(side), f)
	}
	c.ICMP = buildICMP(c.ICMP, f)
	c.MoreICMP = f.CountICMP() - uint64(len(c.ICMP))
	buildHandshake(f, c)
	buildClose(f, c)
	buildTraffic(f, c)
	buildLifetime(f, c)
	f.ExchangesInto(&c.Exchanges)
	f.SpentInto(&c.Spent)
	buildPeers(f, c)
	c.MPTCP = f.Multipath()
	buildQuality(f, c)
	buildTails(f, c)
	if f.Untimed {
		forgetTimes(c)
	}
	c.Segments = buildSegments(c.Segments, f, c.Transitions)
	c.SegmentsCut = f.TimelineCut
	c.Series = f.AppendSeries(series)
}

// forget empties a record but for the memory that its lists have taken. A composite would
// be put together elsewhere and copied: a record is some kilobytes.
func forget(c *record.Connection) {
	transitions, icmp, related, anomalies, segments := c.Transitions[:0], c.ICMP[:0], c.Related[:0], c.Anomalies[:0], c.Segments[:0]
	inState, timeWait, exchanges, longest := c.InState, c.Close.TimeWait[:0], c.Exchanges, c.Spent.Longest
	*c = record.Connection{}
	c.Transitions, c.ICMP, c.Related, c.Anomalies, c.Segments = transitions, icmp, related, anomalies, segments
	c.InState[0], c.InState[1] = inState[0][:0], inState[1][:0]
	c.Close.TimeWait, c.Exchanges, c.Spent.Longest = timeWait, exchanges, longest
}

// largeSeries is the most memory that a record keeps for the series of the next connection.
const largeSeries = 16 << 10

// NoStream stands in a record for a connection that has no single stream in Wireshark, until
// the others are numbered.
const NoStream = math.MaxUint64

// forgetTimes takes out of the record what rests on times that the capture does not have.
func forgetTimes(c *record.Connection) {
	c.Handshake.ServerRTT, c.Handshake.ClientRTT, c.Handshake.Took, c.Handshake.Vantage = -1, -1, -1, ""
	c.Close.Duration = -1
	c.Exchanges.ForgetTimes()
	for side := range c.Traffic {
		t := &c.Traffic[side]
		t.RTT, t.ResentAfter.Min, t.ResentAfter.Mean, t.ResentAfter.Max = record.RTT{}, 0, 0, 0
		t.Rates.Throughput, t.Rates.Goodput, t.Rates.DataGoodput, t.Rates.Delivery = -1, -1, -1, -1
		t.Data.Idle = record.Span{}
	}
}

// orderTransitions puts the transitions of both sides into the order in which
// they happened. What a later segment revealed (a SYN that must have arrived,
// say) was recorded late, but belongs where its cause passed; a side's own order
// is never changed.
func orderTransitions(ts []fsm.Transition) []fsm.Transition {
	var last [2]uint32
	for i := range ts {
		t := &ts[i]
		t.Nth = max(t.Nth, last[t.Side])
		last[t.Side] = t.Nth
	}
	slices.SortStableFunc(ts, func(a, b fsm.Transition) int { return int(a.Nth) - int(b.Nth) })
	return ts
}

// timeInStates adds up how long a side spent in each state. The state in which
// it ends lasts until the capture does, unless it is CLOSED.
func timeInStates(out []record.StateTime, ts []fsm.Transition, side fsm.Side, f *flow.Flow) []record.StateTime {
	var last *fsm.Transition
	add := func(s fsm.State, span float64) {
		for i := range out {
			if out[i].State == s {
				out[i].Seconds += span
				return
			}
		}
		out = append(out, record.StateTime{State: s, Seconds: span})
	}
	var now fsm.Time
	for i := range ts {
		t := &ts[i]
		if t.Side != side {
			continue
		}
		if last != nil && last.To != fsm.Closed {
			add(last.To, max(0, max(t.Time, now).Seconds(now)))
		}
		now = max(now, t.Time)
		last = t
	}
	if last != nil && last.To != fsm.Closed {
		add(last.To, max(0, f.Until.Seconds(now)))
	}
	return out
}

func buildTraffic(f *flow.Flow, c *record.Connection) {
	for side := range c.Traffic {
		d, t := &f.Dir[side], &c.Traffic[side]
		t.Packets, t.Bytes, t.UniqueBytes = d.Packets, d.Bytes, d.UniqueBytes
		t.Retransmissions, t.ResentBytes, t.OutOfOrder = d.Retransmissions, d.ResentBytes, d.OutOfOrder
		t.DuplicateACKs, t.Doubled, t.GapBytes = d.DuplicateACKs, d.Doubled, d.GapBytes
		t.ZeroWindows, t.ZeroWindowTime, t.WindowProbes = d.ZeroWindows, float64(d.ZeroWindowTime)/1e9, d.WindowProbes
		t.MinWindow, t.MaxWindow = d.MinWindow, d.MaxWindow
		t.SpuriousProved, t.SpuriousLikely, t.LostBefore = d.SpuriousProved, d.SpuriousLikely, d.Late
		t.MaxInFlight, t.InitialWindow = d.MaxInFlight(), d.InitialWindow()
		buildRTTs(&t.RTT, d.RTT())
		t.Kinds = buildKinds(d)
		buildMeasures(f, fsm.Side(side), t)
		t.CEPackets = d.CEPackets
		t.CEReported, _ = f.CEReported(fsm.Side(side))
		t.ECN = f.ECNBytes(fsm.Side(side))
		if k := d.Keepalive; k != nil {
			t.Keepalive = record.Keepalive{
				Probes: k.Probes, Answered: k.Answered, LongestUnanswered: k.LongestUnanswered,
				Idle: float64(k.Idle) / 1e9, MinInterval: float64(k.MinInterval) / 1e9, MaxInterval: float64(k.MaxInterval) / 1e9,
			}
		}
	}
}

// Orderly writes the round trips of a connection whose segments came once each and in order
// into c.
func Orderly(o *flow.Orderly, c *record.Connection) {
	for side := range c.Traffic {
		c.Traffic[side].RTT = record.RTT{}
		buildRTTs(&c.Traffic[side].RTT, o.RTT(fsm.Side(side)))
	}
	h := &c.Handshake
	h.ServerRTT, h.ClientRTT = -1, -1
	server, client := o.Handshake()
	if server >= 0 {
		h.ServerRTT = seconds(server)
	}
	if client >= 0 {
		h.ClientRTT = seconds(client)
	}
}

func buildRTTs(t *record.RTT, r *flow.RTT) {
	if r.Samples == 0 {
		return
	}
	t.Samples, t.Min, t.Max = r.Samples, seconds(r.Min), seconds(r.Max)
	t.Median, t.P95, t.RTO = seconds(r.Quantile(0.5)), seconds(r.Quantile(0.95)), seconds(r.RTO())
	mean, deviation := r.Mean()
	t.Mean, t.Deviation, t.Smoothed, t.SmoothedDeviation, t.Loaded = mean/1e9, deviation/1e9, -1, -1, -1
	if smoothed, deviation, known := r.Kernel(); known {
		t.Smoothed, t.SmoothedDeviation = seconds(smoothed), seconds(deviation)
	}
	if loaded, n := r.Loaded(); n >= record.LoadedSamples {
		t.Loaded = seconds(loaded)
	}
}

func buildKinds(d *flow.Direction) record.ResendKinds {
	k := &d.Kinds
	return record.ResendKinds{
		SYN: k[flow.KindSYN], SYNACK: k[flow.KindSYNACK], Timeout: k[flow.KindTimeout], Fast: k[flow.KindFast],
		TailLossProbe: k[flow.KindProbe], AfterTimeout: k[flow.KindAfterTimeout],
		FastOpenFallback: k[flow.KindFastOpenFallback], PathMTU: k[flow.KindPathMTU], Unknown: k[flow.KindUnknown],
	}
}

// buildLifetime calls a connection long-lived when it was held open: for a minute
// or longer, idle in between, or with keepalives. Many exchanges in a second are
// one short life.
func buildLifetime(f *flow.Flow, c *record.Connection) {
	l := &c.Lifetime
	l.Exchanges, l.IdleSpans, l.LongestIdle = f.Exchanges, f.IdleSpans, float64(f.LongestIdle)/1e9
	l.Kind = "short-lived"
	if f.Latest.Time-f.First.Time >= longLived || f.IdleSpans > 0 || f.Dir[0].Keepalive != nil || f.Dir[1].Keepalive != nil {
		l.Kind = "long-lived"
	}
}

const longLived = 60 * fsm.Second
