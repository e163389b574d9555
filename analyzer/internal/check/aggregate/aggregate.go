// Package aggregate finds what only several connections together show: floods,
// scans, servers that refuse many, ports running out, and hosts whose numbers or
// clocks are odd. It works on the records of finished connections, in the order in
// which they are handed over, and keeps a bounded amount of each.
package aggregate

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Observer takes in the records of a capture's connections. It is not safe for
// concurrent use.
type Observer struct {
	clients earliest.Map[host, struct{}] // that the detectors of clients follow

	detectors []Detector
}

// Detector finds one or several of the catalogue's checks.
type Detector struct {
	// Says why the detector may be handed, for a clean connection, the record of another
	// one of the same template in which no more than addresses and ports, ID, frames,
	// times of the first and last segment, ISNs, the timestamps of the SYNs and bytes are
	// its own. Empty: it may not, and every connection gets a record.
	OncePerTemplate string

	// Add takes a finished connection into account, and may say more of it where earlier
	// ones tell. followed says whether its client is among those whose connections are
	// looked at one by one. The record is not kept.
	Add func(c *record.Connection, followed bool)

	// Findings returns what the connections showed; nil finds nothing.
	Findings func() []finding
}

// Detectors returns every detector, with nothing seen yet, in the order in which
// findings of one severity are printed.
func Detectors() []Detector {
	scans, servers, ports, numbers, clocks, health := new(scans), new(servers), new(ports), new(numbers), new(clocks), new(health)
	return []Detector{
		{
			OncePerTemplate: "looks at addresses, ports, frames, and whether there was data",
			Findings:        scans.findings,
			Add: func(c *record.Connection, followed bool) {
				if followed {
					scans.add(c)
				}
			},
		}, {
			OncePerTemplate: "looks at addresses, ports, times, frames, and how the connection was opened and closed",
			Findings:        servers.findings,
			Add:             func(c *record.Connection, _ bool) { servers.add(c) },
		}, {
			OncePerTemplate: "looks at addresses, ports, frames, findings, and whether there was an earlier connection of the 4-tuple, which the key tells",
			Findings:        ports.findings,
			Add:             func(c *record.Connection, _ bool) { ports.add(c) },
		}, {
			OncePerTemplate: "looks at addresses, ISNs and frames",
			Findings:        numbers.findings,
			Add:             numbers.add,
		}, {
			OncePerTemplate: "looks at addresses, times, frames and the timestamps of SYNs",
			Findings:        clocks.findings,
			Add: func(c *record.Connection, followed bool) {
				if followed {
					clocks.add(c)
				}
			},
		}, {
			OncePerTemplate: "a clean connection is no check of a port",
			Findings:        health.findings,
			Add:             func(c *record.Connection, _ bool) { health.add(c) },
		},
	}
}

// New returns an Observer with these detectors.
func New(detectors []Detector) *Observer { return &Observer{detectors: detectors} }

// OncePerTemplate reports whether all detectors may be handed the records of templates.
func (o *Observer) OncePerTemplate() bool {
	for i := range o.detectors {
		if o.detectors[i].OncePerTemplate == "" {
			return false
		}
	}
	return true
}

// Add takes a finished connection into account. The record is not kept.
func (o *Observer) Add(c *record.Connection) {
	followed := o.follows(hostOf(c.Client))
	for i := range o.detectors {
		o.detectors[i].Add(c, followed)
	}
}

// follows reports whether the detectors look at what the client does. The first
// mostKeys clients count: in a flood from forged addresses no other client comes
// twice.
func (o *Observer) follows(client host) bool {
	is, _ := o.clients.At(client, mostKeys)
	return is != nil
}

