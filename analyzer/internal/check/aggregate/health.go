package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var healthChecks = record.CheckDoc{
	Name: record.CheckHealthChecks, Title: "health checks of a service", Severity: record.SeverityNote, Family: "together", Rule: "observer: who asks at an interval whether a port answers wants to know no more",
	Condition: "A client opens connections to a service three times or more, always about the same time apart, and resets each at once without data.",
	Benign:    []string{"a load balancer or a monitor at work"},
	Filter:    "tcp.completeness == 39",
}

// health follows who checks whether a service answers.
type health struct {
	pairs    earliest.Map[checker, pace]
	services earliest.Map[service, checks]
}

type checker struct {
	from host
	to   service
}

// pace is how one client's checks of a service follow each other.
type pace struct {
	n        int
	latest   fsm.Time
	interval fsm.Time
	regular  bool
}

// checks are those of a service that come at an interval.
type checks struct {
	sample
	clients     set[host]
	least, most fsm.Time // interval
}

// add takes a check into account, and makes the verdict sure when its client has checked
// before at such an interval.
func (d *health) add(c *record.Connection) {
	if c.Verdict.Code != record.VerdictHealthCheck {
		return
	}
	to := serviceOf(c.Server)
	p := at(&d.pairs, checker{hostOf(c.Client), to})
	if p == nil {
		return
	}
	interval, before := c.First-p.latest, p.interval
	p.n++
	p.latest = max(p.latest, c.First)
	if p.n > 1 {
		p.interval = interval
	}
	if p.n < 3 || interval <= 0 || interval < before*4/5 || interval > before*5/4 {
		return
	}
	c.Verdict.Sure = true
	c.Verdict.Sentence = fmt.Sprintf("The client reset the connection in %s without data, as it had done %s before, about %s apart: a health check.",
		phrase.Frame(c.Close.RST), phrase.Times(p.n-1), phrase.Duration(float64(interval)/1e9))
	if s := at(&d.services, to); s != nil {
		s.add(c)
		if !p.regular {
			p.regular = true
			s.n += uint64(p.n - 1) // those that showed the interval
		}
		s.clients.add(hostOf(c.Client))
		if s.least == 0 || interval < s.least {
			s.least = interval
		}
		s.most = max(s.most, interval)
	}
}

func (d *health) findings() []finding {
	var out []finding
	for to, s := range d.services.All() {
		apart := phrase.Duration(float64(s.least) / 1e9)
		if s.most > s.least*5/4 {
			apart += " to " + phrase.Duration(float64(s.most)/1e9)
		}
		out = append(out, finding{
			check: &healthChecks, side: "client", count: s.n, ids: s.ids, frames: s.frames,
			seen: phrase.Counted(s.n, "check", "checks") + " at an interval", expected: "",
			message: fmt.Sprintf("%s was checked %s by %s, %s apart.", to, phrase.Times(s.n), s.clients.words("client", "clients"), apart),
		})
	}
	return out
}
