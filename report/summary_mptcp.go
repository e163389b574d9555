package report

import (
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// mptcpField tells which connections are subflows of one MPTCP connection, and how those
// ended: all in a count, and one by one the first that did not just close.
func (p *page) mptcpField(s *record.MPTCPSummary) {
	if s == nil {
		return
	}
	parts := []string{phrase.Counted(s.Connections, "connection", "connections") + " of " + phrase.Counted(s.Subflows, "subflow", "subflows")}
	for _, v := range s.Verdicts {
		parts = append(parts, phrase.Count(v.N)+" "+strings.ReplaceAll(string(v.Code), "-", " "))
	}
	for _, x := range []struct {
		n    uint64
		what string
	}{
		{s.Unjoined, "joining subflows whose first one's handshake is not in the capture"},
		{s.Untold, "using it whose own handshake is not in the capture: subflows of which connection is not known"},
		{s.Refused, "offered and not taken"},
		{s.Unanswered, "offered and not answered"},
		{s.Forgotten, "not remembered to the end: later subflows of these are not joined"},
	} {
		if x.n > 0 {
			parts = append(parts, phrase.Count(x.n)+" "+x.what)
		}
	}
	p.field(summaryNames, "MPTCP", p.text(strings.Join(parts, "; ")))
	const most = 5
	list := slices.Clone(s.List)
	slices.SortStableFunc(list, func(a, b record.MPTCPGroup) int { return rank(a.Verdict) - rank(b.Verdict) })
	for i := range list[:min(len(list), most)] {
		g := &list[i]
		p.field(summaryNames, "", p.text(p.connectionIDs(g.IDs)+": "+g.Sentence))
	}
	if more := s.Connections - uint64(min(len(list), most)); more > 0 {
		p.field(summaryNames, "", p.text("and "+phrase.Counted(more, "other", "others")+": --json lists them"))
	}
}

// rank puts what ended as it should last.
func rank(v record.MPTCPVerdict) int {
	switch v {
	case record.MPTCPClosed:
		return 2
	case record.MPTCPOpen:
		return 1
	}
	return 0
}
