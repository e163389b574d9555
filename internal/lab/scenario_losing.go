//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/fsm"
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
		Name:  "tail-loss",
		Title: "The last of several segments of a reply is lost.",
		Sees:  "Nothing tells the server of the loss; a tail loss probe sends the last segment again after about two round trips, long before the timeout.",
		Rules: func(*Stage) []*Rule {
			return []*Rule{{Name: "last data segment", Action: Drop, Count: 1, Match: func(p *Packet) bool {
				return p.Direction == ToClient && p.Payload == 7000%1448
			}}}
		},
		Play: func(s *Stage) { download(s, 7000) },
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 1),
			counted("server", "TcpExt.TCPLossProbes", 1), counted("server", "TcpExt.TCPLossProbeRecovery", 1)),
	},
	{
		Name:  "several-lost",
		Title: "A reply of 90 kB of which five segments in one flight are lost, one of them twice.",
		Sees:  "Several SACK blocks; the holes are filled in one recovery, the one lost twice later, by RACK or timeout.",
		Snap:  128,
		Rules: func(*Stage) []*Rule {
			holes := make(map[uint32]int) // how often each was dropped
			n := 0
			return []*Rule{{Name: "data segments 21, 22, 25, 28 and 30 of the server, 22 twice", Action: Drop, Count: 6, Match: func(p *Packet) bool {
				if !dataFrom(ToClient)(p) {
					return false
				}
				n++
				switch n {
				case 21, 25, 28, 30:
					return true
				case 22:
					holes[p.Seq] = 1
					return true
				}
				if holes[p.Seq] == 1 {
					holes[p.Seq] = 2
					return true
				}
				return false
			}}}
		},
		Play:  func(s *Stage) { download(s, 90_000) },
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 6)),
	},
	{
		Name:  "spurious-timeout",
		Title: "In the middle of a reply everything from the server is late by 0.5 s once; nothing is lost.",
		Sees:  "The server's timeout sends again what is only late; the client gets it twice and says so with DSACK.",
		Snap:  128,
		Rules: func(*Stage) []*Rule {
			var since time.Time
			n := 0
			return []*Rule{{Name: "packets of the server, 0.5 s", Action: Delay, By: 500 * time.Millisecond, Match: func(p *Packet) bool {
				if n += min(p.Payload, 1); n == 13 && since.IsZero() {
					since = p.Time
				}
				return p.Direction == ToClient && !since.IsZero() && p.Time.Sub(since) < 400*time.Millisecond
			}}}
		},
		Play: func(s *Stage) { download(s, 60_000) },
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond),
			counted("server", "TcpExt.TCPTimeouts", 1), counted("client", "TcpExt.TCPDSACKOldSent", 1)),
	},
	{
		Name:  "lost-rst",
		Title: "The server aborts, but its RST is lost; the client's next data gets another.",
		Sees:  "At the client one RST, without ACK, in answer to data; at the server two.",
		Rules: dropping("first RST", func(p *Packet) bool { return p.Flags.Has(fsm.RST) }, 0, 1),
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			k.Abort()
			s.Sleep(200 * time.Millisecond)
			c.Write(100)
			expectError(c, c.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 0, 2)),
	},
	{
		Name:    "random-loss-offload-ipv6",
		Title:   "An upload of 150 kB over IPv6 with segmentation offload; the router loses 8 % of the packets in each direction at random.",
		Sees:    "Giant segments, also sent again in parts of another size than the first time.",
		Family:  IPv6,
		Offload: true,
		Snap:    128,
		Rules: func(s *Stage) []*Rule {
			return []*Rule{{Name: "8 % at random", Action: Drop, Match: func(p *Packet) bool {
				return !isSYN(p) && !isSYNACK(p) && s.Luck.IntN(100) < 8
			}}}
		},
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			s.Together(func() { c.Write(150_000); c.Shutdown() }, func() { k.ReadEnd() })
			k.Write(20)
			k.Close()
			c.ReadEnd()
			c.Close()
			s.Sleep(time.Second)
		},
		Check: paths(0, opened+closedFirst, accepted+closedSecond),
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
	l := s.Server.Listen(s.Service, 10)
	c, k := s.Connect(l, s.Service)
	c.Write(150)
	k.Read(150)
	s.Together(func() { k.Write(size) }, func() { c.Read(size) })
	s.Trip()
	c.Close()
	k.ReadEnd()
	k.Close()
}
