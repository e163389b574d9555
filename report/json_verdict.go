package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// verdict appends why the connection went and ended as it did; null in a record
// that nobody judged.
func (e *encoder) verdict(c *record.Connection) {
	v := &c.Verdict
	if v.Code == "" {
		e.keyNull(`"verdict":`)
		return
	}
	e.object(`"verdict":`)
	e.keyStr(`"code":`, string(v.Code))
	e.keyStr(`"sentence":`, v.Sentence)
	e.frameList(v.Frames)
	e.keyBool(`"sure":`, v.Sure)
	e.keyLiteral(`"concern":`, v.Concern().String())
	e.array(`"limits":`)
	for i := range v.Limits {
		l := &v.Limits[i]
		e.open('{')
		e.keyStr(`"code":`, string(l.Code))
		e.keyStr(`"endpoint":`, l.Side)
		e.keySeconds(`"share":`, l.Share)
		e.keyStr(`"sentence":`, l.Sentence)
		e.frameList(l.Frames)
		e.endObject()
	}
	e.endArray()
	e.endObject()
}

// frameList appends frames, and their files where there are several.
func (e *encoder) frameList(frames []fsm.Frame) {
	e.array(`"frames":`)
	for _, f := range frames {
		e.uint(f.Number())
	}
	e.endArray()
	if !e.files {
		return
	}
	e.array(`"files":`)
	for _, f := range frames {
		e.uint(fileNumber(f))
	}
	e.endArray()
}

func (e *encoder) keyVerdicts(k string, counts []record.VerdictCount) {
	e.object(k)
	for _, c := range counts {
		e.nameKey(string(c.Code))
		e.uint(c.N)
	}
	e.endObject()
}
