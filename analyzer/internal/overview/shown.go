package overview

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Shown chooses, among connections that are counted by templates, those that a problem may
// tell of, and that need records of their own for that: at each service the one that lost
// most. Problems of one cause at more than mostServers services are told by host, and at
// more hosts than that as one: so it need not know more of either than so many. The zero
// Shown has chosen none.
type Shown struct {
	by map[cause]*shownOf
}

// Causes is what is wrong with the connections of a template; nil for nothing.
type Causes struct {
	of    []*shownOf
	fails bool // what they lost goes by their own times; it is nothing for others
}

type shownOf struct {
	all      costliest
	hosts    places[[16]byte]
	services places[server]
}

// CausesOf returns what problems tell of a connection and of all that have its template.
func (x *Shown) CausesOf(c *record.Connection) *Causes {
	concern := c.Verdict.Concern()
	w := &Causes{fails: concern == record.ConcernFailure && !c.Quality.Untimed}
	if concern >= record.ConcernTrouble {
		w.of = append(w.of, x.at(cause{verdict: c.Verdict.Code}))
	}
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; isProblem(c, concern, a) {
			w.of = append(w.of, x.at(cause{check: a.Name}))
		}
	}
	if w.of == nil {
		return nil
	}
	return w
}

func (x *Shown) at(why cause) *shownOf {
	if x.by == nil {
		x.by = make(map[cause]*shownOf)
	}
	if x.by[why] == nil {
		x.by[why] = new(shownOf)
	}
	return x.by[why]
}

// Shows reports whether a problem may tell of a connection at a service, which had made no
// headway for so long when it ended. In a flood it is asked of every connection.
func (w *Causes) Shows(host [16]byte, port uint16, id uint64, lost fsm.Time) (shows bool) {
	var cost micros
	if w.fails {
		cost = max(leastCost*1e6, micros(lost+500)/1000)
	}
	for _, x := range w.of {
		shows = x.takes(server{host, port}, cost, id) || shows
	}
	return shows
}

// takes reports whether the connection is the costliest at its service, at its host or of all.
// What has lost less than another at its service has lost less than one at its host too.
func (x *shownOf) takes(at server, cost micros, id uint64) bool {
	service, known := x.services.takes(at, cost, id)
	if known && !service {
		return false
	}
	host, known := x.hosts.takes(at.host, cost, id)
	if known && !host {
		return service
	}
	return x.all.takes(cost, id) || host || service
}

// costliest is the connection that lost most, or the first of several.
type costliest struct {
	cost micros
	id   uint64
}

func (x *costliest) takes(cost micros, id uint64) bool {
	if x.id != 0 && (cost < x.cost || cost == x.cost && id > x.id) {
		return false
	}
	*x = costliest{cost, id}
	return true
}

// places has the costliest at each of a few places.
type places[K comparable] struct {
	keys  [mostServers]K
	worst [mostServers]costliest
	n     int
}

// takes reports whether the connection is the costliest at a place, and whether the place is
// known: it becomes so where there is room.
func (l *places[K]) takes(at K, cost micros, id uint64) (takes, known bool) {
	for i := range l.n {
		if l.keys[i] == at {
			return l.worst[i].takes(cost, id), true
		}
	}
	if l.n == mostServers {
		return false, false
	}
	l.keys[l.n] = at
	l.n++
	return l.worst[l.n-1].takes(cost, id), true
}
