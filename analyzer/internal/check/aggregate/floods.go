package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var synFlood = record.CheckDoc{
	Name: record.CheckSYNFlood, Title: "SYN flood", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 4987 §2",
	Condition: "A service receives 100 SYNs or more whose handshakes are never completed, 10 or more per second, and these are at least half of all attempts.",
	Benign:    []string{"a load test", "a capture of one direction only", "a service that is down and clients that retry"},
	Peers:     []record.PeerName{{Tool: "Suricata", Name: "stream.3whs_syn_flood, stream.3whs_synack_flood"}},
	Filter:    "tcp.completeness == 1 || tcp.completeness == 3",
}

var synCookies = record.CheckDoc{
	Name: record.CheckSYNCookieSuspected, Title: "SYN cookies in use", Severity: record.SeverityNote, Family: "together", Rule: "RFC 4987 §3.6",
	Condition: "A service that answers window scale and SACK of some clients leaves them out for five or more others that offer them: a SYN cookie has no room for these options.",
	Benign:    []string{"several servers behind one address, configured differently", "a middlebox that removes options on some paths"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.syncookie.* (a setting)"}},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 1 && !tcp.options.sack_perm",
}

// inrush is what a service gets.
type inrush struct {
	unfinished  sample
	first, last fsm.Time // of the unfinished
	sources     set[host]
	rich        uint64 // SYN-ACKs that take up what the SYN offered …
	poor        sample // … and that don't
}

func (t *inrush) add(c *record.Connection) {
	h := &c.Handshake
	if !h.Complete && c.Close.RST == 0 {
		if t.unfinished.n == 0 || c.First < t.first {
			t.first = c.First
		}
		t.last = max(t.last, c.First)
		t.unfinished.add(c)
		t.sources.add(hostOf(c.Client))
	}
	if o, a := &h.Options[fsm.Client], &h.Options[fsm.Server]; h.SYNACK != 0 && o.Seen && a.Seen && o.SACKPermitted && o.WindowScale >= 0 {
		if a.SACKPermitted && a.WindowScale >= 0 {
			t.rich++
		} else if !a.SACKPermitted && a.WindowScale < 0 && a.MSS != 0 && a.Cut == 0 {
			t.poor.add(c)
		}
	}
}

func (t *inrush) findings(out []finding, s service, attempts uint64) []finding {
	n := t.unfinished.n
	if span := t.last.Seconds(t.first); n >= 100 && 2*n >= attempts && float64(n) >= 10*span {
		out = append(out, finding{
			check: &synFlood, side: "client", count: n, ids: t.unfinished.ids, frames: t.unfinished.frames,
			seen: fmt.Sprintf("%s of %s not completed, in %s", phrase.Count(n), phrase.Counted(attempts, "handshake", "handshakes"), phrase.Duration(span)), expected: "completed handshakes",
			message: fmt.Sprintf("%s received %s SYNs within %s, from %s, whose handshakes were never completed.", s, phrase.Count(n), phrase.Duration(span), t.sources.words("address", "addresses")),
		})
	}
	if t.poor.n >= 5 && t.rich >= 1 {
		out = append(out, finding{
			check: &synCookies, side: "server", count: t.poor.n, ids: t.poor.ids, frames: t.poor.frames,
			seen: fmt.Sprintf("%s without these options, %s with", phrase.Counted(t.poor.n, "SYN-ACK", "SYN-ACKs"), phrase.Count(t.rich)), expected: "the same options for every client that offers them",
			message: fmt.Sprintf("%s left out window scale and SACK in %s of %s although the clients offered them, as SYN cookies do.", s, phrase.Count(t.poor.n), phrase.Counted(t.poor.n+t.rich, "SYN-ACK", "SYN-ACKs")),
		})
	}
	return out
}
