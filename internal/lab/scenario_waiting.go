//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

var waiting = []*Scenario{
	{
		Name:  "keepalive-answered",
		Title: "An idle connection with keepalive after 1 s and each 1 s; the server answers, and after 5 s the client closes.",
		Sees:  "Probes without data at seq = next octet - 1, each answered by an ACK; no state changes.",
		Play:  keepaliveAnswered,
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0), counted("client", "TcpExt.TCPKeepAlive", 3)),
	},
	{
		Name:   "keepalive-answered-ipv6",
		Title:  "An idle IPv6 connection with keepalive after 1 s and each 1 s; the server answers, and after 5 s the client closes.",
		Sees:   "As keepalive-answered.",
		Family: IPv6,
		Play:   keepaliveAnswered,
		Check:  all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0), counted("client", "TcpExt.TCPKeepAlive", 3)),
	},
	{
		Name:  "keepalive-dead-peer",
		Title: "The server vanishes; the client's keepalive (1 s idle, each 1 s, 9 probes) finds out.",
		Sees:  "Nine unanswered probes 1 s apart at the client, then a RST,ACK from the client, which never arrives. The server still is ESTABLISHED.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			c.Keepalive(1, 1, 9)
			s.CutPath()
			expectError(c, c.ReadError(), unix.ETIMEDOUT)
		},
		Check: all(paths(0, opened+" CLOSED", accepted), resets(0, 1, 0), left(0, "", "ESTABLISHED")),
	},
	{
		Name:  "peer-vanished-with-data",
		Title: "The server vanishes while the client sends; the client gives up after 5 s (TCP_USER_TIMEOUT).",
		Sees:  "The same segment again and again with doubling intervals, no answer, no FIN; the client's socket closes without a word.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			c.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 5000)
			s.CutPath()
			c.Write(400)
			expectError(c, c.ReadError(), unix.ETIMEDOUT)
		},
		Check: all(paths(0, opened+" CLOSED", accepted), left(0, "", "ESTABLISHED")),
	},
	{
		Name:  "zero-window",
		Title: "The server does not read for 2.5 s; its window closes, the client probes, then the server reads on.",
		Sees:  "ACKs with window 0, probes without data at seq = una - 1 with growing intervals, a window update, the rest of the data.",
		Snap:  128,
		Play: func(s *Stage) {
			l := s.Server.Socket(s.Service)
			l.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, 8192)
			l.listen(10)
			c, k := s.Connect(l, s.Service)
			const size = 40_000
			s.Together(func() { c.Write(size) }, func() {
				s.Sleep(2500 * time.Millisecond)
				k.Read(size)
			})
			s.Trip()
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), counted("client", "TcpExt.TCPWinProbe", 2)),
	},
}

func keepaliveAnswered(s *Stage) {
	l := s.Server.Listen(s.Service, 10)
	c, k := s.Connect(l, s.Service)
	oneExchange(s, c, k)
	c.Keepalive(1, 1, 9)
	s.Sleep(5 * time.Second)
	c.Close()
	k.ReadEnd()
	k.Close()
}

// atTaps are for the comparison of captures taken at two taps.
var atTaps = []*Scenario{
	{
		Name:  "exchanges-on-a-short-path",
		Title: "A request and a reply ten times a second for 10 s, on a path of less than a millisecond.",
		Sees:  "Nothing but that; the two captures' times bound the clocks closely.",
		Delay: 20 * time.Microsecond,
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			for range 100 {
				c.Write(20)
				k.Read(20)
				k.Write(30)
				c.Read(30)
				s.Sleep(100 * time.Millisecond)
			}
			c.Close()
			k.Drain(time.Second)
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0)),
	},
}
