package report

import (
	"io"
	"math"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ChangesJSON writes what changed between two captures as one JSON document that ends in a
// newline: #/$defs/comparison of Schema.
func ChangesJSON(w io.Writer, r *change.Result, sides [2]ComparedSide, o Options) error {
	e := &encoder{}
	e.open('{')
	e.head(o)
	e.comparedTotal(`"before":`, &r.Before, &sides[0])
	e.comparedTotal(`"after":`, &r.After, &sides[1])
	e.keyNumber(`"level":`, r.Level)
	e.keyInt(`"comparisons":`, r.Comparisons)
	if worst := r.Worst(); worst == record.SeverityCapture {
		e.keyNull(`"severity":`)
	} else {
		e.keyLiteral(`"severity":`, worst.String())
	}
	e.array(`"services":`)
	for i := range r.Services {
		e.comparedService(&r.Services[i])
	}
	e.endArray()
	for i, list := range [2][]change.Side{r.OnlyBefore, r.OnlyAfter} {
		e.array([2]string{`"only_before":`, `"only_after":`}[i])
		for k := range list {
			e.comparedSide("", &list[k])
		}
		e.endArray()
	}
	e.object(`"not_compared":`)
	e.keyUint(`"services":`, r.Others)
	e.keyUint(`"connections":`, r.OtherConns)
	e.keyUint(`"connections_not_told_apart":`, r.Unfollowed)
	e.endObject()
	e.finish()
	_, err := w.Write(e.buf)
	return err
}

func (e *encoder) comparedTotal(k string, t *change.Total, s *ComparedSide) {
	e.object(k)
	e.keyStr(`"name":`, s.Name)
	e.keyBool(`"saved_report":`, s.Saved)
	e.keyUint(`"connections":`, t.Connections)
	e.keyUint(`"failed":`, t.Failed)
	e.keyInt(`"services":`, t.Services)
	e.keyUint(`"not_chosen":`, s.NotChosen)
	e.knownTime(`"first_time":`, t.First)
	e.knownTime(`"last_time":`, t.Last)
	e.keyStrings(`"faults":`, s.Faults)
	e.endObject()
}

// knownTime appends a time, null where it is 0.
func (e *encoder) knownTime(k string, t fsm.Time) {
	if t == 0 {
		e.keyNull(k)
		return
	}
	e.keyTime(k, t)
}

// comparedSide appends a service as it was on one side; k may be empty, in a list.
func (e *encoder) comparedSide(k string, s *change.Side) {
	e.object(k)
	e.keyText(`"service":`, s.Name)
	e.array(`"servers":`)
	for _, a := range s.Servers {
		e.addr("", a)
	}
	e.endArray()
	e.keyInt(`"all_servers":`, s.AllServers)
	e.keyUint(`"connections":`, s.Connections)
	e.keyUint(`"failed":`, s.Failed)
	e.keyVerdicts(`"verdicts":`, s.Verdicts)
	e.keyInt(`"sampled":`, s.Sampled)
	e.endObject()
}

func (e *encoder) comparedService(s *change.Service) {
	e.open('{')
	e.keyText(`"service":`, s.Name)
	e.keyLiteral(`"match":`, s.Match.String())
	e.comparedSide(`"before":`, &s.Before)
	e.comparedSide(`"after":`, &s.After)
	e.keyStrings(`"doubts":`, s.Doubts)
	e.array(`"changes":`)
	for i := range s.Changes {
		c := &s.Changes[i]
		e.open('{')
		e.measured(c)
		e.keyLiteral(`"severity":`, s.Severity(c).String())
		e.keyLiteral(`"direction":`, [...]string{"better", "neither", "worse"}[c.Direction+1])
		e.keyStr(`"title":`, changeTitle(c))
		e.keyStr(`"message":`, changeNumbers(c, unicodeGlyphs.arrow)+" "+changeChance(c))
		e.keyNumber(`"chance":`, c.Chance)
		e.keyNumber(`"chance_corrected":`, c.Corrected)
		if math.IsNaN(c.Low) {
			e.keyNull(`"difference":`)
		} else {
			e.object(`"difference":`)
			e.keyNumber(`"low":`, c.Low)
			e.keyNumber(`"high":`, c.High)
			e.endObject()
		}
		e.array(`"may_follow_from":`)
		for _, m := range c.Follows {
			e.literal(string(m))
		}
		e.endArray()
		e.endObject()
	}
	e.endArray()
	e.array(`"measures":`)
	for i := range s.Measures {
		e.open('{')
		e.measured(&s.Measures[i])
		e.endObject()
	}
	e.endArray()
	e.endObject()
}

// measured appends what every comparison has.
func (e *encoder) measured(c *change.Comparison) {
	e.keyLiteral(`"measure":`, string(c.Measure))
	e.keyText(`"verdict":`, string(c.Verdict))
	e.keyLiteral(`"unit":`, [...]string{"share", "s", "bytes", "bytes/s"}[c.Unit])
	e.keyLiteral(`"outcome":`, c.Outcome.String())
	for i, v := range [2]*change.Value{&c.Before, &c.After} {
		e.object([2]string{`"before":`, `"after":`}[i])
		e.keyNumber(`"value":`, v.Value)
		e.keyNumber(`"p25":`, v.Low)
		e.keyNumber(`"p75":`, v.High)
		e.keyUint(`"connections":`, v.Connections)
		if c.Unit == change.Share {
			e.keyUint(`"have":`, v.Have)
			e.keyUint(`"of":`, v.Of)
		} else {
			e.keyNull(`"have":`)
			e.keyNull(`"of":`)
		}
		e.uintIf(`"batches":`, uint64(v.Batches), v.Batches > 0)
		e.endObject()
	}
	e.keyNumber(`"least":`, c.Least)
}
