package change

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What a Set keeps at most. It counts all connections; of times and sizes it keeps those of
// so many a service, chosen by lot.
const (
	mostServices = 1 << 14 // the first ones; a capture with more holds a scan
	mostRows     = 512     // of a service
	mostKept     = 1 << 19 // rows of all services; beyond it each has fewer
	leastRows    = 32      // but so many
)

// Set is the connections of one side of a comparison. The zero Set is empty and ready for
// use. It takes some 80 MB at most, however many connections there are.
type Set struct {
	services map[record.Addr]*service
	latest   *service
	of       record.Addr
	rows     int // of a service; 0: not set yet
	kept     int

	connections, failed uint64
	first, last         fsm.Time // of beginnings
	unfollowed          uint64   // connections to services beyond mostServices
}

// service is the connections to one.
type service struct {
	server   record.Addr
	name     string
	servers  []record.Addr // all of them, of several that were put together
	counts   counts
	rows     []row
	bound    uint64 // rows of larger keys are not kept; 0: all are
	vantages [4]uint64
}

// counts are of all connections.
type counts struct {
	connections, failed, warned uint64
	verdicts                    map[record.VerdictCode]uint64
	failedFirst, failedLast     fsm.Time // when the first and the last that failed began; 0 for unknown
}

// vantages are the places that a service may be captured at.
var vantages = [4]string{"", "near-client", "near-server", "between"}

// Add takes a connection in.
func (s *Set) Add(x *Sample) {
	v := s.find(x)
	s.connections++
	failed := concern(x.Verdict) == record.ConcernFailure
	if failed {
		s.failed++
	}
	if x.First != 0 {
		if s.first == 0 || x.First < s.first {
			s.first = x.First
		}
		s.last = max(s.last, x.First)
	}
	if v == nil {
		s.unfollowed++
		return
	}
	v.counts.add(x, failed)
	if at := slices.Index(vantages[:], x.Vantage); at > 0 {
		v.vantages[at]++
	}
	r := rowOf(x, failed)
	if v.bound != 0 && r.key > v.bound {
		return
	}
	v.rows = append(v.rows, r)
	if s.kept++; len(v.rows) >= 2*s.rows {
		s.kept -= v.trim(s.rows)
	}
	for s.kept > mostKept && s.rows > leastRows {
		s.rows /= 2
		for _, v := range s.services {
			s.kept -= v.trim(s.rows)
		}
	}
}

// Connection takes a record in.
func (s *Set) Connection(c *record.Connection) {
	x := SampleOf(c)
	s.Add(&x)
}

func concern(code record.VerdictCode) record.Concern {
	v := record.Verdict{Code: code}
	return v.Concern()
}

func (n *counts) add(x *Sample, failed bool) {
	n.connections++
	if x.Warned && !failed {
		n.warned++
	}
	if x.Verdict.Doc() != nil { // so many codes, and no others
		if n.verdicts == nil {
			n.verdicts = map[record.VerdictCode]uint64{}
		}
		n.verdicts[x.Verdict]++
	}
	if failed {
		n.failed++
		n.failedAt(x.First)
	}
}

func (n *counts) failedAt(t fsm.Time) {
	if t == 0 {
		return
	}
	if n.failedFirst == 0 || t < n.failedFirst {
		n.failedFirst = t
	}
	n.failedLast = max(n.failedLast, t)
}

// find returns the connection's service, made anew where there is room, or nil.
func (s *Set) find(x *Sample) *service {
	if s.rows == 0 {
		s.rows = mostRows
	}
	key := x.Server
	if s.latest != nil && s.of == key {
		return s.latest
	}
	v := s.services[key]
	if v == nil {
		if len(s.services) >= mostServices {
			return nil
		}
		if s.services == nil {
			s.services = map[record.Addr]*service{}
		}
		v = &service{server: x.Server, name: x.Service, servers: []record.Addr{x.Server}}
		s.services[key] = v
	}
	s.latest, s.of = v, key
	return v
}

// trim keeps n rows, those of the least keys, and returns how many are gone.
func (v *service) trim(n int) int {
	if len(v.rows) <= n {
		return 0
	}
	slices.SortFunc(v.rows, func(a, b row) int { return cmp.Compare(a.key, b.key) })
	gone := len(v.rows) - n
	v.rows = v.rows[:n]
	if cap(v.rows) > 2*n {
		v.rows = slices.Clone(v.rows)
	}
	v.bound = v.rows[n-1].key
	return gone
}

// list returns the services, in an order that depends on nothing but what they are.
func (s *Set) list() []*service {
	list := slices.Collect(maps.Values(s.services))
	slices.SortFunc(list, func(a, b *service) int { return compareAddr(a.server, b.server) })
	for _, v := range list {
		s.kept -= v.trim(s.rows)
	}
	return list
}

func compareAddr(a, b record.Addr) int {
	return cmp.Or(a.IP.Compare(b.IP), cmp.Compare(a.Port, b.Port))
}

// together makes one service of several, which stay as they are.
func together(list []*service) *service {
	if len(list) == 1 {
		return list[0]
	}
	sum := &service{server: record.Addr{Port: list[0].server.Port}, name: list[0].name}
	for _, v := range list {
		sum.servers = append(sum.servers, v.server)
		sum.rows = append(sum.rows, v.rows...)
		sum.counts.merge(&v.counts)
		for i, n := range v.vantages {
			sum.vantages[i] += n
		}
	}
	sum.trimEvenly(list)
	return sum
}

// trimEvenly drops rows so that each connection is as likely to be among the rest, whichever
// of the services it belongs to: of one of which not all were kept, those beyond its bound
// are not known.
func (v *service) trimEvenly(list []*service) {
	bound := ^uint64(0)
	for _, part := range list {
		if part.bound != 0 {
			bound = min(bound, part.bound)
		}
	}
	v.rows = slices.DeleteFunc(v.rows, func(r row) bool { return r.key > bound })
	v.trim(mostRows)
}

func (n *counts) merge(o *counts) {
	n.connections, n.failed, n.warned = n.connections+o.connections, n.failed+o.failed, n.warned+o.warned
	for code, k := range o.verdicts {
		if n.verdicts == nil {
			n.verdicts = map[record.VerdictCode]uint64{}
		}
		n.verdicts[code] += k
	}
	n.failedAt(o.failedFirst)
	n.failedAt(o.failedLast)
}
