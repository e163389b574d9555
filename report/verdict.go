package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// verdictWords writes a verdict's code as people say it.
func verdictWords(code string) string {
	if c := record.FindVerdictCode(code); c != nil {
		return c.Title
	}
	return code
}

// verdictBriefly says in a few words how the connection ended and by whom.
func verdictBriefly(c *record.Connection) string {
	code := c.Verdict.Code
	if code == "" {
		return closedBriefly(c)
	}
	text := verdictWords(code)
	switch {
	case code == "closed-normally", code == "closed-with-reset", code == "close-unacknowledged":
		if c.Close.FirstCloser != "" {
			text += ", " + c.Close.FirstCloser + " first"
		}
	case code == "half-closed":
		text += optional(" by the ", c.Close.FirstCloser)
	case strings.HasPrefix(code, "reset-") && code != "reset-by-third-party" && code != "reset-injected":
		if c.Close.ResetBy != "" {
			text += ", by the " + c.Close.ResetBy
		}
	}
	for i := range c.Verdict.Limits {
		if l := &c.Verdict.Limits[i]; l.Code != "limited-by-application" {
			text += "; " + verdictWords(l.Code)
			break
		}
	}
	return text
}

// verdictHead opens a timeline's head with the verdict and what held the data back.
func (p *page) verdictHead(c *record.Connection) {
	v := &c.Verdict
	if v.Code == "" {
		return
	}
	st := plain
	switch v.Concern() {
	case record.ConcernFailure:
		st = red
	case record.ConcernTrouble:
		st = yellow
	}
	p.hanging(2, padRight("verdict", headNames), dim, p.text(v.Sentence), st)
	for i := range v.Limits {
		p.head("", v.Limits[i].Sentence)
	}
}

// verdictField counts the verdicts, those that tell of failures first.
func (p *page) verdictField(s *record.Summary) {
	var list []string
	for _, v := range s.Verdicts {
		list = append(list, phrase.Count(v.N)+" "+verdictWords(v.Code))
	}
	p.field(summaryNames, "verdicts", p.text(strings.Join(list, ", ")))
}
