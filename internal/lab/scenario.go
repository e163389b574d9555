//go:build linux

package lab

import (
	"errors"
	"fmt"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Scenarios returns all scenarios in the order of their description: opening,
// closing, resets, quiet connections, loss.
func Scenarios() []*Scenario {
	var all []*Scenario
	for _, group := range [][]*Scenario{opening, closing, resetting, waiting, losing, extending, recordedMultipath()} {
		all = append(all, group...)
	}
	return all
}

// HandMade returns the scenarios in which a hand-made peer breaks the rules.
func HandMade() []*Scenario { return handMade }

// AtTaps returns the scenarios whose captures at two taps are compared (testdata/pcaps/taps).
func AtTaps() []*Scenario { return atTaps }

// Ways through the states as the kernel reports them.
const (
	opened       = "CLOSED SYN-SENT ESTABLISHED"
	accepted     = "LISTEN SYN-RECEIVED ESTABLISHED"
	closedFirst  = " FIN-WAIT-1 FIN-WAIT-2 CLOSED"
	closedSecond = " CLOSE-WAIT LAST-ACK CLOSED"
)

// paths returns a check that connection i went through exactly these states.
func paths(i int, client, server string) func(*Truth) error {
	return func(t *Truth) error {
		if i >= len(t.Connections) {
			return fmt.Errorf("%d connections, want one more", i)
		}
		c := t.Connections[i]
		if got := c.ClientSide.Path(); got != client {
			return fmt.Errorf("connection %d: client went %q, want %q", i, got, client)
		}
		if got := c.ServerSide.Path(); got != server {
			return fmt.Errorf("connection %d: server went %q, want %q", i, got, server)
		}
		return nil
	}
}

// left returns a check of what remains of connection i at the end.
func left(i int, client, server string) func(*Truth) error {
	return func(t *Truth) error {
		c := t.Connections[i]
		if c.ClientSide.Left != client || c.ServerSide.Left != server {
			return fmt.Errorf("connection %d: left are %q and %q, want %q and %q",
				i, c.ClientSide.Left, c.ServerSide.Left, client, server)
		}
		return nil
	}
}

// resent returns a check that each endpoint of connection i sent again so often.
func resent(i, client, server int) func(*Truth) error {
	return func(t *Truth) error {
		c := t.Connections[i]
		if nc, ns := len(c.ClientSide.Retransmissions), len(c.ServerSide.Retransmissions); nc != client || ns != server {
			return fmt.Errorf("connection %d: %d and %d retransmissions, want %d and %d", i, nc, ns, client, server)
		}
		return nil
	}
}

// resets returns a check that each endpoint of connection i sent so many RSTs.
func resets(i, client, server int) func(*Truth) error {
	return func(t *Truth) error {
		c := t.Connections[i]
		if nc, ns := len(c.ClientSide.ResetsSent), len(c.ServerSide.ResetsSent); nc != client || ns != server {
			return fmt.Errorf("connection %d: %d and %d resets, want %d and %d", i, nc, ns, client, server)
		}
		return nil
	}
}

// counted returns a check that a host's counter is at least n.
func counted(host, counter string, n int64) func(*Truth) error {
	return func(t *Truth) error {
		if got := t.Counters[host][counter]; got < n {
			return fmt.Errorf("%s counts %d in %s, want %d or more", host, got, counter, n)
		}
		return nil
	}
}

// all returns a check that every one of the checks holds.
func all(checks ...func(*Truth) error) func(*Truth) error {
	return func(t *Truth) error {
		var errs []error
		for _, c := range checks {
			errs = append(errs, c(t))
		}
		return errors.Join(errs...)
	}
}

// dropping returns rules that drop count packets that match after skip of them.
func dropping(name string, match func(*Packet) bool, skip, count int) func(*Stage) []*Rule {
	return func(*Stage) []*Rule {
		return []*Rule{{Name: name, Action: Drop, Match: match, Skip: skip, Count: count}}
	}
}

// Matches for rules.

func isSYN(p *Packet) bool    { return p.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN }
func isSYNACK(p *Packet) bool { return p.Flags.Has(fsm.SYN | fsm.ACK) }

// pureACK matches an ACK without data from one side.
func pureACK(from Direction) func(*Packet) bool {
	return func(p *Packet) bool {
		return p.Direction == from && p.Payload == 0 && p.Flags&(fsm.SYN|fsm.FIN|fsm.RST|fsm.ACK) == fsm.ACK
	}
}

// finFrom matches a FIN from one side.
func finFrom(from Direction) func(*Packet) bool {
	return func(p *Packet) bool { return p.Direction == from && p.Flags.Has(fsm.FIN) }
}

// dataFrom matches a segment with data from one side.
func dataFrom(from Direction) func(*Packet) bool {
	return func(p *Packet) bool { return p.Direction == from && p.Payload > 0 }
}

// oneExchange is a request and a reply of random sizes.
func oneExchange(s *Stage, client, server *Socket) {
	request, reply := s.Size(40, 900), s.Size(100, 4000)
	client.Write(request)
	server.Read(request)
	server.Write(reply)
	client.Read(reply)
	s.Sleep(s.Delay + 50*time.Millisecond) // the last data is acknowledged before anything else happens
}