// Findings returns what the connections show together, the worst first.
func (o *Observer) Findings() []record.Anomaly {
	var all []record.Anomaly
	for _, d := range o.detectors {
		if d.Findings == nil {
			continue
		}
		list := d.Findings()
		slices.SortFunc(list, func(a, b finding) int {
			return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.message, b.message))
		})
		if len(list) > mostOfAKind {
			list = list[:mostOfAKind]
		}
		for _, f := range list {
			all = append(all, record.Anomaly{
				Name: f.check.Name, Severity: f.check.Severity, Side: f.side, Frames: f.frames, Count: f.count,
				Seen: f.seen, Expected: f.expected, Rule: f.check.Rule, Message: f.message, Benign: f.check.Benign, Connections: f.ids,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b record.Anomaly) int { return int(b.Severity) - int(a.Severity) })
	return all
}

// mostOfAKind bounds the findings of one detector; the largest are kept.
const mostOfAKind = 20

// finding is what a detector has to say of one host, pair or service.
type finding struct {
	check          *record.CheckDoc
	side           string
	count          uint64
	seen, expected string
	message        string
	ids            []uint64
	frames         []fsm.Frame
}

// sample keeps the first connections that show something.
type sample struct {
	ids    []uint64
	frames []fsm.Frame
	n      uint64
}

const sampleSize = 16

func (s *sample) add(c *record.Connection) { s.note(c.ID, c.FirstFrame) }

func (s *sample) note(id uint64, frame fsm.Frame) {
	if s.n++; len(s.ids) < sampleSize {
		s.ids = append(s.ids, id)
		s.frames = append(s.frames, frame)
	}
}

// mostKeys bounds the hosts, pairs and services that each detector follows. The
// first ones count; a capture with more has a flood or a scan among them.
const mostKeys = 1 << 16

// at returns the entry of key, made anew where there is room, or nil.
func at[K comparable, V any](m *earliest.Map[K, V], key K) *V {
	v, _ := m.At(key, mostKeys)
	return v
}

// set counts distinct members up to a bound. It knows them by their hashes only, in a table
// with open addressing: there may be many sets of a few members each, and a look at one
// should be a look at one line of memory.
type set[T comparable] struct {
	hashes []uint64 // 0 is an empty place
	n      int
	full   bool
}

const mostMembers = 1024

// memberSeed is secret, so that nobody can make two members of one hash: among the members of
// a full set two have the same once in 30,000 billion sets.
var memberSeed = maphash.MakeSeed()

func (s *set[T]) add(v T) {
	if s.full {
		return // in a flood the look would cost more than the packet did
	}
	hash := max(1, maphash.Comparable(memberSeed, v))
	if 4*s.n >= 3*len(s.hashes) {
		s.grow()
	}
	place := s.place(hash)
	switch {
	case *place == hash:
	case s.n == mostMembers:
		s.full = true
	default:
		*place = hash
		s.n++
	}
}

// place returns where a hash is, or is to be.
func (s *set[T]) place(hash uint64) *uint64 {
	mask := uint64(len(s.hashes) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if p := &s.hashes[i]; *p == hash || *p == 0 {
			return p
		}
	}
}

func (s *set[T]) grow() {
	old := s.hashes
	s.hashes = make([]uint64, max(8, 2*len(old)))
	for _, hash := range old {
		if hash != 0 {
			*s.place(hash) = hash
		}
	}
}

func (s *set[T]) len() int { return s.n }

// words writes how many there are.
func (s *set[T]) words(one, many string) string {
	if s.full {
		return "more than " + phrase.Counted(s.len(), one, many)
	}
	return phrase.Counted(s.len(), one, many)
}

// attempted reports whether the capture shows the client's SYN.
func attempted(c *record.Connection) bool { return c.Handshake.SYN != 0 }

// useful reports whether the connection carried data.
func useful(c *record.Connection) bool { return c.Traffic[0].Bytes+c.Traffic[1].Bytes > 0 }

// host is an address as a key: as bytes it is quicker to look up.
type host [16]byte

func hostOf(a record.Addr) host { return a.IP.As16() }

func (h host) String() string { return netip.AddrFrom16(h).Unmap().String() }

// service is a server's address and port.
type service struct {
	host host
	port uint16
}

func serviceOf(a record.Addr) service { return service{hostOf(a), a.Port} }

func (s service) String() string {
	return netip.AddrPortFrom(netip.AddrFrom16(s.host).Unmap(), s.port).String()
}
