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

// links appends which connections belong together.
func (e *encoder) links(s *record.Summary) {
	e.array(`"related":`)
	for i := range s.Related {
		l := &s.Related[i]
		e.open('{')
		e.array(`"ids":`)
		e.uint(l.IDs[0])
		e.uint(l.IDs[1])
		e.endArray()
		e.keyStr(`"kind":`, string(l.Kind))
		e.endObject()
	}
	e.endArray()
	e.keyUint(`"related_more":`, s.MoreRelated)
}
