package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// NDJSON writes one JSON object a line, each as soon as it is known: the same
// objects as in the document of JSON with "type" in front. It is not safe for
// concurrent use.
type NDJSON struct {
	w io.Writer
	o Options
	e encoder
}

// NewNDJSON returns an NDJSON that writes to w, one Write a line. Options.Multi
// must say whether there are several sources: the lines come before the report
// that would tell.
func NewNDJSON(w io.Writer, o Options) *NDJSON {
	return &NDJSON{w: w, o: o, e: encoder{files: o.Multi, buf: make([]byte, 0, 4096)}}
}

// Connection writes a line of type "connection" and one of type "anomaly" for
// each of its anomalies. With Options.SummaryOnly it writes nothing.
func (n *NDJSON) Connection(c *record.Connection) error {
	if n.o.SummaryOnly {
		return nil
	}
	n.begin("connection")
	n.e.connection(c)
	if err := n.end(); err != nil {
		return err
	}
	for i := range c.Anomalies {
		n.begin("anomaly")
		n.e.keyUint(`"connection":`, c.ID)
		n.e.addr(`"client":`, c.Client)
		n.e.addr(`"server":`, c.Server)
		n.e.anomaly(&c.Anomalies[i])
		if err := n.end(); err != nil {
			return err
		}
	}
	return nil
}

// Summary writes the closing line, of type "summary": what the document has
// beside its connections.
func (n *NDJSON) Summary(r *record.Report) error {
	n.begin("summary")
	n.e.head(n.o)
	n.e.capture(&r.Capture)
	n.e.summary(&r.Summary)
	return n.end()
}

func (n *NDJSON) begin(kind string) {
	n.e.buf = n.e.buf[:0]
	n.e.open('{')
	n.e.keyLiteral(`"type":`, kind)
}

func (n *NDJSON) end() error {
	n.e.finish()
	_, err := n.w.Write(n.e.buf)
	return err
}
