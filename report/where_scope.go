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
	"quality.trust", "quality.midstream", "quality.one_sided", "zeek.conn_state", "suricata.state",
}, bothSides("retransmissions", "resent_bytes", "out_of_order", "duplicate_acks", "zero_windows", "window_probes")...)

// byCount are those that differ from one to the other, and are right in records for
// counting all the same.
var byCount = append([]string{
	"id", "client.ip", "client.port", "server.ip", "server.port", "service",
	"first_time", "last_time", "duration_s", "first_frame", "last_frame", "handshake.duration_s",
	"exchanges.answer.samples", "exchanges.answer.min_s", "exchanges.answer.median_s", "exchanges.answer.p95_s", "exchanges.answer.p99_s", "exchanges.answer.max_s",
}, bothSides("packets", "bytes", "unique_bytes")...)

// ofFindings are the names of a finding that are among those by kind.
var ofFindings = []string{"name", "severity", "endpoint"}

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
			s.other = s.other || !slices.Contains(ofFindings, name.Value)
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
		if len(n.Arguments) > 0 && slices.Contains([]string{"any", "all", "none", "one", "count", "len"}, n.Name) && s.names[n.Arguments[0]] == "anomalies" {
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
