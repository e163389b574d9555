package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var refusesMany = record.CheckDoc{
	Name: record.CheckServerRefusesMany, Title: "service refuses most connections", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 9293 §3.10.7.1",
	Condition: "A service refuses 10 connections or more, at least half of all that are tried.",
	Benign:    []string{"the service is off, as intended", "a firewall that refuses in the server's name"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "conn_state REJ"}},
	Filter:    "tcp.flags.reset == 1 && tcp.seq == 1 && tcp.ack == 1",
}

var resetsMany = record.CheckDoc{
	Name: record.CheckServerResetsMany, Title: "service resets most connections", Severity: record.SeverityNote, Family: "together", Rule: "RFC 9293 §3.10.5",
	Condition: "A service ends 10 connections or more with a RST after they were opened, at least half of all that were opened.",
	Benign:    []string{"servers and load balancers that end idle connections so", "an application that closes with data unread"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "conn_state RSTR"}},
	Filter:    "tcp.flags.reset == 1",
}

// servers follows how services treat those who come.
type servers struct{ all map[service]*treatment }

type treatment struct {
	tried, opened  uint64
	refused, reset sample
	inrush         inrush
}

func (d *servers) add(c *record.Connection) {
	if !attempted(c) {
		return
	}
	t := at(&d.all, serviceOf(c.Server))
	if t == nil {
		return
	}
	t.tried++
	t.inrush.add(c)
	if c.Handshake.Complete {
		t.opened++
	}
	switch {
	case c.Close.Kind == record.CloseRefused:
		t.refused.add(c)
	case c.Close.Kind == record.CloseReset && c.Close.ResetBy == "server" && c.Handshake.Complete:
		t.reset.add(c)
	}
}

func (d *servers) findings() []finding {
	var out []finding
	for s, t := range d.all {
		out = t.inrush.findings(out, s, t.tried)
		if n := t.refused.n; n >= 10 && 2*n >= t.tried {
			out = append(out, finding{
				check: &refusesMany, side: "server", count: n, ids: t.refused.ids, frames: t.refused.frames,
				seen: fmt.Sprintf("%d refused of %d tried", n, t.tried), expected: "SYN-ACKs",
				message: fmt.Sprintf("%s refused %d of %d connections.", s, n, t.tried),
			})
		}
		if n := t.reset.n; n >= 10 && 2*n >= t.opened {
			out = append(out, finding{
				check: &resetsMany, side: "server", count: n, ids: t.reset.ids, frames: t.reset.frames,
				seen: fmt.Sprintf("%d reset of %d opened", n, t.opened), expected: "FINs",
				message: fmt.Sprintf("%s reset %d of the %d connections that were opened to it.", s, n, t.opened),
			})
		}
	}
	return out
}
