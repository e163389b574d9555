package explain

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Explanation is how one segment was judged, in words.
type Explanation struct {
	Connection  *record.Connection
	Segment     *record.Segment
	Tests       []Test            // what the segment was put to, in order
	Outcome     string            // what became of it at its receiver, a sentence; empty for a duplicate frame
	Evidence    []string          // what it shows of earlier segments, and later ones of it; sentences
	Transitions []*fsm.Transition // that it caused
	Findings    []*record.Anomaly // that name the frame
	Wireshark   []string          // the fields that Wireshark would set, with a remark where it would be wrong
}

// Test is one test that a segment was put to.
type Test struct {
	Name   string // what was tested
	Rule   string // where it is asked for, an RFC clause as a rule
	Result fsm.Result
	Text   string // the numbers, and what follows from them
}

// Frame explains how the segment in the given frame was judged. The analysis must
// have kept the connection's segments and this one's judgement, as
// analyzer.Options say with Segments and Judge; without them it returns nil.
func Frame(c *record.Connection, frame fsm.Frame) *Explanation {
	i := slices.IndexFunc(c.Segments, func(s record.Segment) bool { return s.Frame == frame })
	if i < 0 {
		return nil
	}
	s := &c.Segments[i]
	doubled := slices.Contains(s.Labels, record.LabelDuplicateFrame)
	if s.Judgement == nil && !doubled {
		return nil
	}
	e := &Explanation{Connection: c, Segment: s, Transitions: transitionsAt(c, frame), Wireshark: wireshark(c, s)}
	for k := range c.Anomalies {
		if slices.Contains(c.Anomalies[k].Frames, frame) {
			e.Findings = append(e.Findings, &c.Anomalies[k])
		}
	}
	e.copies()
	if doubled {
		return e // the machine never saw it
	}
	e.controlBits()
	o := originsOf(c.Segments)
	o.learn(s)
	e.machine(o)
	e.sentBefore(o)
	e.window(o)
	e.timestamps()
	e.options()
	return e
}

func (e *Explanation) add(name, rule string, r fsm.Result, text string) {
	e.Tests = append(e.Tests, Test{name, rule, r, text})
}

func (e *Explanation) has(label record.Label) bool { return slices.Contains(e.Segment.Labels, label) }

// machine tells the tests that the protocol machine made, and what came of them.
func (e *Explanation) machine(o *origins) {
	s := e.Segment
	who := phrase.By(s.From.Peer())
	receiver, sender := &s.Judgement.Machine[s.From.Peer()], &s.Judgement.Machine[s.From]
	fill := e.numbers(o)
	for i := range receiver.Tests {
		t := &receiver.Tests[i]
		text, result := fill.Replace(decisionWords[t.Decision]), t.Decision.Result()
		if t.Overruled != 0 {
			text += " " + phrase.Capital(phrase.Frame(t.Overruled)) + " shows that " + who + " took it all the same."
			result = fsm.Noted
		}
		e.add(testNames[t.Decision.Test()], t.Decision.Rule(), result, text)
	}
	e.Outcome = phrase.Capital(fill.Replace(outcomeWords[receiver.Outcome()]))
	for _, v := range sender.Shows {
		e.Evidence = append(e.Evidence, shows(phrase.By(s.From), v))
	}
	for _, v := range receiver.Later {
		e.Evidence = append(e.Evidence, later(who, v))
	}
	e.Evidence = slices.Compact(e.Evidence)
}

// testNames are the names of the machine's tests.
var testNames = map[fsm.TestKind]string{
	fsm.TestDelivery:   "delivery",
	fsm.TestClosed:     "receiver without a connection",
	fsm.TestSynSentACK: "ACK in SYN-SENT",
	fsm.TestSynSentRST: "RST in SYN-SENT",
	fsm.TestSynSentSYN: "SYN in SYN-SENT",
	fsm.TestSequence:   "sequence number",
	fsm.TestRST:        "RST",
	fsm.TestSYN:        "SYN",
	fsm.TestACK:        "ACK",
	fsm.TestAckOfFIN:   "ACK of the FIN",
	fsm.TestFIN:        "FIN",
}

// outcomeWords say what became of a segment at {who}, its receiver.
var outcomeWords = map[fsm.Outcome]string{
	fsm.Accepted:    "{who} accepts it when it arrives.",
	fsm.Dropped:     "{who} ignores it.",
	fsm.AckDue:      "{who} drops it and answers with an ACK of what it expects.",
	fsm.RSTDue:      "{who} drops it and answers with a RST.",
	fsm.Resets:      "it resets the connection at {who}.",
	fsm.AnswerTells: "only {who}'s answer can tell what it does with it.",
	fsm.Undelivered: "it does not reach {who}.",
	fsm.NotTaken:    "it did not reach {who}, or had no effect there, as later segments show.",
}

// causes name what an event was caused by.
var causes = map[fsm.Event]string{
	fsm.RecvRST: "the RST", fsm.RecvSYN: "the SYN", fsm.RecvSYNACK: "the SYN-ACK", fsm.AckOfSYN: "the ACK of its SYN",
	fsm.AckOfFIN: "the ACK of its FIN", fsm.RecvFIN: "the FIN",
}

// shows says what a segment of who tells of an earlier segment.
func shows(who string, v fsm.Evidence) string {
	what, received := causes[v.Event]
	where := ", which was not captured"
	if v.Frame != 0 {
		where = " in " + phrase.Frame(v.Frame)
	}
	switch {
	case v.Event == fsm.SendRST:
		return "It shows that the RST" + where + " did not end the connection for " + who + ": the two were captured out of order, or that RST was not " + who + "'s."
	case !received:
		return "It shows that " + who + " had sent its FIN before the segment" + where + "."
	case v.Kind == fsm.Proved:
		return "It proves that " + what + where + " had reached " + who + "."
	case v.Kind == fsm.Shown:
		return "It shows that " + who + " had received " + what + where + "."
	}
	return "It shows that " + what + where + " had not reached " + who + ", or had no effect there."
}

// later says what a later segment tells of this one, which went to who.
func later(who string, v fsm.Evidence) string {
	text := phrase.Capital(phrase.Frame(v.Frame))
	switch v.Kind {
	case fsm.Proved:
		return text + " proves that it reached " + who + "."
	case fsm.Shown:
		return text + " shows that it reached " + who + "."
	}
	return text + " shows that it had not reached " + who + ", or had no effect there."
}
