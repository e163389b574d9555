package change

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Sample is what of one connection is compared. What is not known of it is NaN. SampleOf
// makes it of a record.
type Sample struct {
	ID      uint64 // of the connection, which no other one of its capture has
	Server  record.Addr
	Service string   // name of the port, or ""
	First   fsm.Time // when it began; 0 if that is not known
	Verdict record.VerdictCode
	Warned  bool   // a check found something of severity warning or error
	Vantage string // near which end it was captured, as record.Handshake has it

	Handshake  float64 // seconds from the first SYN to the handshake's last ACK
	Answer     float64 // seconds to the first byte of an answer: the median of the connection's
	SlowAnswer float64 // the 95th percentile of these

	// By the side that sends, as in record.Traffic.
	RTT      [2]float64 // seconds: the median
	Window   [2]float64 // bytes: the largest receive window offered, where both scales are known
	Delivery [2]float64 // bytes per second, where the application was not what limited it
	Bytes    [2]float64 // of payload, each once
	Packets  [2]float64
	Resent   [2]float64 // packets that were retransmissions, but for those that the other side reported as needless
}

// SampleOf returns what is compared of a connection.
func SampleOf(c *record.Connection) Sample {
	s := Sample{
		ID: c.ID, Server: c.Server, Service: c.Service, First: c.First,
		Verdict: c.Verdict.Code, Vantage: c.Handshake.Vantage,
		Handshake: knownIf(c.Handshake.Took >= 0, c.Handshake.Took), Answer: math.NaN(), SlowAnswer: math.NaN(),
	}
	for i := range c.Anomalies {
		s.Warned = s.Warned || c.Anomalies[i].Severity >= record.SeverityWarning
	}
	if x := &c.Exchanges.Answer; x.N > 0 {
		s.Answer, s.SlowAnswer = float64(x.Quantile(0.5))/1e9, float64(x.Quantile(0.95))/1e9
	}
	scaled := c.Handshake.Options[fsm.Client].Seen && c.Handshake.Options[fsm.Server].Seen // else the scales are not known
	for side := range c.Traffic {
		t := &c.Traffic[side]
		s.RTT[side] = knownIf(t.RTT.Samples > 0, t.RTT.Median)
		s.Window[side] = knownIf(scaled && t.MaxWindow > 0, float64(t.MaxWindow))
		s.Delivery[side] = knownIf(t.Rates.Delivery > 0 && !t.Rates.AppLimited, t.Rates.Delivery)
		s.Bytes[side], s.Packets[side], s.Resent[side] = float64(t.UniqueBytes), float64(t.Packets), float64(t.Retransmissions-min(t.SpuriousProved, t.Retransmissions))
	}
	if c.Quality.Untimed {
		s.ForgetTimes()
	}
	return s
}

// ForgetTimes makes unknown what rests on times, for a connection that has none.
func (s *Sample) ForgetTimes() {
	unknown := [2]float64{math.NaN(), math.NaN()}
	s.First, s.Handshake, s.Answer, s.SlowAnswer = 0, math.NaN(), math.NaN(), math.NaN()
	s.RTT, s.Delivery = unknown, unknown
}

func knownIf(known bool, x float64) float64 {
	if !known {
		return math.NaN()
	}
	return x
}
