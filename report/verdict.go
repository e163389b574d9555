package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// verdictWords writes a verdict's code as people say it.
func verdictWords(code record.VerdictCode) string {
	if c := code.Doc(); c != nil {
		return c.Title
	}
	return string(code)
}

// verdictBriefly says in a few words how the connection ended and by whom.
func verdictBriefly(c *record.Connection) string {
	code := c.Verdict.Code
	if code == "" {
		return closedBriefly(c)
	}
	text := verdictWords(code)
	switch {
	case code == record.VerdictClosedNormally, code == record.VerdictClosedBeforeAlert, code == record.VerdictClosedWithReset, code == record.VerdictCloseUnacknowledged:
		if c.Close.FirstCloser != "" {
			text += ", " + c.Close.FirstCloser + " first"
		}
	case code == record.VerdictHalfClosed:
		text += optional(" by the ", c.Close.FirstCloser)
	case strings.HasPrefix(string(code), "reset-") && code != record.VerdictResetByThirdParty && code != record.VerdictResetInjected:
		if c.Close.ResetBy != "" {
			text += ", by the " + c.Close.ResetBy
		}
	}
	for i := range c.Verdict.Limits {
		if l := &c.Verdict.Limits[i]; l.Code != record.VerdictLimitedByApplication {
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
