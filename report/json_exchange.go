package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// noExchanges reports whether no request was captured whole.
func noExchanges(c *record.Connection) bool {
	x := &c.Exchanges
	return x.Answer.N == 0 && x.AnswerSize.N == 0 && x.Open.From == 0
}

// exchanges appends the requests and answers, null where no request was captured whole.
func (e *encoder) exchanges(c *record.Connection) {
	x := &c.Exchanges
	if noExchanges(c) {
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

// Where there is one sample, or none, all of a distribution's numbers are the same.
var (
	quantileSecondsKeys = [...]string{`"min_s":`, `"median_s":`, `"p95_s":`, `"p99_s":`, `"max_s":`}
	quantileBytesKeys   = [...]string{`"min_bytes":`, `"median_bytes":`, `"p95_bytes":`, `"p99_bytes":`, `"max_bytes":`}
)

// distributionOfTimes appends a distribution of nanoseconds, in seconds.
func (e *encoder) distributionOfTimes(k string, d *record.Distribution) {
	e.object(k)
	e.keyUint(`"samples":`, d.N)
	start := len(e.buf)
	e.secondsIf(quantileSecondsKeys[0], float64(d.Min)/1e9, d.N > 0)
	if d.N <= 1 {
		e.again(start, quantileSecondsKeys[:])
	} else {
		e.keySeconds(quantileSecondsKeys[1], float64(d.Quantile(0.5))/1e9)
		e.keySeconds(quantileSecondsKeys[2], float64(d.Quantile(0.95))/1e9)
		e.keySeconds(quantileSecondsKeys[3], float64(d.Quantile(0.99))/1e9)
		e.keySeconds(quantileSecondsKeys[4], float64(d.Max)/1e9)
	}
	e.endObject()
}

// distributionOfSizes appends a distribution of bytes.
func (e *encoder) distributionOfSizes(k string, d *record.Distribution) {
	e.object(k)
	e.keyUint(`"samples":`, d.N)
	start := len(e.buf)
	e.uintIf(quantileBytesKeys[0], d.Min, d.N > 0)
	if d.N <= 1 {
		e.again(start, quantileBytesKeys[:])
	} else {
		e.keyUint(quantileBytesKeys[1], d.Quantile(0.5))
		e.keyUint(quantileBytesKeys[2], d.Quantile(0.95))
		e.keyUint(quantileBytesKeys[3], d.Quantile(0.99))
		e.keyUint(quantileBytesKeys[4], d.Max)
	}
	e.keyUint(`"sum_bytes":`, d.Sum)
	e.endObject()
}

// again appends the value of the first key, which stands from start on, for the other keys.
func (e *encoder) again(start int, keys []string) {
	value, end := start+len(keys[0]), len(e.buf)
	for _, k := range keys[1:] {
		e.buf = append(append(e.buf, k...), e.buf[value:end]...)
	}
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

// noSpent reports whether it is not known what the connection's time went to.
func noSpent(c *record.Connection) bool { return c.Quality.OneSided || c.Quality.Untimed }

// spent appends what the connection's time went to, null where that is not known.
func (e *encoder) spent(c *record.Connection) {
	s := &c.Spent
	if noSpent(c) {
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
