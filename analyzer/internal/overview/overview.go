// Package overview sums up a capture's connections for its first screen: what is wrong
// with them, by what it costs, how each service did, and how many were open at a time. It takes records as connections
// end and keeps a bounded amount, whatever the capture holds.
package overview

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Overview takes in the records of a capture's connections. The zero Overview is empty
// and ready for use. It is not safe for concurrent use.
type Overview struct {
	services services
	problems problems
	open     concurrency
}

// Add takes a finished connection into account. own says that all of its record is its
// own; otherwise sentences and the numbers in them are those of another one that went the
// same way. The record is not kept.
func (o *Overview) Add(c *record.Connection, own bool) {
	s := server{c.Server.IP.As16(), c.Server.Port}
	o.services.add(c, s)
	o.problems.add(c, s, own)
	o.open.add(c)
}

// micros is a time in microseconds, for sums that must not depend on the order in which
// they are added up.
type micros int64

func microsOf(seconds float64) micros { return micros(seconds*1e6 + 0.5) }

func (m micros) seconds() float64 { return float64(m) / 1e6 }

// Services returns the services with the most connections, at most
// record.MaxServices, and what all the others have together.
func (o *Overview) Services() (list []record.Service, others record.OtherServices) {
	return o.services.report()
}

// Concurrency returns how many connections were open at a time.
func (o *Overview) Concurrency() record.Concurrency { return o.open.report() }

// Problems returns what is wrong, the dearest first, at most record.MaxProblems.
func (o *Overview) Problems() []record.Problem { return o.problems.report() }

// server is a server's address and port as a key: as bytes it is quicker to look up.
type server struct {
	host [16]byte
	port uint16
}
