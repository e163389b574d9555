package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/explain"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// ExplainFrame writes every test that was applied to a frame, with its numbers,
// what became of both endpoints, the findings that name it and the fields that
// Wireshark would set. The connections must have their segments, and the frame's
// its judgement (analyzer.Options.Judge). A frame that is in none of them is said to
// be so.
func ExplainFrame(w io.Writer, r *record.Report, frame fsm.Frame, o Options) error {
	return render(w, o.forReport(r), func(p *page) {
		for _, c := range r.Connections {
			if j := explain.Frame(c, frame); j != nil {
				p.explanation(j)
				return
			}
		}
		p.hanging(0, "", plain, "Frame "+p.frame(frame)+" is in none of the connections whose segments were kept: it is no TCP, was skipped or filtered out, or lies outside the capture.", plain)
	})
}

// resultStyles colour a test's result.
var resultStyles = map[fsm.Result]style{fsm.Failed: yellow, fsm.Passed: green, fsm.NotApplied: dim}

const resultCells = 16 // width of the column of results

func (p *page) explanation(j *explain.Explanation) {
	s, c := j.Segment, j.Connection
	p.heading("Frame " + p.frame(s.Frame))
	p.head("what", s.From.String()+" "+p.g.arrow+" "+s.From.Peer().String()+" of connection "+number(c.ID)+", "+p.ends(c))
	p.head("when", moment(s.Time)+", "+phrase.Duration(span(c.First, s.Time))+" after the connection's first segment")
	p.head("segment", p.segmentWords(s))
	p.head("states", "before: client "+state(s.Before[0])+", server "+state(s.Before[1]))
	p.head("", "after: client "+state(s.After[0])+", server "+state(s.After[1]))
	for _, t := range j.Transitions {
		p.head("", p.transitionWords(t))
	}
	p.line()
	p.heading("Tests")
	for i := range j.Tests {
		t := &j.Tests[i]
		text := t.Name
		if t.Rule != "" {
			text += " (" + t.Rule + ")"
		}
		p.hanging(2, padRight(t.Result.String(), resultCells), resultStyles[t.Result], p.text(text), bold)
		p.hanging(2+resultCells, "", plain, p.text(t.Text), plain)
	}
	p.line()
	p.heading("What it was found to be")
	p.several("outcome", j.Outcome)
	p.several("evidence", j.Evidence...)
	labels := strings.Join(labelNames(s), ", ")
	if labels == "" {
		labels = "an ordinary segment"
	}
	p.head("labels", labels)
	for i, a := range j.Findings {
		name := ""
		if i == 0 {
			name = "findings"
		}
		p.head(name, a.Severity.String()+" "+findingSentence(a))
	}
	if len(j.Findings) == 0 {
		p.head("findings", "none names it")
	}
	fields := j.Wireshark
	if len(fields) == 0 {
		fields = []string{"nothing"}
	}
	p.several("Wireshark", fields...)
}

// several writes lines under one name, and nothing for none.
func (p *page) several(name string, lines ...string) {
	for _, l := range lines {
		if l != "" {
			p.head(name, l)
			name = ""
		}
	}
}

// segmentWords writes a segment's header as the timeline does, with names.
func (p *page) segmentWords(s *record.Segment) string {
	seq, ack := p.numbers(s)
	text := flags(s) + " seq " + seq + optional(" ack ", ack)
	text += ", " + phrase.Bytes(s.Seg.Len) + ", window " + strconv.FormatUint(uint64(s.Window), 10)
	if opts := optionWords(s); opts != "" {
		text += ", options " + opts
	}
	return text
}

// optionWords lists a segment's options with their values.
func optionWords(s *record.Segment) string {
	var opts []string
	for _, o := range optionNames {
		if !s.Seg.Opts.Has(o.set) {
			continue
		}
		switch o.set {
		case fsm.OptMSS:
			opts = append(opts, "MSS "+number(uint64(s.Seg.MSS)))
		case fsm.OptWindowScale:
			opts = append(opts, "window scale "+number(uint64(s.Seg.WindowScale)))
		case fsm.OptSACKPermitted:
			opts = append(opts, "SACK permitted")
		case fsm.OptTimestamps:
			opts = append(opts, "timestamps "+number(uint64(s.Seg.TSVal))+" "+number(uint64(s.Seg.TSEcr)))
		case fsm.OptSACK:
			for _, b := range sackBlocks(&s.Seg) {
				opts = append(opts, "SACK "+number(relativeToAck(s, b.From))+":"+number(relativeToAck(s, b.To)))
			}
		default:
			opts = append(opts, o.name)
		}
	}
	return strings.Join(opts, ", ")
}

// transitionWords writes a change of state and what proves it.
func (p *page) transitionWords(m *fsm.Transition) string {
	text := m.Side.String() + ": " + m.From.String() + " " + p.g.arrow + " " + m.To.String()
	switch {
	case m.Cause == fsm.Sent && !m.Certain():
		text += ", or " + fsm.FinWait1.String() + " " + p.g.arrow + " " + fsm.Closing.String() + ": it may have closed before, its FIN waiting behind data"
	case m.Cause == fsm.Sent:
		text += ", certain: it sent this"
	case m.Cause == fsm.Assumed:
		text += ", assumed: it happened outside the capture"
	case m.Proof == m.Frame:
		text += ", certain: this shows it"
	case m.Proof != 0:
		text += ", proved by frame " + p.frame(m.Proof)
	default:
		text += ", if this arrived; nothing in the capture proves it"
	}
	return text + " (" + m.Rule() + ")"
}
