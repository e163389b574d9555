package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/explain"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// htmlDetail writes what the page shows of a connection when it is opened, beside what its
// series tells.
type htmlDetail struct {
	files bool
	e     encoder
	kinds dictionary[transitionKind]
}

// of returns the detail as JSON, valid until the next one is asked for.
func (d *htmlDetail) of(c *record.Connection) []byte {
	e := &d.e
	e.buf, e.files, e.untimed = e.buf[:0], d.files, c.Quality.Untimed
	e.open('{')
	e.keyStr(`"sentence":`, c.Verdict.Sentence)
	if c.Stream == 0 {
		e.keyStr(`"filter":`, string(c.AppendWiresharkFilter(nil)))
	}
	if c.Encapsulation != "" {
		e.keyStr(`"encapsulation":`, c.Encapsulation)
	}
	if !c.Orientation.Certain {
		e.keyStr(`"guessed_from":`, c.Orientation.Basis)
	}
	e.keyInt(`"until":`, int(c.Until-c.First))
	d.transitions(c)
	d.holds(c)
	if len(c.Anomalies) > 0 {
		e.anomalyList(c.Anomalies)
	}
	if len(c.Quality.Doubts) > 0 {
		e.keyStrings(`"doubts":`, c.Quality.Doubts)
	}
	d.rtt(c)
	d.tests(c)
	d.passages(c)
	e.finish()
	return e.buf
}

// indexed is up to how many points a transition is told by the number of its point. That
// makes those of like connections alike, so that they take next to nothing.
const indexed = 4096

// transitions writes each as [kind, point, proving point]; where the series does not tell
// as much, as [kind, −1, frame, file, nanoseconds after the beginning, proving frame, its
// file].
func (d *htmlDetail) transitions(c *record.Connection) {
	e := &d.e
	at := map[fsm.Frame]int{}
	times := []fsm.Time{}
	if s, err := series.NewReader(c.Series); err == nil {
		if n, _ := s.Points(); n <= indexed {
			for p := range s.All() {
				if _, is := at[p.Frame]; !is {
					at[p.Frame] = len(times)
				}
				times = append(times, p.Time)
			}
		}
	}
	e.array(`"transitions":`)
	for i := range c.Transitions {
		t := &c.Transitions[i]
		e.open('[')
		e.keyInt("", d.kinds.of(transitionKind{t.Side, t.From, t.To, t.Event, t.Cause}))
		frame, is := at[t.Frame]
		proof, proved := at[t.Proof]
		if is = is && t.Time == times[frame] && (proved || t.Proof == 0); is {
			e.keyInt("", frame)
			if t.Proof == 0 {
				proof = -1
			}
			e.keyInt("", proof)
		} else {
			e.keyInt("", -1)
			e.keyUint("", t.Frame.Number())
			e.keyInt("", t.Frame.File())
			e.keyInt("", int(t.Time-c.First))
			e.keyUint("", t.Proof.Number())
			e.keyInt("", t.Proof.File())
		}
		e.close(']')
	}
	e.endArray()
}

// holds writes each TIME-WAIT as [side, since, until, how it ended], times in nanoseconds
// after the beginning.
func (d *htmlDetail) holds(c *record.Connection) {
	if len(c.Close.TimeWait) == 0 {
		return
	}
	e := &d.e
	e.array(`"time_wait":`)
	for i := range c.Close.TimeWait {
		h := &c.Close.TimeWait[i]
		e.open('[')
		e.keyInt("", int(h.Side))
		e.keyInt("", int(h.Since-c.First))
		e.keyInt("", int(h.Until-c.First))
		e.str(h.Ended)
		e.close(']')
	}
	e.endArray()
}

