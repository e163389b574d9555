//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// handMade are plays of a hand-made peer, which breaks the rules, with the
// server's kernel, whose answers and counters say what it made of it.
var handMade = []*Scenario{
	{
		Name:  "byhand-bad-third-ack",
		Title: "A hand-made client acknowledges more than the SYN-ACK; then it acknowledges it rightly.",
		Sees:  "RST from the server with the wrong ack as its seq, and no harm done.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			p := s.Peer(s.Port(), s.Service, true)
			p.Send(Shape{Flags: fsm.SYN, Seq: p.Next})
			p.Next++
			p.Expect = p.Await(fsm.SYN|fsm.ACK).Seq + 1
			p.Send(Shape{Flags: fsm.ACK, Seq: p.Next, Ack: p.Expect + 1000})
			p.Await(fsm.RST)
			p.ACK()
			k := l.Accept()
			p.Say("hello")
			p.Close(k)
		},
		Check: all(paths(0, "", accepted+closedSecond), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-rst-out-of-window",
		Title: "A RST far behind the window; the conversation goes on.",
		Sees:  "No answer, no change.",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.RST, Seq: p.Next + 1<<24})
			p.Silence()
			p.Send(Shape{Flags: fsm.RST, Seq: p.Next - 100})
			p.Silence()
		}),
		Check: paths(0, "", accepted+closedSecond),
	},
	{
		Name:  "byhand-rst-in-window",
		Title: "A RST within the window, but not at its beginning; the conversation goes on.",
		Sees:  "A challenge ACK (RFC 5961 §3).",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.RST, Seq: p.Next + 10})
			p.Await(fsm.ACK)
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "TcpExt.TCPChallengeACK", 1)),
	},
	{
		Name:  "byhand-rst-exact",
		Title: "A RST at the beginning of the window.",
		Sees:  "The connection is gone.",
		Play: func(s *Stage) {
			p, k := s.converse()
			p.Send(Shape{Flags: fsm.RST, Seq: p.Next})
			expectError(k, k.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, "", accepted+" CLOSED"), accepts(1)),
	},
	{
		Name:  "byhand-rst-old-timestamp",
		Title: "A RST at the beginning of the window with a timestamp of the past.",
		Sees:  "It is taken all the same: a RST's timestamp is not looked at (RFC 7323 §5.2).",
		Play: func(s *Stage) {
			p, k := s.converse()
			p.Send(Shape{Flags: fsm.RST | fsm.ACK, Seq: p.Next, Ack: p.Expect, Clock: p.clock - 500_000})
			expectError(k, k.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, "", accepted+" CLOSED"), accepts(1)),
	},
	{
		Name:  "byhand-syn-in-window",
		Title: "A SYN within the window of an open connection, which goes on.",
		Sees:  "A challenge ACK (RFC 5961 §4).",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.SYN, Seq: p.Next + 20})
			p.Await(fsm.ACK)
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "TcpExt.TCPSYNChallenge", 1)),
	},
	{
		Name:  "byhand-syn-out-of-window",
		Title: "A SYN far outside the window of an open connection, which goes on.",
		Sees:  "A challenge ACK (RFC 5961 §4).",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.SYN, Seq: p.Next + 1<<30})
			p.Await(fsm.ACK)
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "TcpExt.TCPSYNChallenge", 1)),
	},
	{
		Name:  "byhand-data-out-of-window",
		Title: "Data far beyond the window; the conversation goes on.",
		Sees:  "An ACK with the old numbers.",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next + 1<<24, Ack: p.Expect, Data: "from nowhere"})
			p.Await(fsm.ACK)
		}),
		Check: paths(0, "", accepted+closedSecond),
	},
	{
		Name:  "byhand-old-timestamp",
		Title: "Data with a timestamp of the past, then the same with one of the present.",
		Sees:  "The first is dropped and answered by an ACK (PAWS, RFC 7323 §5).",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next, Ack: p.Expect, Data: "from the past", Clock: p.clock - 500_000})
			p.Await(fsm.ACK)
			p.Say("from the past")
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "TcpExt.PAWSEstab", 1)),
	},
	{
		Name:  "byhand-ack-of-unsent",
		Title: "Data that acknowledges what was never sent; the conversation goes on.",
		Sees:  "A challenge ACK; the data is dropped (RFC 5961 §5).",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next, Ack: p.Expect + 5000, Data: "too much"})
			p.Await(fsm.ACK)
			p.Say("too much")
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "TcpExt.TCPChallengeACK", 1)),
	},
	{
		Name:  "byhand-stale-ack",
		Title: "Data that acknowledges far less than was acknowledged before; the conversation goes on.",
		Sees:  "A challenge ACK; the data is dropped (RFC 5961 §5).",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next, Ack: p.Expect - 1<<30, Data: "too little"})
			p.Await(fsm.ACK)
			p.Say("too little")
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "TcpExt.TCPChallengeACK", 1)),
	},
	{
		Name:  "byhand-bad-checksum",
		Title: "Data with a wrong checksum, then the same with the right one.",
		Sees:  "The first is dropped without a word.",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next, Ack: p.Expect, Data: "garbled", Spoil: true})
			p.Silence()
			p.Say("garbled")
		}),
		Check: all(paths(0, "", accepted+closedSecond), counted("server", "Tcp.InCsumErrors", 1)),
	},
	{
		Name:  "byhand-other-octets",
		Title: "The same numbers twice with other octets, ahead of a hole that is filled afterwards.",
		Sees:  "Two segments that contradict each other.",
		Play: conversation(func(s *Stage, p *Peer) {
			p.Send(Shape{Flags: fsm.ACK, Seq: p.Next + 4, Ack: p.Expect, Data: "good"})
			p.Send(Shape{Flags: fsm.ACK, Seq: p.Next + 4, Ack: p.Expect, Data: "evil"})
			p.Send(Shape{Flags: fsm.ACK, Seq: p.Next, Ack: p.Expect, Data: "be! "})
			p.Next += 8
			for p.Await(fsm.ACK).Ack != p.Next {
			}
		}),
		Check: paths(0, "", accepted+closedSecond),
	},
	{
		Name:  "byhand-data-after-close",
		Title: "The server has closed; the client sends data all the same.",
		Sees:  "RST from the server (TCPAbortOnData).",
		Play: func(s *Stage) {
			p, k := s.converse()
			k.Close()
			p.Expect = p.Await(fsm.FIN).Seq + 1
			p.ACK()
			s.Trip()
			p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next, Ack: p.Expect, Data: "anybody there?"})
			p.Await(fsm.RST)
		},
		Check: all(paths(0, "", accepted+closedFirst), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-strange-flags",
		Title: "No flags at all, then FIN, PSH and URG, then SYN and FIN, to a listener.",
		Sees:  "Silence.",
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 10)
			p := s.Peer(s.Port(), s.Service, false)
			for _, flags := range []fsm.Flags{0, fsm.FIN | fsm.PSH | fsm.URG, fsm.SYN | fsm.FIN} {
				p.Send(Shape{Flags: flags, Seq: p.Next})
				p.Silence()
			}
		},
		Check: paths(0, "", ""),
	},
	{
		Name:  "byhand-ack-to-listener",
		Title: "An ACK to a listener that knows no connection.",
		Sees:  "RST with the ack as its seq.",
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 10)
			p := s.Peer(s.Port(), s.Service, false)
			p.Send(Shape{Flags: fsm.ACK, Seq: p.Next, Ack: s.Rand.Uint32()})
			p.Await(fsm.RST)
		},
		Check: all(paths(0, "", ""), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-synack-to-listener",
		Title: "A SYN-ACK to a listener that sent no SYN.",
		Sees:  "RST with the ack as its seq.",
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 10)
			p := s.Peer(s.Port(), s.Service, false)
			p.Send(Shape{Flags: fsm.SYN | fsm.ACK, Seq: p.Next, Ack: s.Rand.Uint32()})
			p.Await(fsm.RST)
		},
		Check: all(paths(0, "", ""), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-bad-syn-ack",
		Title: "The kernel connects to a hand-made server whose SYN-ACK acknowledges too much; the second is right.",
		Sees:  "RST from the client with the wrong ack as its seq; the SYN again, its SYN-ACK taken.",
		Play:  func(s *Stage) { answeredBy(s, Shape{Flags: fsm.SYN | fsm.ACK}, 1000, true) },
		Check: all(paths(0, "", opened+closedSecond), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-old-syn-ack",
		Title: "The kernel connects to a hand-made server whose SYN-ACK acknowledges less than the SYN; the second is right.",
		Sees:  "RST from the client with the wrong ack as its seq; the SYN again, its SYN-ACK taken.",
		Play:  func(s *Stage) { answeredBy(s, Shape{Flags: fsm.SYN | fsm.ACK}, -5000, true) },
		Check: all(paths(0, "", opened+closedSecond), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-ack-for-syn",
		Title: "The kernel connects to a hand-made server that answers with an ACK of an older connection, as a half-open one would.",
		Sees:  "RST from the client with that ack as its seq; the SYN again, its SYN-ACK taken.",
		Play:  func(s *Stage) { answeredBy(s, Shape{Flags: fsm.ACK}, 70_000, true) },
		Check: all(paths(0, "", opened+closedSecond), resets(0, 0, 1)),
	},
	{
		Name:  "byhand-refused-wrongly",
		Title: "The kernel connects to a hand-made server; a RST with a wrong ack comes before the SYN-ACK.",
		Sees:  "The RST is ignored, except that the SYN is sent again at once.",
		Play:  func(s *Stage) { answeredBy(s, Shape{Flags: fsm.RST | fsm.ACK}, 1000, false) },
		Check: all(paths(0, "", opened+closedSecond), accepts(0)),
	},
	{
		Name:  "byhand-split-handshake",
		Title: "The kernel connects to a hand-made server that answers with a bare SYN.",
		Sees:  "SYN, SYN, SYN-ACK, ACK: for the kernel a simultaneous open.",
		Play: func(s *Stage) {
			port := s.Port()
			p := s.Peer(s.Service, port, false)
			k := s.Server.Socket(port)
			k.StartConnect(netip.AddrPortFrom(peerAddr, p.port))
			p.Expect = p.Await(fsm.SYN).Seq + 1
			p.Send(Shape{Flags: fsm.SYN, Seq: p.Next})
			p.Next++
			p.Await(fsm.SYN | fsm.ACK)
			p.ACK()
			if err := k.EndConnect(); err != nil {
				k.host.fail("connect", err)
			}
			p.Say("hello")
			p.Close(k)
		},
		Check: paths(0, "", "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"+closedSecond),
	},
}

// accepts returns a check of how many RSTs the kernel that a hand-made peer
// talks to has accepted.
func accepts(n int) func(*Truth) error {
	return func(t *Truth) error {
		if got := len(t.Connections[0].ServerSide.ResetsReceived); got != n {
			return fmt.Errorf("the kernel accepted %d resets, want %d", got, n)
		}
		return nil
	}
}

// converse opens a connection from a hand-made peer and exchanges a little.
func (s *Stage) converse() (*Peer, *Socket) {
	l := s.Server.Listen(s.Service, 10)
	p := s.Peer(s.Port(), s.Service, true)
	p.Open()
	k := l.Accept()
	request := s.Size(20, 200)
	p.Say(strings.Repeat("a", request))
	k.Read(request)
	n := s.Size(50, 300)
	k.Write(n)
	for got := 0; got < n; {
		got += p.Await(fsm.ACK).Payload
	}
	p.Expect += uint32(n)
	p.ACK()
	s.Trip()
	return p, k
}

// conversation plays something in the middle of an ordinary conversation, which
// then goes on and is closed by the peer.
func conversation(play func(*Stage, *Peer)) func(*Stage) {
	return func(s *Stage) {
		p, k := s.converse()
		play(s, p)
		p.Say("still here")
		p.Close(k)
	}
}

// answeredBy lets the kernel connect to a hand-made server, whose first answer
// acknowledges offset more than the SYN. If that is to be answered by a RST, the
// server waits for it. Then it answers as it should.
func answeredBy(s *Stage, first Shape, offset int32, reset bool) {
	port := s.Port()
	p := s.Peer(s.Service, port, false)
	k := s.Server.Socket(port)
	k.StartConnect(netip.AddrPortFrom(peerAddr, p.port))
	p.Expect = p.Await(fsm.SYN).Seq + 1
	first.Seq, first.Ack = p.Next, p.Expect+uint32(offset)
	p.Send(first)
	if reset {
		p.Await(fsm.RST)
	}
	p.Await(fsm.SYN) // again, and soon
	p.Send(Shape{Flags: fsm.SYN | fsm.ACK, Seq: p.Next, Ack: p.Expect})
	p.Next++
	p.Await(fsm.ACK)
	if err := k.EndConnect(); err != nil {
		k.host.fail("connect", err)
	}
	p.Say("hello")
	p.Close(k)
}
