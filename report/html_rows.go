package report

import (
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// htmlRow is what the page's table shows of a connection, and where the rest lies.
type htmlRow struct {
	due            htmlDue
	id, stream     uint64
	client, server record.Addr
	service        string
	first          fsm.Time
	duration       fsm.Time // negative: its times mean nothing
	state          [2]record.EndState
	packets        [2]uint64
	bytes          [2]uint64
	resent         uint64
	handshake      float64 // seconds; negative: unknown
	answer         float64 // the slowest
	goodput        float64 // bytes a second, of the faster direction
	rtt            [2]float64
	verdict        record.VerdictCode
	finding        record.CheckName // the worst; "" for none
	severity       int              // of that, from 1; 0 for none
	findings       int

	block          int // in which detail and series lie
	detail, series htmlPlace
}

func newHTMLRow(c *record.Connection) htmlRow {
	r := htmlRow{
		due: htmlDue{c.Cost(), gravity(c), c.Verdict.Concern()}, id: c.ID, stream: c.Stream, client: c.Client, server: c.Server,
		service: c.Service, first: c.First, duration: c.Last - c.First, state: c.State, handshake: c.Handshake.Took, answer: -1,
		goodput: max(goodput(c, fsm.Client), goodput(c, fsm.Server)), verdict: c.Verdict.Code, findings: len(c.Anomalies),
	}
	for side := range c.Traffic {
		t := &c.Traffic[side]
		r.packets[side], r.bytes[side], r.rtt[side] = t.Packets, t.Bytes, -1
		r.resent += t.Retransmissions
		if t.RTT.Samples > 0 {
			r.rtt[side] = t.RTT.Median
		}
	}
	if c.Exchanges.Answer.N > 0 {
		r.answer = float64(c.Exchanges.Answer.Max) / 1e9
	}
	if len(c.Anomalies) > 0 {
		r.finding, r.severity = c.Anomalies[0].Name, 1+int(c.Anomalies[0].Severity)
	}
	if c.Quality.Untimed {
		r.duration, r.handshake, r.answer, r.goodput = -1, -1, -1, 0
	}
	return r
}

// dictionary numbers texts, or what else comes again, from 0 in the order of their first use.
type dictionary[T comparable] struct {
	numbers map[T]int
	list    []T
}

func (d *dictionary[T]) of(v T) int {
	n, known := d.numbers[v]
	if !known {
		if d.numbers == nil {
			d.numbers = map[T]int{}
		}
		n = len(d.list)
		d.numbers[v] = n
		d.list = append(d.list, v)
	}
	return n
}

// columns writes the rows as JSON, a list for each column: of some the differences from row
// to row, which take less.
func (s *htmlStore) columns(r *record.Report) []byte {
	var e encoder
	var texts dictionary[string]
	known := map[netip.Addr]int{}
	address := func(ip netip.Addr) int {
		n, is := known[ip]
		if !is {
			n = texts.of(ip.String())
			known[ip] = n
		}
		return n
	}
	ints := func(name string, value func(*htmlRow) int64) {
		e.array(`"` + name + `":`)
		for i := range s.rows {
			e.keyInt("", int(value(&s.rows[i])))
		}
		e.endArray()
	}
	nanos := func(seconds float64) int64 {
		if seconds < 0 {
			return -1
		}
		return int64(seconds*1e9 + 0.5)
	}
	sides := func(name string, value func(*htmlRow, int) int64) {
		ints(name+"_client", func(r *htmlRow) int64 { return value(r, 0) })
		ints(name+"_server", func(r *htmlRow) int64 { return value(r, 1) })
	}
	differences := func(name string, value func(*htmlRow) int64) {
		last := int64(0)
		ints(name, func(r *htmlRow) int64 {
			v := value(r)
			v, last = v-last, v
			return v
		})
	}
	e.open('{')
	differences("id", func(r *htmlRow) int64 { return int64(r.id) })
	ints("stream", func(r *htmlRow) int64 { return int64(r.stream) - 1 - int64(r.id) })
	ints("client", func(r *htmlRow) int64 { return int64(address(r.client.IP)) })
	ints("client_port", func(r *htmlRow) int64 { return int64(r.client.Port) })
	ints("server", func(r *htmlRow) int64 { return int64(address(r.server.IP)) })
	ints("server_port", func(r *htmlRow) int64 { return int64(r.server.Port) })
	ints("service", func(r *htmlRow) int64 { return int64(texts.of(r.service)) })
	differences("first", func(w *htmlRow) int64 { return int64(w.first - r.Capture.First) })
	ints("duration", func(r *htmlRow) int64 { return int64(r.duration) })
	sides("state", func(r *htmlRow, side int) int64 { return int64(texts.of(r.state[side].State.String())) })
	sides("proved", func(r *htmlRow, side int) int64 {
		if r.state[side].Proved {
			return 1
		}
		return 0
	})
	sides("packets", func(r *htmlRow, side int) int64 { return int64(r.packets[side]) })
	sides("bytes", func(r *htmlRow, side int) int64 { return int64(r.bytes[side]) })
	sides("rtt", func(r *htmlRow, side int) int64 { return nanos(r.rtt[side]) })
	ints("resent", func(r *htmlRow) int64 { return int64(r.resent) })
	ints("handshake", func(r *htmlRow) int64 { return nanos(r.handshake) })
	ints("answer", func(r *htmlRow) int64 { return nanos(r.answer) })
	ints("goodput", func(r *htmlRow) int64 { return int64(r.goodput) })
	ints("cost", func(r *htmlRow) int64 { return nanos(r.due.cost) })
	ints("verdict", func(r *htmlRow) int64 { return int64(texts.of(string(r.verdict))) })
	ints("concern", func(r *htmlRow) int64 { return int64(r.due.concern) })
	ints("finding", func(r *htmlRow) int64 { return int64(texts.of(string(r.finding))) })
	ints("severity", func(r *htmlRow) int64 { return int64(r.severity) })
	ints("findings", func(r *htmlRow) int64 { return int64(r.findings) })
	ints("block", func(r *htmlRow) int64 { return int64(r.block) })
	ints("detail", func(r *htmlRow) int64 { return int64(r.detail.size) })
	ints("series", func(r *htmlRow) int64 { return int64(r.series.size) })
	e.keyStrings(`"texts":`, texts.list)
	e.finish()
	return e.buf
}
