package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// exchanges appends the requests and answers, null where no request was captured whole.
func (e *encoder) exchanges(c *record.Connection) {
	x := &c.Exchanges
	if x.Answer.N == 0 && x.AnswerSize.N == 0 && x.Open.From == 0 {
		e.keyNull(`"exchanges":`)
		return
	}
	e.object(`"exchanges":`)
	e.distributionOfTimes(`"answer":`, &x.Answer)
	e.distributionOfTimes(`"last_byte":`, &x.LastByte)
	e.distributionOfTimes(`"think":`, &x.Think)
	e.distributionOfSizes(`"request_size":`, &x.RequestSize)
	e.distributionOfSizes(`"answer_size":`, &x.AnswerSize)
	e.span(`"slowest":`, &x.Slowest)
	e.span(`"open":`, &x.Open)
	e.endObject()
}

// distributionOfTimes appends a distribution of nanoseconds, in seconds.
func (e *encoder) distributionOfTimes(k string, d *record.Distribution) {
	e.object(k)
	e.keyUint(`"samples":`, d.N)
	nanos := func(k string, ns uint64) { e.secondsIf(k, float64(ns)/1e9, d.N > 0) }
	nanos(`"min_s":`, d.Min)
	nanos(`"median_s":`, d.Quantile(0.5))
	nanos(`"p95_s":`, d.Quantile(0.95))
	nanos(`"p99_s":`, d.Quantile(0.99))
	nanos(`"max_s":`, d.Max)
	e.endObject()
}

// distributionOfSizes appends a distribution of bytes.
func (e *encoder) distributionOfSizes(k string, d *record.Distribution) {
	e.object(k)
	e.keyUint(`"samples":`, d.N)
	bytes := func(k string, n uint64) { e.uintIf(k, n, d.N > 0) }
	bytes(`"min_bytes":`, d.Min)
	bytes(`"median_bytes":`, d.Quantile(0.5))
	bytes(`"p95_bytes":`, d.Quantile(0.95))
	bytes(`"p99_bytes":`, d.Quantile(0.99))
	bytes(`"max_bytes":`, d.Max)
	e.keyUint(`"sum_bytes":`, d.Sum)
	e.endObject()
}

// span appends a time between two segments, null where there is none.
func (e *encoder) span(k string, s *record.Span) {
	if s.From == 0 {
		e.keyNull(k)
		return
	}
	e.object(k)
	e.spanOf(s)
	e.endObject()
}

func (e *encoder) spanOf(s *record.Span) {
	e.keySeconds(`"duration_s":`, s.Seconds)
	e.keyFrame(`"from_frame":`, `"from_file":`, s.From)
	e.keyFrame(`"to_frame":`, `"to_file":`, s.To)
}

// spent appends what the connection's time went to, null where that is not known.
func (e *encoder) spent(c *record.Connection) {
	s := &c.Spent
	if c.Quality.OneSided || c.Quality.Untimed {
		e.keyNull(`"time_spent":`)
		return
	}
	e.object(`"time_spent":`)
	e.keySeconds(`"handshake_s":`, s.Handshake)
	e.secondsOfSides(`"application":`, &s.App)
	e.secondsOfSides(`"window":`, &s.Window)
	e.secondsOfSides(`"loss":`, &s.Loss)
	e.keySeconds(`"network_s":`, s.Network)
	e.keySeconds(`"idle_s":`, s.Idle)
	e.keySeconds(`"close_s":`, s.Close)
	e.array(`"longest":`)
	for i := range s.Longest {
		l := &s.Longest[i]
		e.open('{')
		e.keyLiteral(`"cause":`, string(l.Cause))
		e.keyText(`"endpoint":`, l.Side)
		e.spanOf(&l.Span)
		e.endObject()
	}
	e.endArray()
	e.endObject()
}

func (e *encoder) secondsOfSides(k string, of *[2]float64) {
	e.object(k)
	e.keySeconds(`"client_s":`, of[fsm.Client])
	e.keySeconds(`"server_s":`, of[fsm.Server])
	e.endObject()
}

// times appends when what was found happened, and what it cost; null for what is not known.
func (e *encoder) times(a *record.Anomaly) {
	for _, t := range [...]struct {
		key string
		at  fsm.Time
	}{{`"first_time":`, a.FirstTime}, {`"last_time":`, a.LastTime}} {
		if t.at == 0 {
			e.keyNull(t.key)
		} else {
			e.keyTime(t.key, t.at)
		}
	}
	e.secondsIf(`"cost_s":`, a.Cost, a.Cost > 0)
}
