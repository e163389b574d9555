package change

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Match says how a service was found again.
type Match uint8

// The ways.
const (
	ByServer Match = iota // the same address and port
	ByPort                // the same port; the addresses are others, or were asked to be put together
)

// String returns "server" or "port".
func (m Match) String() string { return [...]string{"server", "port"}[m&1] }

// pair is a service on both sides; one of them is nil where it is only on the other.
type pair struct {
	before, after *service
	match         Match
}

// pairs finds the services of both sides again: those of the same address and port, and of
// what is left over those of the same port together, since a new release of a service often
// stands at another address. With byPort all of a port are one.
func pairs(before, after *Set, byPort bool) (list []pair) {
	var left [2][]*service
	if byPort {
		left = [2][]*service{before.list(), after.list()}
	} else {
		for _, v := range before.list() {
			if w := after.services[v.server]; w != nil {
				list = append(list, pair{v, w, ByServer})
			} else {
				left[0] = append(left[0], v)
			}
		}
		for _, w := range after.list() {
			if before.services[w.server] == nil {
				left[1] = append(left[1], w)
			}
		}
	}
	var ports [2]map[uint16][]*service
	for side, of := range left {
		ports[side] = map[uint16][]*service{}
		for _, v := range of {
			ports[side][v.server.Port] = append(ports[side][v.server.Port], v)
		}
	}
	for port, of := range ports[0] {
		if others := ports[1][port]; others != nil {
			list = append(list, pair{together(of), together(others), ByPort})
			continue
		}
		for _, v := range of {
			list = append(list, pair{v, nil, ByServer})
		}
	}
	for port, of := range ports[1] {
		if ports[0][port] != nil {
			continue
		}
		for _, v := range of {
			list = append(list, pair{nil, v, ByServer})
		}
	}
	slices.SortFunc(list, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.size(), a.size()), compareAddr(a.any().server, b.any().server), cmp.Compare(a.match, b.match))
	})
	return list
}

func (p *pair) any() *service {
	if p.before != nil {
		return p.before
	}
	return p.after
}

// size is by which the services are chosen that are compared.
func (p *pair) size() (n uint64) {
	for _, v := range [...]*service{p.before, p.after} {
		if v != nil {
			n = max(n, v.counts.connections)
		}
	}
	return n
}

// same reports whether both sides of a service stand at one address, the same.
func (p *pair) same() bool {
	return len(p.before.servers) == 1 && len(p.after.servers) == 1 && p.before.servers[0] == p.after.servers[0]
}

// MaxServers is how many servers a Side lists at most.
const MaxServers = 8

// sideOf returns what a Side has of a service.
func sideOf(v *service) Side {
	s := Side{Name: v.name, Servers: slices.Clone(v.servers[:min(len(v.servers), MaxServers)]), AllServers: len(v.servers)}
	s.Connections, s.Failed, s.Sampled = v.counts.connections, v.counts.failed, len(v.rows)
	for code, n := range v.counts.verdicts {
		s.Verdicts = append(s.Verdicts, record.VerdictCount{Code: code, Concern: concern(code), N: n})
	}
	slices.SortFunc(s.Verdicts, func(a, b record.VerdictCount) int {
		return cmp.Or(cmp.Compare(b.Concern, a.Concern), cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code))
	})
	return s
}
