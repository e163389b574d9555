package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// csvFields are the columns of a row about a connection: names of its JSON, whose units
// and sources these are.
var csvFields = append(append([]string{
	"id", "tcp_stream", "client.ip", "client.port", "server.ip", "server.port", "service", "encapsulation",
	"first_time", "last_time", "duration_s", "first_frame", "last_frame",
	"state.client", "state.server", "state.client_proved", "state.server_proved",
	"verdict.code", "verdict.concern", "verdict.sentence", "anomalies.name",
	"handshake.kind", "handshake.complete", "handshake.syns", "handshake.duration_s", "handshake.server_rtt_s", "handshake.client_rtt_s",
	"close.kind", "close.first_closer", "close.reset_by",
	"exchanges.answer.samples", "exchanges.answer.median_s", "exchanges.answer.p95_s", "exchanges.answer.max_s",
	"time_spent.handshake_s", "time_spent.application.client_s", "time_spent.application.server_s", "time_spent.window.client_s", "time_spent.window.server_s",
	"time_spent.loss.client_s", "time_spent.loss.server_s", "time_spent.network_s", "time_spent.idle_s", "time_spent.close_s",
	"lifetime.longest_idle_s", "quality.trust",
}, csvSide("client")...), csvSide("server")...)

// csvSide are the columns about what one side sent.
func csvSide(side string) (list []string) {
	for _, name := range [...]string{"packets", "bytes", "unique_bytes", "retransmissions", "resent_bytes", "out_of_order", "duplicate_acks", "zero_windows", "zero_window_s",
		"rates.throughput", "rates.goodput", "rates.data_goodput", "rates.retransmitted", "rtt.samples", "rtt.min_s", "rtt.median_s", "rtt.p95_s", "max_in_flight_bytes"} {
		list = append(list, "traffic."+side+"."+name)
	}
	return list
}

// column is a field's name in a table's head.
func column(field string) string {
	return strings.ReplaceAll(strings.TrimPrefix(field, "traffic."), ".", "_")
}

// csvTable writes a row for each connection.
type csvTable struct {
	w        *csv.Writer
	fields   *fields
	fraction []bool // the column's numbers may have fractions
	row      []string
	headed   bool
}

func newCSV(w io.Writer, o Options) Writer {
	list := o.Fields
	if len(list) == 0 {
		list = csvFields
	}
	t := &csvTable{w: csv.NewWriter(w), fields: newFields(list, o.forSources().Multi), row: make([]string, len(list)), fraction: make([]bool, len(list))}
	for i, field := range list {
		t.row[i] = column(field)
		s := shapeAt(field)
		t.fraction[i] = s != nil && s.kind == numeric && !s.whole
	}
	return t
}

func (t *csvTable) Connection(c *record.Connection) error {
	if err := t.head(); err != nil {
		return err
	}
	t.fields.read(c)
	for i := range t.row {
		if t.row[i] = cellOf(t.fields.at(i)); t.fraction[i] {
			t.row[i] = withFraction(t.row[i])
		}
	}
	return t.write()
}

// withFraction shows of a number that it may have a fraction, from which readers of tables
// learn the column's type.
func withFraction(text string) string {
	if text == "" || strings.ContainsAny(text, ".e") {
		return text
	}
	return text + ".0"
}

// head writes the names of the columns, once.
func (t *csvTable) head() error {
	if t.headed {
		return nil
	}
	t.headed = true
	return t.write()
}

func (t *csvTable) write() error {
	t.w.Write(t.row) // its error comes from Flush
	t.w.Flush()
	return t.w.Error()
}

func (t *csvTable) Finish(r *record.Report) error {
	for _, c := range r.Connections {
		if err := t.Connection(c); err != nil {
			return err
		}
	}
	return t.head()
}

// csvFindings writes a row for each finding; those on several connections together come last,
// without a number and addresses.
type csvFindings struct {
	csvTable
	multi bool
}

// findingColumns are its columns: those of anomalies in the JSON, behind whose they are.
var findingColumns = []string{"connection", "client_ip", "client_port", "server_ip", "server_port", "name", "severity", "endpoint", "count", "first_time", "cost_s", "frames", "seen", "expected", "rule", "message", "doubt"}

func newCSVFindings(w io.Writer, o Options) Writer {
	return &csvFindings{csvTable: csvTable{w: csv.NewWriter(w), row: findingColumns}, multi: o.forSources().Multi}
}

func (t *csvFindings) Connection(c *record.Connection) error {
	if err := t.head(); err != nil {
		return err
	}
	whose := []string{number(c.ID), c.Client.IP.String(), number(uint64(c.Client.Port)), c.Server.IP.String(), number(uint64(c.Server.Port))}
	return t.findings(c.Anomalies, whose)
}

// findings writes the rows of findings behind the columns that say whose they are.
func (t *csvFindings) findings(list []record.Anomaly, whose []string) error {
	for i := range list {
		a := &list[i]
		e := encoder{files: t.multi}
		first, cost := "", ""
		if a.FirstTime != 0 {
			e.keyTime("", a.FirstTime)
			first = strings.Trim(string(e.buf), `",`)
		}
		if a.Cost > 0 {
			cost = withFraction(string(appendSeconds(nil, a.Cost)))
		}
		var frames []string
		for _, f := range a.Frames {
			text := number(f.Number())
			if t.multi {
				text = number(fileNumber(f)) + ":" + text
			}
			frames = append(frames, text)
		}
		t.row = append(slices.Clone(whose),
			escape(string(a.Name)), a.Severity.String(), a.Side, number(a.Count), first, cost, strings.Join(frames, " "),
			escape(a.Seen), escape(a.Expected), escape(a.Rule), escape(a.Message), escape(a.Doubt),
		)
		if err := t.write(); err != nil {
			return err
		}
	}
	return nil
}

func (t *csvFindings) Finish(r *record.Report) error {
	for _, c := range r.Connections {
		if err := t.Connection(c); err != nil {
			return err
		}
	}
	if err := t.head(); err != nil {
		return err
	}
	return t.findings(r.Capture.Anomalies, make([]string, 5))
}
