package report

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// byKind are the names of a connection's JSON that say which way it went: connections that
// are judged together have them in common. Options.ChooseByKind of package analyzer has what
// they mean.
var byKind = append([]string{
	"verdict.code", "verdict.sure", "verdict.concern",
	"state.client", "state.server", "state.client_proved", "state.server_proved",
	"handshake.kind", "handshake.complete", "handshake.syns", "handshake.syn_acks",
	"close.kind", "close.first_closer", "close.reset_by", "lifetime.kind",
	"quality.trust", "quality.midstream", "quality.one_sided", "evicted", "zeek.conn_state", "suricata.state",
}, bothSides("retransmissions", "resent_bytes", "out_of_order", "duplicate_acks", "zero_windows", "window_probes",
	"spurious_proved", "spurious_likely", "lost_before_tap", "triple_duplicate_acks", "sack.segments", "sack.dsacks", "sack.most_blocks",
	"segments.syn", "segments.fin", "segments.rst", "segments.urg", "rates.retransmitted",
	"retransmission_kinds.syn", "retransmission_kinds.syn_ack", "retransmission_kinds.timeout", "retransmission_kinds.fast", "retransmission_kinds.tail_loss_probe",
	"retransmission_kinds.after_timeout", "retransmission_kinds.fast_open_fallback", "retransmission_kinds.path_mtu", "retransmission_kinds.unknown")...)

// byCount are those that differ from one to the other, and are right in records for
// counting all the same.
var byCount = append([]string{
	"id", "client.ip", "client.port", "server.ip", "server.port", "service",
	"first_time", "last_time", "duration_s", "first_frame", "last_frame", "handshake.duration_s",
	"exchanges.answer.samples", "exchanges.answer.min_s", "exchanges.answer.median_s", "exchanges.answer.p95_s", "exchanges.answer.p99_s", "exchanges.answer.max_s",
}, bothSides("packets", "bytes", "unique_bytes")...)

// byRTT are those of round trips.
var byRTT = append([]string{"handshake.server_rtt_s", "handshake.client_rtt_s"}, bothSides("rtt.samples", "rtt.min_s", "rtt.median_s", "rtt.p95_s", "rtt.max_s", "rtt.rto_s", "rtt.mean_s", "rtt.deviation_s", "rtt.smoothed_s", "rtt.smoothed_deviation_s")...)

// listsByKind are lists of which these parts of an element are among those by kind.
var (
	listsByKind = []string{"anomalies", "transitions"}
	ofLists     = []string{"name", "severity", "endpoint", "from", "to", "event", "cause"}
)

func bothSides(names ...string) (list []string) {
	for _, name := range names {
		list = append(list, "traffic.client."+name, "traffic.server."+name)
	}
	return list
}

// ByKind reports whether the expression looks at nothing in which connections differ that
// went the same way, such as at verdict.code and the names of findings.
func (w *Where) ByKind() bool { return w.scope.only(byKind) }

// ByCount reports whether it looks at nothing but that, and what is counted of each
// connection without looking into it: addresses, times, bytes.
func (w *Where) ByCount() bool { return w.scope.only(byKind, byCount) }

// ByRTT reports whether it looks at nothing but that, and round trips.
func (w *Where) ByRTT() bool { return w.scope.only(byKind, byCount, byRTT) }

// ofAll are the names of what is known of a connection only when it has its place among all of
// them.
var ofAll = []string{"id", "tcp_stream", "wireshark_filter", "related", "processes", "processes_more"}

// Early reports whether it looks at nothing that is known of a connection only when its
// place among all others is.
func (w *Where) Early() bool {
	for _, name := range w.scope.names {
		first, _, _ := strings.Cut(name, ".")
		if connectionShape().parts[first] == nil || slices.Contains(ofAll, first) {
			return false
		}
	}
	return true
}

// scope is all that an expression looks at.
type scope struct {
	names map[ast.Node]string // the longest chains of names
	other bool                // something that is not known here
	whole map[ast.Node]bool   // those looked at by themselves
}

func scopeOf(node ast.Node) *scope {
	s := &scope{names: map[ast.Node]string{}, whole: map[ast.Node]bool{}}
	ast.Walk(&node, s)
	return s
}

// Visit comes to the parts of an expression before it comes to the whole.
func (s *scope) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PointerNode: // an element of a list
		s.whole[n] = true
		return
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if _, element := n.Node.(*ast.PointerNode); element && ok {
			delete(s.whole, n.Node)
			s.other = s.other || !slices.Contains(ofLists, name.Value)
			return
		}
		if chain(n) == nil {
			s.other = true
			return
		}
		delete(s.names, n.Node)
	case *ast.ChainNode:
		delete(s.names, n.Node)
	case *ast.CallNode: // of known, for one
		delete(s.names, n.Callee)
	case *ast.BuiltinNode:
		// What these make of a list is no part of it.
		if len(n.Arguments) > 0 && slices.Contains([]string{"any", "all", "none", "one", "count", "len"}, n.Name) && slices.Contains(listsByKind, s.names[n.Arguments[0]]) {
			delete(s.names, n.Arguments[0])
		}
	}
	if path := chain(*node); path != nil {
		s.names[*node] = strings.Join(path, ".")
	}
}

// only reports whether the expression looks at nothing but what is listed.
func (s *scope) only(lists ...[]string) bool {
	if s.other || len(s.whole) > 0 {
		return false
	}
	for _, name := range s.names {
		if !slices.ContainsFunc(lists, func(list []string) bool { return slices.Contains(list, name) }) {
			return false
		}
	}
	return true
}
