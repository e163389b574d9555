package explain

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// icmpError tells an ICMP error about one of the connection's segments.
func (t *narrator) icmpError(e *record.ICMPError) {
	t.closeRun()
	s := Step{First: e.Frame, Last: e.Frame, Time: e.Time, From: e.Side.Peer(), ICMP: e, Findings: t.findings(e.Frame)}
	about := "a segment of " + phrase.By(e.Side) + " that was not captured"
	if e.Quoted != 0 {
		about = phrase.By(e.Side) + "'s segment in " + phrase.Frame(e.Quoted)
	}
	s.Text = e.From.String() + " reports an ICMP error about " + about + ": " + e.Name() + "."
	for _, tr := range transitionsAt(t.c, e.Frame) {
		if tr.Event == fsm.RecvICMPError {
			s.Transitions = append(s.Transitions, tr)
			s.Text += " No SYN follows it: the attempt was given up, if the error arrived."
		}
	}
	if e.Kind() == record.ICMPTooBig {
		s.Text += " What is larger than that has to be sent again in smaller packets."
	}
	t.steps = append(t.steps, s)
}
