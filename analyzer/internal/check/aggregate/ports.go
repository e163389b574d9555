package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

var portsRunningOut = record.CheckDoc{
	Name: record.CheckPortsRunningOut, Title: "ports used again within 2 MSL", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 9293 §3.6.1; RFC 6056 §3.2",
	Condition: "A client uses 10 or more 4-tuples to one service again while TIME-WAIT of the connection before should still last, and from the first of them on at least a quarter of its connections there are such (ports drawn by chance repeat too, but seldom): it goes through its ports faster than they become free.",
	Benign:    []string{"a load test", "a small range of source ports, as behind an address translator", "hosts that keep TIME-WAIT for less than 2 MSL as configured here (--msl)"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.reused_ports"}},
	Filter:    "tcp.analysis.reused_ports",
}

// ports follows how soon 4-tuples are used again.
type ports struct{ users map[user]*reuse }

// reuse holds the connections of a client to a service that came too early, and
// how many connections it had there in all since the first of them.
type reuse struct {
	early sample
	all   uint64
}

type user struct {
	from host
	to   service
}

func (d *ports) add(c *record.Connection) {
	k := user{hostOf(c.Client), serviceOf(c.Server)}
	if r := d.users[k]; r != nil {
		r.all++
	}
	if c.Incarnation < 2 {
		return
	}
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		if a.Name == record.CheckTimeWaitReuseLegal || a.Name == record.CheckTimeWaitMissing && len(a.Frames) > 0 && a.Frames[0] == c.Handshake.SYN {
			if r := at(&d.users, k); r != nil {
				r.all = max(r.all, 1)
				r.early.add(c)
			}
			return
		}
	}
}

func (d *ports) findings() []finding {
	var out []finding
	for k, r := range d.users {
		s := &r.early
		if s.n < 10 || s.n*4 < r.all {
			continue
		}
		out = append(out, finding{
			check: &portsRunningOut, side: "client", count: s.n, ids: s.ids, frames: s.frames,
			seen: fmt.Sprintf("%d 4-tuples used again early", s.n), expected: "2 MSL between two uses",
			message: fmt.Sprintf("%s used %d of its ports to %s again before TIME-WAIT was over: it is running out of ports.", k.from, s.n, k.to),
		})
	}
	return out
}
