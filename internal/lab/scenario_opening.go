//go:build linux

package lab

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// expectError ends the scenario if a socket did not fail as it should.
func expectError(s *Socket, got, want error) {
	if !errors.Is(got, want) {
		s.host.fail("expected failure", fmt.Errorf("got %v, want %v", got, want))
	}
}

var opening = []*Scenario{
	{
		Name:  "refused",
		Title: "The client connects to a port that nobody listens on.",
		Sees:  "SYN answered by RST,ACK with seq 0 and ack ISN+1; nothing else.",
		Play: func(s *Stage) {
			c := s.Client.Socket(s.Port())
			expectError(c, c.TryConnect(s.To(81)), unix.ECONNREFUSED)
		},
		Check: all(paths(0, "CLOSED SYN-SENT CLOSED", ""), resets(0, 0, 1)),
	},
	{
		Name:   "refused-ipv6",
		Title:  "The client connects over IPv6 to a port that nobody listens on.",
		Sees:   "SYN answered by RST,ACK; nothing else.",
		Family: IPv6,
		Play: func(s *Stage) {
			c := s.Client.Socket(s.Port())
			expectError(c, c.TryConnect(s.To(81)), unix.ECONNREFUSED)
		},
		Check: all(paths(0, "CLOSED SYN-SENT CLOSED", ""), resets(0, 0, 1)),
	},
	{
		Name:    "syn-unanswered",
		Title:   "Every SYN is lost; the client gives up after its fourth (first doubling, as older kernels do).",
		Sees:    "Four SYNs with the same ISN 1, 2 and 4 s apart at the client and entering the router; none at the server, whose capture is empty.",
		Sysctls: [][2]string{{"net.ipv4.tcp_syn_linear_timeouts", "0"}, {"net.ipv4.tcp_syn_retries", "3"}},
		Rules:   dropping("every SYN", isSYN, 0, 0),
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 10)
			c := s.Client.Socket(s.Port())
			expectError(c, c.TryConnect(s.To(s.Service)), unix.ETIMEDOUT)
		},
		Check: all(paths(0, "CLOSED SYN-SENT CLOSED", ""), resent(0, 3, 0)),
	},
	{
		Name:    "syn-unanswered-linear",
		Title:   "Every SYN is lost; the client gives up after its sixth, timed as by recent kernels (tcp_syn_retries 2).",
		Sees:    "Six SYNs with the same ISN, all 1 s apart: since Linux 6.5 the first intervals do not double (tcp_syn_linear_timeouts).",
		Sysctls: [][2]string{{"net.ipv4.tcp_syn_retries", "2"}},
		Rules:   dropping("every SYN", isSYN, 0, 0),
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 10)
			c := s.Client.Socket(s.Port())
			expectError(c, c.TryConnect(s.To(s.Service)), unix.ETIMEDOUT)
		},
		Check: all(paths(0, "CLOSED SYN-SENT CLOSED", ""), resent(0, 5, 0)),
	},
	{
		Name:  "lost-syn",
		Title: "The first SYN is lost.",
		Sees:  "Two SYNs 1 s apart at the client, one at the server; then a normal exchange and close by the client.",
		Rules: dropping("first SYN", isSYN, 0, 1),
		Play:  exchangeThenClientCloses,
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 1, 0)),
	},
	{
		Name:  "lost-syn-ack",
		Title: "The first SYN-ACK is lost.",
		Sees: "Client and server each wait 1 s: the client sends its SYN again, and the server its SYN-ACK, in answer to that SYN, by its own timer, or both." +
			" At the client one SYN-ACK at least is missing.",
		Rules: dropping("first SYN-ACK", isSYNACK, 0, 1),
		Play:  exchangeThenClientCloses,
		Check: paths(0, opened+closedFirst, accepted+closedSecond),
	},
	{
		Name:  "lost-third-ack",
		Title: "The ACK that completes the handshake is lost and the client has nothing to say.",
		Sees: "The client is ESTABLISHED while the server stays in SYN-RECEIVED, sends its SYN-ACK again after 1 s and gets a second ACK;" +
			" then the server speaks first. At the client the first ACK is seen, although it never arrived.",
		Rules: dropping("first pure ACK of the client", pureACK(ToServer), 0, 1),
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c := s.Client.Socket(s.Port())
			c.Connect(s.To(s.Service))
			k := l.Accept()
			k.Write(64)
			c.Read(64)
			oneExchange(s, c, k)
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 1)),
	},
	{
		Name:  "lost-third-ack-data",
		Title: "The ACK that completes the handshake is lost, but the client's request follows and completes it.",
		Sees:  "At the server the handshake's third segment carries data; no SYN-ACK is sent again.",
		Rules: dropping("first pure ACK of the client", pureACK(ToServer), 0, 1),
		Play:  exchangeThenClientCloses,
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0)),
	},
	{
		Name:  "simultaneous-open",
		Title: "Both ends connect to each other at the same moment and their SYNs cross.",
		Sees: "Two SYNs cross, both ends go SYN-SENT to SYN-RECEIVED and send SYN-ACK; each ends up ESTABLISHED." +
			" There is no listener; who is client can only be told by who was faster.",
		Delay: 60 * time.Millisecond,
		Play:  func(s *Stage) { simultaneousOpen(s) },
		Check: paths(0, "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"+closedFirst, "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"+closedSecond),
	},
	{
		Name:   "simultaneous-open-ipv6",
		Title:  "Both ends connect to each other at the same moment over IPv6 and their SYNs cross.",
		Sees:   "As simultaneous-open.",
		Family: IPv6,
		Delay:  60 * time.Millisecond,
		Play:   func(s *Stage) { simultaneousOpen(s) },
		Check:  paths(0, "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"+closedFirst, "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED"+closedSecond),
	},
}

func exchangeThenClientCloses(s *Stage) {
	l := s.Server.Listen(s.Service, 10)
	c := s.Client.Socket(s.Port())
	c.Connect(s.To(s.Service))
	c.Write(200)
	k := l.Accept()
	k.Read(200)
	k.Write(500)
	c.Read(500)
	s.Trip()
	c.Close()
	k.ReadEnd()
	k.Close()
}

func simultaneousOpen(s *Stage) {
	here, there := s.Port(), s.Service
	c, k := s.Client.Socket(here), s.Server.Socket(there)
	c.StartConnect(addrPort(s.Server, there))
	k.StartConnect(addrPort(s.Client, here))
	for _, end := range []*Socket{c, k} {
		if err := end.EndConnect(); err != nil {
			end.host.fail("simultaneous open", err)
		}
	}
	s.Trip()
	oneExchange(s, c, k)
	c.Close()
	k.ReadEnd()
	k.Close()
}
