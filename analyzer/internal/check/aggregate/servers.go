package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var refusesMany = record.CheckDoc{
	Name: record.CheckServerRefusesMany, Title: "service refuses most connections", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 9293 §3.10.7.1",
	Condition: "A service refuses 10 connections or more, at least half of all attempts.",
	Benign:    []string{"the service is down, as intended", "a firewall that rejects with a RST in the server's name"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "conn_state REJ"}},
	Filter:    "tcp.flags.reset == 1 && tcp.seq == 1 && tcp.ack == 1",
}

var resetsMany = record.CheckDoc{
	Name: record.CheckServerResetsMany, Title: "service resets most connections", Severity: record.SeverityNote, Family: "together", Rule: "RFC 9293 §3.10.5",
	Condition: "A service resets 10 established connections or more, at least half of all that were established.",
	Benign:    []string{"servers and load balancers that reset idle connections", "an application that closes with unread data"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "conn_state RSTR"}},
	Filter:    "tcp.flags.reset == 1",
}

// servers follows how services treat those who come.
type servers struct {
	all earliest.Map[service, treatment]

	// The one that the latest connection went to: in a flood it is the same again and again.
	latest service
	its    *treatment
}

type treatment struct {
	tried, opened  uint64
	refused, reset sample
	inrush         inrush
}

func (d *servers) add(c *record.Connection) {
	if !attempted(c) {
		return
	}
	to, t := serviceOf(c.Server), d.its
	if t == nil || to != d.latest {
		if t = at(&d.all, to); t == nil {
			return
		}
		d.latest, d.its = to, t
	}
	t.tried++
	t.inrush.add(c)
	if c.Handshake.Complete {
		t.opened++
	}
	switch {
	case c.Close.Kind == record.CloseRefused:
		t.refused.add(c)
	case c.Close.Kind == record.CloseReset && c.Close.ResetBy == "server" && c.Handshake.Complete && c.Verdict.Code != record.VerdictClosedBeforeAlert:
		t.reset.add(c)
	}
}

func (d *servers) findings() []finding {
	var out []finding
	for s, t := range d.all.All() {
		out = t.inrush.findings(out, s, t.tried)
		if n := t.refused.n; n >= 10 && 2*n >= t.tried {
			out = append(out, finding{
				check: &refusesMany, side: "server", count: n, ids: t.refused.ids, frames: t.refused.frames,
				seen: fmt.Sprintf("%s of %s refused", phrase.Count(n), phrase.Counted(t.tried, "attempt", "attempts")), expected: "SYN-ACKs",
				message: fmt.Sprintf("%s refused %s of %s.", s, phrase.Count(n), phrase.Counted(t.tried, "connection attempt", "connection attempts")),
			})
		}
		if n := t.reset.n; n >= 10 && 2*n >= t.opened {
			out = append(out, finding{
				check: &resetsMany, side: "server", count: n, ids: t.reset.ids, frames: t.reset.frames,
				seen: fmt.Sprintf("%s of %s reset", phrase.Count(n), phrase.Counted(t.opened, "established connection", "established connections")), expected: "FINs",
				message: fmt.Sprintf("%s reset %s of %s.", s, phrase.Count(n), phrase.Counted(t.opened, "established connection", "established connections")),
			})
		}
	}
	return out
}
