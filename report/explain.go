package report

import (
	"io"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/explain"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Explain tells a connection's story step by step in plain words: what each
// segment does, what it proves, and what becomes of both endpoints. The
// connection should have its segments; without them only what changed a state
// is told. Runs of ordinary segments are folded unless Options.Full is set.
func Explain(w io.Writer, c *record.Connection, o Options) error {
	return render(w, o, func(p *page) {
		p.heading(p.text("Connection " + number(c.ID) + " explained: " + p.ends(c) + optional(" ", c.Service)))
		if c.Verdict.Sentence != "" {
			p.hanging(2, "In short: ", bold, p.text(c.Verdict.Sentence), plain)
			p.line()
		}
		p.explainBeginning(c)
		steps := explain.Story(c, o.Full)
		shown, left := cutSteps(steps, o.Limit)
		for i := range shown {
			if i == len(shown)-len(shown)/3 && left > 0 {
				p.line("  ", p.g.ellipsis, " ", phrase.Counted(uint64(left), "step", "steps"), " not told: --limit 0 tells all.")
				p.line()
			}
			p.step(c, &shown[i])
		}
		if c.SegmentsCut > 0 {
			p.line("  ", phrase.Counted(c.SegmentsCut, "segment was", "segments were"), " not kept for the story.")
			p.line()
		}
		p.explainEnd(c)
	})
}

// cutSteps keeps at most limit steps: two thirds from the beginning, the rest
// from the end.
func cutSteps(steps []explain.Step, limit int) (shown []explain.Step, left int) {
	if limit <= 0 || len(steps) <= limit {
		return steps, 0
	}
	tail := limit / 3
	shown = append(shown, steps[:limit-tail]...)
	shown = append(shown, steps[len(steps)-tail:]...)
	return shown, len(steps) - limit
}

// explainBeginning says what must be known before the first step.
func (p *page) explainBeginning(c *record.Connection) {
	var list []string
	if !c.Orientation.Certain {
		why := orientationBases[c.Orientation.Basis]
		list = append(list, "Which side is the client is a guess"+optional(": ", strings.Replace(why, "it ", "the one taken for it ", 1))+".")
	}
	if c.Quality.Midstream {
		list = append(list, "The capture begins in the middle of the connection, so its handshake is not here and window scales are not known.")
	}
	if c.Quality.OneSided {
		list = append(list, "Only one direction was captured; what the other side did is inferred from what was acknowledged.")
	}
	switch c.Handshake.Vantage {
	case "near-client":
		list = append(list, "The capture was taken near the client: what the client does is seen at once, what the server does after half a round trip.")
	case "near-server":
		list = append(list, "The capture was taken near the server: what the server does is seen at once, what the client does after half a round trip.")
	}
	if len(list) == 0 {
		return
	}
	p.hanging(2, "", plain, p.text(strings.Join(list, " ")), plain)
	p.line()
}

// step writes one step: where and when in one line, below it what it means.
func (p *page) step(c *record.Connection, s *explain.Step) {
	when := p.text("+" + phrase.Duration(span(c.First, s.Time)))
	head, who := p.frameSpan(s.First, s.Last), s.From.String()+" "+p.g.arrow+" "+s.From.Peer().String()
	switch {
	case s.First == 0:
		head, who = "no frame", s.From.String()+"'s timer"
	case s.ICMP != nil:
		who = "ICMP to the " + s.ICMP.Side.String()
	case s.Both:
		who = "both ways"
	}
	facts := when + ", " + p.text(who)
	if s.Segment != nil {
		facts += ", " + p.text(p.shortSegment(s.Segment))
	}
	p.hanging(2, head+"  ", bold, facts, plain)
	p.hanging(4, "", plain, p.text(s.Text), plain)
	for _, t := range s.Transitions {
		st := dim
		if !t.Certain() {
			st = yellow
		}
		p.hanging(4, p.g.arrow+" ", st, p.text(p.transitionWords(t)), st)
	}
	for _, a := range s.Findings {
		p.hanging(4, a.Severity.String()+" ", severityStyle(a.Severity), p.text(findingSentence(a)), plain)
	}
	p.line()
}

// shortSegment writes flags, numbers and length.
func (p *page) shortSegment(s *record.Segment) string {
	seq, ack := p.numbers(s)
	text := flags(s) + " seq " + seq + optional(" ack ", ack)
	if s.Seg.Len > 0 {
		text += " len " + number(uint64(s.Seg.Len))
	}
	return text
}

// explainEnd tells where both endpoints stand and what the whole was.
func (p *page) explainEnd(c *record.Connection) {
	p.heading("In the end")
	for side := fsm.Client; side <= fsm.Server; side++ {
		text := "The " + side.String() + " is in " + c.State[side].State.String()
		if !c.State[side].Proved {
			text += ", as far as the last segments on their way to it arrived; nothing in the capture proves that they did"
		}
		if c.FINMayHaveWaited(side) {
			text += ". Its FIN may have waited behind data when the peer's came: then it had closed before, and went from FIN-WAIT-1 to CLOSING and TIME-WAIT"
		}
		p.hanging(2, "", plain, text+".", plain)
	}
	for _, h := range c.Close.TimeWait {
		text := "TIME-WAIT keeps the " + h.Side.String() + "'s addresses and ports out of use for 2 MSL, so that a lost last ACK can be sent again and old segments die out: until " +
			moment(h.Until) + ", " + phrase.Duration(span(h.Since, h.Until)) + " after it began. No wire shows it"
		if h.Ended != "" {
			text += " (" + strings.TrimPrefix(timeWaitEnd(&h), "expected, not visible on the wire; ") + ")"
		}
		p.hanging(2, "", plain, p.text(text+"."), plain)
	}
	if text := p.spentText(c); text != "" {
		p.hanging(2, "", plain, p.text("Its time went to "+text+"."), plain)
	}
	for i := range c.Verdict.Limits {
		p.hanging(2, "", plain, p.text(c.Verdict.Limits[i].Sentence), plain)
	}
	if c.Verdict.Sentence != "" && !c.Verdict.Sure {
		p.hanging(2, "", plain, "The capture leaves room for another explanation of how it ended.", dim)
	}
}
