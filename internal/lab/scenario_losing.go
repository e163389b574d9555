//go:build linux

package lab

import (
	"time"
)

var losing = []*Scenario{
	{
		Name:  "random-loss",
		Title: "A reply of 150 kB; the router loses 3 % of the packets in each direction at random.",
		Sees:  "Retransmissions, at the server's side all of them; duplicate ACKs with SACK; the client closes.",
		Snap:  128,
		Rules: func(s *Stage) []*Rule {
			return []*Rule{{Name: "3 % at random", Action: Drop, Match: func(p *Packet) bool {
				return !isSYN(p) && !isSYNACK(p) && s.Luck.IntN(100) < 3
			}}}
		},
		Play:  func(s *Stage) { download(s, 150_000) },
		Check: paths(0, opened+closedFirst, accepted+closedSecond),
	},
	{
		Name:  "fast-retransmit",
		Title: "A reply of 60 kB of which one segment in the middle is lost.",
		Sees:  "Duplicate ACKs with SACK blocks at the client; the server sends the one segment again without a timeout.",
		Snap:  128,
		Rules: dropping("20th data segment of the server", dataFrom(ToClient), 19, 1),
		Play:  func(s *Stage) { download(s, 60_000) },
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 1)),
	},
	{
		Name:  "retransmission-timeout",
		Title: "A request is lost twice.",
		Sees:  "The request comes three times at the client: after a tail loss probe or timeout, and again after a timeout.",
		Rules: dropping("the request, twice", dataFrom(ToServer), 0, 2),
		Play: func(s *Stage) {
			closeByClient(s)
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 2, 0)),
	},
	{
		Name:  "reordered",
		Title: "A reply of 60 kB of which three segments are overtaken by those behind them.",
		Sees:  "Segments out of order with rising IP-ID gaps behind the router; the server may send again what was only late.",
		Snap:  128,
		Rules: func(*Stage) []*Rule {
			var rules []*Rule
			for i, n := range []int{12, 22, 33} {
				rules = append(rules, &Rule{Name: "one data segment of the server, 2 ms", Action: Delay, Match: dataFrom(ToClient),
					Skip: n - i, Count: 1, By: 2 * time.Millisecond})
			}
			return rules
		},
		Play:  func(s *Stage) { download(s, 60_000) },
		Check: paths(0, opened+closedFirst, accepted+closedSecond),
	},
	{
		Name:  "duplicated",
		Title: "A reply of 30 kB; the router sends every fifth data segment twice, 1 ms apart.",
		Sees:  "Behind the router identical packets, IP-ID included; the server sent nothing twice; DSACK from the client.",
		Snap:  128,
		Rules: func(*Stage) []*Rule {
			n := 0
			return []*Rule{{Name: "every fifth data segment of the server", Action: Duplicate, By: time.Millisecond, Match: func(p *Packet) bool {
				if !dataFrom(ToClient)(p) {
					return false
				}
				n++
				return n%5 == 0
			}}}
		},
		Play:  func(s *Stage) { download(s, 30_000) },
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0)),
	},
}

// download is a request, a reply of size octets and a close by the client.
func download(s *Stage, size int) {
	l := s.Server.Listen(80, 10)
	c, k := s.Connect(l, 80)
	c.Write(150)
	k.Read(150)
	s.Together(func() { k.Write(size) }, func() { c.Read(size) })
	s.Trip()
	c.Close()
	k.ReadEnd()
	k.Close()
}
