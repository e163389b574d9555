package kernelscore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// expectation is what must be said of a scene, and what must not.
type expectation struct {
	text  string                     // in words, for the table
	at    []lab.Vantage              // places that can know, since what it is about passes them; nil for all
	when  func(*lab.Connection) bool // which plays count: one of their connections must be so; nil for all
	named func(*played) bool
	never []string // findings and verdict codes that accuse somebody wrongly
	quiet bool     // every warning and error is wrong
}

// accused returns what is said wrongly of a play.
func (e *expectation) accused(p *played) (wrong []string) {
	if e.quiet {
		wrong = p.names("warning")
	}
	for _, name := range append(p.names("note"), p.codes()...) {
		if slices.Contains(e.never, name) && !slices.Contains(wrong, name) {
			wrong = append(wrong, name)
		}
	}
	return wrong
}

// Ways to say what a play is about.

func anyCode(codes ...string) func(*played) bool {
	return func(p *played) bool {
		return slices.ContainsFunc(p.codes(), func(c string) bool { return slices.Contains(codes, c) })
	}
}

func everyCode(codes ...string) func(*played) bool {
	return func(p *played) bool {
		return !slices.ContainsFunc(p.codes(), func(c string) bool { return !slices.Contains(codes, c) })
	}
}

func finds(name string) func(*played) bool {
	return func(p *played) bool { return slices.Contains(p.names("note"), name) }
}

