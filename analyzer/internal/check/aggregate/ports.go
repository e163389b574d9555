package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var portsRunningOut = record.CheckDoc{
	Name: record.CheckPortsRunningOut, Title: "ephemeral ports running out", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 9293 §3.6.1; RFC 6056 §3.2",
	Condition: "A client reuses 10 or more 4-tuples to one service during the TIME-WAIT of the previous connection, and from the first of them on at least a quarter of its connections to it do (random port selection repeats ports too, but seldom): it uses up its ephemeral ports faster than TIME-WAIT frees them.",
	Benign:    []string{"a load test", "a small range of source ports, as behind a NAT", "hosts that keep TIME-WAIT for less than 2 MSL as set here (--msl)"},
	Peers:     []record.PeerName{{Tool: "Wireshark", Name: "tcp.analysis.reused_ports"}},
	Filter:    "tcp.analysis.reused_ports",
}

// ports follows how soon 4-tuples are used again.
type ports struct{ users earliest.Map[user, reuse] }

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
	if d.users.Len() == 0 && c.Incarnation < 2 {
		return
	}
	k := user{hostOf(c.Client), serviceOf(c.Server)}
	if r := d.users.Get(k); r != nil {
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
	for k, r := range d.users.All() {
		s := &r.early
		if s.n < 10 || s.n*4 < r.all {
			continue
		}
		out = append(out, finding{
			check: &portsRunningOut, side: "client", count: s.n, ids: s.ids, frames: s.frames,
			seen: fmt.Sprintf("%s reused within 2 MSL", phrase.Counted(s.n, "4-tuple", "4-tuples")), expected: "2 MSL between two uses",
			message: fmt.Sprintf("%s reused %s to %s before TIME-WAIT was over: it is running out of ephemeral ports.", k.from, phrase.Counted(s.n, "port", "ports"), k.to),
		})
	}
	return out
}
