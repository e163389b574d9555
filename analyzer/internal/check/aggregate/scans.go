package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var portScan = record.CheckDoc{
	Name: record.CheckPortScan, Title: "port scan", Severity: record.SeverityWarning, Family: "together", Rule: "observer: a client knows its server's port",
	Condition: "One host tries 25 or more ports of another, and at least four fifths of the attempts carry no data.",
	Benign:    []string{"an authorised inventory or vulnerability scan", "a passive FTP client"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "Scan::Port_Scan"}, {Tool: "Snort", Name: "122:1"}},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
}

var hostSweep = record.CheckDoc{
	Name: record.CheckHostSweep, Title: "host sweep (one port of many hosts)", Severity: record.SeverityWarning, Family: "together", Rule: "observer: a client knows its server's address",
	Condition: "One host tries one port of 25 or more others, and at least four fifths of the attempts carry no data.",
	Benign:    []string{"monitoring", "a peer-to-peer application", "a client of a service whose servers are down"},
	Peers:     []record.PeerName{{Tool: "Zeek", Name: "Scan::Address_Scan"}, {Tool: "Snort", Name: "122:3"}},
	Filter:    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
}

// fewest is how many different ports or hosts make a scan.
const fewest = 25

// scans follows whom each host tries to reach.
type scans struct {
	pairs  earliest.Map[pair, tries[uint16]]
	sweeps earliest.Map[service, tries[host]] // by client and the port that it tries
}

type pair struct{ from, to host }

// tries is what one host tried: how often, how often in vain, and what.
type tries[T comparable] struct {
	all   uint64
	idle  sample
	what  set[T]
	first fsm.Time
	last  fsm.Time
}

func (t *tries[T]) add(c *record.Connection, what T) {
	if t.all++; t.all == 1 || c.First < t.first {
		t.first = c.First
	}
	t.last = max(t.last, c.First)
	if !useful(c) {
		t.idle.add(c)
		t.what.add(what)
	}
}

func (t *tries[T]) scan() bool { return t.what.len() >= fewest && 5*t.idle.n >= 4*t.all }

// add counts as a try whatever looks for an answer: a SYN, or a lone segment that
// no connection explains.
func (d *scans) add(c *record.Connection) {
	if !attempted(c) && (c.Traffic[0].Packets+c.Traffic[1].Packets > 4 || c.Handshake.SYNACK != 0) {
		return
	}
	if d.pairs.Len() == 0 && useful(c) {
		return // no attempt has failed so far
	}
	from, to := hostOf(c.Client), hostOf(c.Server)
	if t := at(&d.pairs, pair{from, to}); t != nil {
		t.add(c, c.Server.Port)
	}
	if t := at(&d.sweeps, service{from, c.Server.Port}); t != nil {
		t.add(c, to)
	}
}

func (d *scans) findings() []finding {
	var out []finding
	for k, t := range d.pairs.All() {
		if t.scan() {
			out = append(out, finding{
				check: &portScan, side: "client", count: uint64(t.what.len()), ids: t.idle.ids, frames: t.idle.frames,
				seen: fmt.Sprintf("%s, %s of %s without data", t.what.words("port", "ports"), phrase.Count(t.idle.n), phrase.Counted(t.all, "attempt", "attempts")), expected: "the ports of services in use",
				message: fmt.Sprintf("%s tried %s of %s within %s.", k.from, t.what.words("port", "ports"), k.to, phrase.Duration(t.last.Seconds(t.first))),
			})
		}
	}
	for k, t := range d.sweeps.All() {
		if t.scan() {
			out = append(out, finding{
				check: &hostSweep, side: "client", count: uint64(t.what.len()), ids: t.idle.ids, frames: t.idle.frames,
				seen: fmt.Sprintf("%s, %s of %s without data", t.what.words("host", "hosts"), phrase.Count(t.idle.n), phrase.Counted(t.all, "attempt", "attempts")), expected: "the hosts of services in use",
				message: fmt.Sprintf("%s tried port %d of %s within %s.", k.host, k.port, t.what.words("host", "hosts"), phrase.Duration(t.last.Seconds(t.first))),
			})
		}
	}
	return out
}
