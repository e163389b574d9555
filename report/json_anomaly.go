package report

import "github.com/tcpflow-states/tcpflow-states/analyzer/record"

func (e *encoder) anomalies(c *record.Connection) { e.anomalyList(c.Anomalies) }

func (e *encoder) anomalyList(list []record.Anomaly) {
	e.array(`"anomalies":`)
	for i := range list {
		e.open('{')
		e.anomaly(&list[i])
		e.endObject()
	}
	e.endArray()
}

// anomaly appends the members of an anomaly's object.
func (e *encoder) anomaly(a *record.Anomaly) {
	e.keyStr(`"name":`, string(a.Name))
	e.keyLiteral(`"severity":`, a.Severity.String())
	e.keyText(`"endpoint":`, a.Side)
	e.frameList(a.Frames)
	e.keyUint(`"count":`, a.Count)
	e.keyText(`"seen":`, a.Seen)
	e.keyText(`"expected":`, a.Expected)
	e.keyText(`"rule":`, a.Rule)
	e.keyStr(`"message":`, a.Message)
	e.keyStrings(`"benign":`, a.Benign)
	e.keyText(`"doubt":`, a.Doubt)
	e.frameFilter(a.Frames)
	e.times(a)
	if len(a.Connections) > 0 {
		e.keyUints(`"connections":`, a.Connections)
	}
}
