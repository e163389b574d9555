package analyzer_test

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What explains a connection and stands beside it: ICMP errors, path MTU.
func init() {
	cases = append(cases, []situation{
		{"syn-icmp-rejected", func(r caseReport) bool {
			return r.codes("rejected-by-icmp") && len(r.first().ICMP) == 1 && r.states(fsm.Closed, fsm.Closed) && !r.first().State[fsm.Client].Proved
		}},
		{"icmp-fragmentation-needed", func(r caseReport) bool {
			c := r.first()
			k := &c.Traffic[fsm.Client].Kinds
			return k.PathMTU == 7 && r.resent() == 7 && len(c.ICMP) == 4 && c.ICMP[0].MTU == 1000 && c.ICMP[3].Quoted.Number() == 7
		}},
		{"mtu-black-hole", func(r caseReport) bool {
			return blackHole(r) && r.first().Verdict.Code == "path-mtu-black-hole"
		}},
		{"mtu-black-hole-found-by-probing", func(r caseReport) bool { return blackHole(r) && r.codes("closed-normally") }},
		{"mtu-black-hole-upload-at-sender", func(r caseReport) bool {
			return blackHole(r) && r.codes("path-mtu-black-hole") && !r.has("data-unacknowledged")
		}},
		{"two-responders-second-resets", func(r caseReport) bool {
			found := r.anomaly(func(a *record.Anomaly) bool {
				return a.Name == "second-responder" && a.Severity == record.SeverityWarning
			})
			return found && r.codes("reset-by-third-party") && !r.has("half-open-recovery") && r.first().State[fsm.Server].State == fsm.Established
		}},
		{"accecn-handshake", func(r caseReport) bool {
			h, t := &r.first().Handshake, &r.first().Traffic[fsm.Server]
			return r.quiet() && h.ECNMode == record.ECNAccurate && h.Options[fsm.Server].ECN && t.CEPackets == 3 && t.CEReported == 3
		}},
		{"reply-bypasses-translation-bridge", func(r caseReport) bool {
			return r.codes("unanswered", "handshake-aborted-by-client") && !r.has("old-duplicate-syn") && linked(r, 1, 1, record.RelatedBypasses)
		}},
		{"reply-not-translated-back", func(r caseReport) bool { return linked(r, 1, 1, record.RelatedBypasses) }},
		{"mptcp-half-close", func(r caseReport) bool {
			return r.quiet() && r.labelled(16, "mptcp-data-fin") && r.labelled(20, "mptcp-data-fin") && !r.labelled(17, "mptcp-data-fin")
		}},
	}...)
}

// blackHole reports whether a path MTU black hole was found.
func blackHole(r caseReport) bool {
	return r.anomaly(func(a *record.Anomaly) bool {
		return a.Name == "path-mtu-black-hole" && a.Severity == record.SeverityWarning
	})
}

// linked reports whether a connection, counted from 0, is linked to the one with that ID.
func linked(r caseReport, i int, id uint64, kind record.RelatedKind) bool {
	list := r.Connections[i].Related
	return len(list) == 1 && list[0].ID == id && list[0].Kind == kind
}
