package report

import "github.com/tcpflow-states/tcpflow-states/analyzer/record"

// related appends the connections that this one belongs together with.
func (e *encoder) related(c *record.Connection) {
	e.array(`"related":`)
	for i := range c.Related {
		r := &c.Related[i]
		e.open('{')
		e.keyUint(`"id":`, r.ID)
		e.keyStr(`"kind":`, string(r.Kind))
		e.frameList(r.Frames)
		e.endObject()
	}
	e.endArray()
}
