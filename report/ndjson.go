package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// ndjson writes one JSON object a line, each as soon as it is known: the same
// objects as in the document of JSON with "type" in front.
type ndjson struct {
	w      io.Writer
	o      Options
	e      encoder
	fields *fields // if only some are wanted
}

// newNDJSON returns an ndjson that writes to w, one Write a line.
func newNDJSON(w io.Writer, o Options) Writer {
	n := &ndjson{w: w, o: o, e: encoder{files: o.forSources().Multi, buf: make([]byte, 0, 4096)}}
	if len(o.Fields) > 0 {
		n.fields = newFields(o.Fields, n.e.files)
	}
	return n
}

// Connection writes a line of type "connection" and one of type "anomaly" for
// each of its anomalies. With Options.SummaryOnly it writes nothing.
func (n *ndjson) Connection(c *record.Connection) error {
	if n.o.SummaryOnly {
		return nil
	}
	n.begin("connection")
	if n.fields != nil {
		return n.some(c)
	}
	n.e.connection(c)
	if err := n.end(); err != nil {
		return err
	}
	for i := range c.Anomalies {
		n.beginAnomaly(c.ID, c.Client, c.Server, &c.Anomalies[i])
		if err := n.end(); err != nil {
			return err
		}
	}
	return nil
}

// Notice writes a line of type "anomaly" with "open": true for what was found, false for what
// is over.
func (n *ndjson) Notice(x *record.Notice) error {
	if n.o.SummaryOnly || x.State == record.NoticeGoesOn {
		return nil
	}
	n.beginAnomaly(x.Connection, x.Client, x.Server, &x.Anomaly)
	n.e.keyBool(`"open":`, x.State != record.NoticeOver)
	n.e.keyTime(`"as_of":`, x.At)
	if lasted := x.Lasted(); lasted >= 0 {
		n.e.keySeconds(`"lasted_s":`, lasted)
	} else {
		n.e.keyNull(`"lasted_s":`)
	}
	return n.end()
}

func (n *ndjson) beginAnomaly(id uint64, client, server record.Addr, a *record.Anomaly) {
	n.begin("anomaly")
	n.e.keyUint(`"connection":`, id)
	n.e.addr(`"client":`, client)
	n.e.addr(`"server":`, server)
	n.e.anomaly(a)
}

// some writes only the fields wanted of a connection, each under its whole name.
func (n *ndjson) some(c *record.Connection) error {
	n.fields.read(c)
	for i, field := range n.o.Fields {
		n.e.nameKey(field)
		n.e.buf = append(appendValue(n.e.buf, n.fields.at(i)), ',')
	}
	return n.end()
}

// Finish writes the report's connections and the closing line, of type "summary":
// what the document has beside them.
func (n *ndjson) Finish(r *record.Report) error {
	for _, c := range r.Connections {
		if err := n.Connection(c); err != nil {
			return err
		}
	}
	n.begin("summary")
	n.e.head(n.o)
	n.e.capture(&r.Capture)
	n.e.summary(&r.Summary)
	n.e.thresholds(r.Thresholds)
	n.e.ignored(r.Ignored)
	return n.end()
}

func (n *ndjson) begin(kind string) {
	n.e.buf = n.e.buf[:0]
	n.e.open('{')
	n.e.keyLiteral(`"type":`, kind)
}

func (n *ndjson) end() error {
	n.e.finish()
	_, err := n.w.Write(n.e.buf)
	return err
}