func says(words ...string) func(*played) bool {
	return func(p *played) bool {
		text := p.words()
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
}

// related reports whether a connection of the play is tied to another.
func related(kinds ...string) func(*played) bool {
	return func(p *played) bool {
		return slices.ContainsFunc(p.connections, func(c map[string]any) bool {
			return slices.ContainsFunc(list(c["related"]), func(r map[string]any) bool {
				return slices.Contains(kinds, fmt.Sprint(r["kind"]))
			})
		})
	}
}

// resent adds up a count of both sides' retransmissions of a kind.
func resent(p *played, kind string) (n float64) {
	for _, c := range p.connections {
		for _, side := range []string{"client", "server"} {
			x, _ := under(c, "traffic", side, "retransmission_kinds", kind).(float64)
			n += x
		}
	}
	return n
}

func both(checks ...func(*played) bool) func(*played) bool {
	return func(p *played) bool {
		return !slices.ContainsFunc(checks, func(f func(*played) bool) bool { return !f(p) })
	}
}

var (
	closed = everyCode("closed-normally", "closed-simultaneously")

	// thirdParty are accusations of somebody between, or of an endpoint, that are
	// wrong wherever the box is seen to have done it.
	thirdParty = []string{"reset-injected", "rst-injection-suspected", "reset-by-third-party", "port-scan", "host-scan", "old-duplicate-syn", "delayed-copies"}
	// The kernel sends no more than so many errors a second: then nobody was told.
	rejected = func(c *lab.Connection) bool {
		return c.ClientSide.Connect != nil && c.ClientSide.Connect.Error != "ETIMEDOUT"
	}
	openedLate = func(c *lab.Connection) bool {
		return c.ClientSide.Connect != nil && (c.ClientSide.Connect.Error != "" || c.ClientSide.Connect.TookS > 0.02)
	}
)

// expected is what must be said of each scene, by the names of its plan.
var expected = map[string]*expectation{
	"icmp-reject-firewall": {text: "`rejected-by-icmp`", named: both(everyCode("rejected-by-icmp"), says("ICMP")), never: []string{"connect-no-answer", "unanswered", "capture-cut"}},
	"icmp-reject-router":   {text: "`rejected-by-icmp`", when: rejected, named: both(everyCode("rejected-by-icmp"), says("ICMP")), never: []string{"connect-no-answer", "unanswered", "capture-cut"}},
	"icmp-time-exceeded": {text: "a code of its own, ICMP", named: func(p *played) bool { return says("ICMP")(p) && !anyCode("unanswered", "rejected-by-icmp")(p) },
		never: []string{"connect-no-answer", "unanswered", "rejected-by-icmp", "capture-cut"}},
	"icmp-reject-established": {text: "ICMP, in the words", at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, named: says("ICMP"), never: []string{"peer-vanished", "reset-in-place-of-close"}},
	"reset-by-firewall":       {text: "`refused`", at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, named: everyCode("refused", "reset-by-third-party"), never: []string{"reset-injected"}},
	"dropped-by-firewall":     {text: "`unanswered`", named: everyCode("unanswered"), never: []string{"rejected-by-icmp", "capture-cut"}},

	"path-mtu-upload": {text: "MTU and ICMP, kind `path_mtu`", named: func(p *played) bool {
		return says("MTU", "ICMP")(p) && resent(p, "path_mtu") > 0 && resent(p, "fast") == 0
	},
		at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, quiet: true},
	"path-mtu-download": {text: "MTU and ICMP, kind `path_mtu`", named: func(p *played) bool {
		return says("MTU", "ICMP")(p) && resent(p, "path_mtu") > 0 && resent(p, "fast") == 0
	},
		at: []lab.Vantage{lab.AtServer, lab.AtBox}, quiet: true},
	"black-hole-upload":   {text: "`path-mtu-black-hole`", at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, named: finds("path-mtu-black-hole"), never: []string{"peer-vanished", "reset-in-place-of-close"}},
	"black-hole-download": {text: "`path-mtu-black-hole`", at: []lab.Vantage{lab.AtServer, lab.AtBox}, named: finds("path-mtu-black-hole"), never: []string{"peer-vanished"}},
	"black-hole-probed":   {text: "`path-mtu-black-hole`, closed", at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, named: finds("path-mtu-black-hole"), never: []string{"peer-vanished"}},

	"destination-nat": {text: "linked at the box, closed", named: linkedAtBox(closed), quiet: true, never: thirdParty},
	"source-nat":      {text: "linked at the box, closed", named: linkedAtBox(closed), quiet: true, never: thirdParty},
	"full-nat":        {text: "linked at the box, closed", named: linkedAtBox(closed), quiet: true, never: thirdParty},
	"reply-not-translated-back": {text: "related `bypasses-translation`", at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, named: related("bypasses-translation"),
		// Each record is judged by itself: nothing came back to the SYN from where it was sent to, and the client
		// did refuse what came from elsewhere. The link says why.
		never: append([]string{"reset-after-connect", "reset-injected", "rst-injection-suspected"}, thirdParty...)},
	"forgotten-dropped": {text: "`dropped-while-idle` or `peer-vanished`", at: []lab.Vantage{lab.AtClient, lab.AtRouter, lab.AtBox}, named: anyCode("dropped-while-idle", "peer-vanished"), never: thirdParty},
	"forgotten-reset": {text: "`reset-by-third-party`", named: anyCode("reset-by-third-party"),
		never: []string{"reset-state-lost", "reset-injected"}}, // that the RST is another host's is right here
	"syn-proxy": {text: "closed, one connection or two linked", at: []lab.Vantage{lab.AtClient, lab.AtServer, lab.AtBox}, named: linkedAtBox(closed), quiet: true, never: append([]string{"retransmission"}, thirdParty...)},

	"renumbering-server": {text: "closed; two linked at the router", named: linkedAt(lab.AtRouter, closed), quiet: true, never: append([]string{"retransmission", "second-responder"}, thirdParty...)},
	"renumbering-client": {text: "closed; two linked at the router", named: linkedAt(lab.AtRouter, closed), quiet: true, never: append([]string{"retransmission", "second-responder"}, thirdParty...)},
	"renumbering-both":   {text: "closed; two linked at the router", named: linkedAt(lab.AtRouter, closed), quiet: true, never: append([]string{"retransmission", "second-responder"}, thirdParty...)},
	"second-responder": {text: "`second-responder`, closed", at: []lab.Vantage{lab.AtClient}, named: both(closed, finds("second-responder")),
		never: append([]string{"handshake-bad-final-ack", "reset-state-lost"}, thirdParty...)},

	"time-wait-met": {text: "TIME-WAIT is named", when: openedLate, named: says("TIME-WAIT"), never: append([]string{"handshake-client-abort", "handshake-bad-synack-ack"}, thirdParty...)},
	"time-wait-kept": {text: "`refused-by-time-wait`", when: func(c *lab.Connection) bool { return c.ClientSide.Connect != nil && c.ClientSide.Connect.Error != "" },
		named: anyCode("refused-by-time-wait"), never: append([]string{"time-wait-assassination", "handshake-client-abort", "unanswered"}, thirdParty...)},

	"closed-late":     {text: "`closed-late`", named: anyCode("closed-late"), never: []string{"time-wait-missing", "closed-with-reset", "reset-state-lost"}},
	"early-refusal":   {text: "data unread", named: says("unread", "not read", "never read"), never: []string{"reset-injected", "rst-injection-suspected"}},
	"one-octet-loss":  {text: "no keepalive, closed", named: func(p *played) bool { return closed(p) && probes(p) == 0 }, never: []string{"keepalive-excessive", "keepalive-while-data-outstanding"}},
	"keepalive-heals": {text: "`dead-by-keepalive`", at: []lab.Vantage{lab.AtClient, lab.AtRouter}, named: both(anyCode("dead-by-keepalive"), finds("keepalive-dead-peer"))},
	"health-check":    {text: "`health-check`", named: everyCode("health-check"), quiet: true, never: []string{"port-scan", "syn-scan"}},
	"defer-accept":    {text: "closed, no third ACK called lost", named: func(p *played) bool { return closed(p) && !says("did not reach it")(p) }, quiet: true},

	"fast-open-cookie":      {text: "closed", named: closed, quiet: true},
	"fast-open-no-cookie":   {text: "closed, no gap", named: closed, quiet: true},
	"fast-open-refused":     {text: "kind `fast_open_fallback`", named: func(p *played) bool { return closed(p) && resent(p, "fast_open_fallback") > 0 }, quiet: true},
	"mptcp-two-subflows":    {text: "related `mptcp-subflow`", named: related("mptcp-subflow"), quiet: true},
	"mptcp-half-close":      {text: "DATA_FIN of the client first, related", named: both(related("mptcp-subflow"), dataFINs), quiet: true, never: []string{"half-closed"}},
	"mptcp-fastclose":       {text: "MP_FASTCLOSE, related", named: both(related("mptcp-subflow"), says("MP_FASTCLOSE")), never: append([]string{"reset-state-lost"}, thirdParty...)},
	"mptcp-subflow-lost":    {text: "related `mptcp-subflow`", named: related("mptcp-subflow"), never: thirdParty},
	"mptcp-stripped-synack": {text: "`mptcp-fallback`", named: both(closed, finds("mptcp-fallback")), quiet: true, never: thirdParty},
	"mptcp-stripped-data":   {text: "`mptcp-fallback`", named: both(closed, finds("mptcp-fallback")), quiet: true, never: thirdParty},
	"two-mirrors":           {text: "closed, one connection, nothing taken for resent", named: both(closed, asOne), quiet: true, never: append([]string{"retransmission"}, thirdParty...)},
	"vlan-routed":           {text: "closed; both VLANs linked at the router", named: linkedAtRouter(closed), quiet: true, never: append([]string{"retransmission"}, thirdParty...)},
	"self-connect":          {text: "closed, in TIME-WAIT", at: []lab.Vantage{lab.AtClient}, named: closed, quiet: true},
	"vxlan-fragments":       {text: "closed, no gap", named: closed, quiet: true},
}

// linkedAt wants two legs tied together at a place that sees both.
func linkedAt(at lab.Vantage, also func(*played) bool) func(*played) bool {
	return func(p *played) bool {
		return also(p) && (p.at != at || len(p.connections) == 2 && related("leg")(p))
	}
}

// linkedAtBox wants both legs tied together, or one record, where both are seen.
func linkedAtBox(also func(*played) bool) func(*played) bool {
	return func(p *played) bool {
		return also(p) && (p.at != lab.AtBox || len(p.connections) == 1 || related("translated", "leg")(p))
	}
}

// linkedAtRouter does so where both VLANs are seen.
func linkedAtRouter(also func(*played) bool) func(*played) bool {
	return func(p *played) bool {
		return also(p) && (p.at != lab.AtRouter || len(p.connections) == 1 || related("leg")(p))
	}
}

// asOne wants one connection, of which no more was sent again than the kernel says.
func asOne(p *played) bool {
	resent := 0
	for _, c := range p.truth {
		resent += len(c.ClientSide.Retransmissions) + len(c.ServerSide.Retransmissions)
	}
	n, _ := under(p.connections[0], "traffic", "client", "retransmissions").(float64)
	m, _ := under(p.connections[0], "traffic", "server", "retransmissions").(float64)
	return len(p.connections) == 1 && int(n+m) <= resent
}

// probes counts keepalive probes of both sides.
func probes(p *played) (n float64) {
	for _, c := range p.connections {
		for _, side := range []string{"client", "server"} {
			x, _ := under(c, "traffic", side, "keepalive", "probes").(float64)
			n += x
		}
	}
	return n
}

// dataFINs reports whether both sides' DATA_FINs are told on a subflow, the client's first.
func dataFINs(p *played) bool {
	return slices.ContainsFunc(p.connections, func(c map[string]any) bool {
		client, _ := under(c, "mptcp", "data_fin", "client", "frame").(float64)
		server, _ := under(c, "mptcp", "data_fin", "server", "frame").(float64)
		return client > 0 && server > client
	})
}