// rtt writes the round trips' number, minimum, median and 95th percentile, as the JSON has
// them.
func (d *htmlDetail) rtt(c *record.Connection) {
	if c.Traffic[0].RTT.Samples+c.Traffic[1].RTT.Samples == 0 {
		return
	}
	e := &d.e
	e.array(`"rtt":`)
	for side := range c.Traffic {
		r := &c.Traffic[side].RTT
		e.open('[')
		if e.uint(r.Samples); r.Samples > 0 {
			for _, v := range [...]float64{r.Min, r.Median, r.P95} {
				e.keySeconds("", v)
			}
		}
		e.close(']')
	}
	e.endArray()
}

// passages writes each segment's way between two taps as [side, frame, its tap from 0,
// nanoseconds after the beginning, those at the other tap or null, its fate], and which tap
// is near the client.
func (d *htmlDetail) passages(c *record.Connection) {
	if c.Between == nil || c.Between.ClientTap == 0 || len(c.Between.Passages) == 0 {
		return
	}
	e := &d.e
	e.keyInt(`"client_tap":`, c.Between.ClientTap)
	e.array(`"passages":`)
	for i := range c.Between.Passages {
		p := &c.Between.Passages[i]
		e.open('[')
		e.keyInt("", int(p.From))
		e.keyUint("", p.Frame.Number())
		e.keyInt("", p.Frame.File())
		e.keyInt("", int(p.Time-c.First))
		if p.Other != 0 {
			e.keyInt("", int(p.OtherTime-c.First))
		} else {
			e.keyNull("")
		}
		e.literal(p.Fate)
		e.endArray()
	}
	e.endArray()
}

// testedSegments is up to how many segments of a connection the page tells their tests.
const testedSegments = 1000

// tests writes, where the judgements were kept, for each frame the tests that it met as
// [result, name, rule, text].
func (d *htmlDetail) tests(c *record.Connection) {
	if len(c.Segments) == 0 || len(c.Segments) > testedSegments {
		return
	}
	e := &d.e
	e.object(`"tests":`)
	for i := range c.Segments {
		f := c.Segments[i].Frame
		j := explain.Frame(c, f)
		if j == nil {
			continue
		}
		name := number(f.Number())
		if d.files {
			name = number(fileNumber(f)) + ":" + name
		}
		e.nameKey(name)
		e.open('[')
		for k := range j.Tests {
			t := &j.Tests[k]
			e.open('[')
			e.literal(t.Result.String())
			e.str(t.Name)
			e.str(t.Rule)
			e.str(t.Text)
			e.endArray()
		}
		e.endArray()
	}
	e.endObject()
}

// dictionaries writes what the numbers of details stand for, and the titles of codes.
func (d *htmlDetail) dictionaries(e *encoder, checks []record.CheckDoc) {
	e.array(`"transitions":`)
	for _, k := range d.kinds.list {
		e.buf = append(e.buf, encoded(func(e *encoder) {
			t := fsm.Transition{From: k.from, Event: k.event}
			e.open('{')
			e.keyLiteral(`"endpoint":`, k.side.String())
			e.keyLiteral(`"from":`, k.from.String())
			e.keyLiteral(`"to":`, k.to.String())
			e.keyLiteral(`"event":`, k.event.String())
			e.keyLiteral(`"cause":`, k.cause.String())
			e.keyText(`"rule":`, t.Rule())
			e.endObject()
		})...)
	}
	e.endArray()
	e.array(`"labels":`)
	for _, l := range series.Labels {
		e.str(string(l))
	}
	e.endArray()
	e.object(`"verdicts":`)
	for i := range record.VerdictDocs {
		v := &record.VerdictDocs[i]
		e.nameKey(string(v.Code))
		e.str(v.Title)
	}
	e.endObject()
	e.object(`"concerns":`)
	for i := range record.VerdictDocs {
		v := &record.VerdictDocs[i]
		e.nameKey(string(v.Code))
		e.literal(v.Concern.String())
	}
	e.endObject()
	e.object(`"checks":`)
	for i := range checks {
		e.nameKey(string(checks[i].Name))
		e.str(checks[i].Title)
	}
	e.endObject()
}
