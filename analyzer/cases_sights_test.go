package analyzer_test

import "github.com/tcpflow-states/tcpflow-states/fsm"

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
	}...)
}
