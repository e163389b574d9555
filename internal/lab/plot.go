//go:build linux

package lab

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// plots are what a campaign plays, all at once. Unlike a scenario that plays
// alone, a plot has no exact outcome: sizes, timings, losses and the way it
// ends are random, and the kernels' reports say what came of it.
var plots = [][]*Scenario{plotsOpening, plotsCarrying, plotsWaiting, plotsEnding}

// volume is a random amount of data for a transfer, in octets.
func (s *Stage) volume() int {
	if s.brief {
		return s.Size(3_000, 30_000)
	}
	return s.Size(20_000, 250_000)
}

// pause lets a random time pass, up to limit.
func (s *Stage) pause(limit time.Duration) { s.Sleep(time.Duration(s.Rand.Int64N(int64(limit)))) }

// serve makes the listener and one connection to it, both ends of which are
// ready.
func (s *Stage) serve() (client, server *Socket) {
	l := s.Server.Listen(s.Service, 10)
	client = s.Client.Socket(s.Port())
	client.Connect(s.To(s.Service))
	return client, l.Accept()
}

// exchanges are some requests and replies.
func (s *Stage) exchanges(c, k *Socket) {
	for range 1 + s.Rand.IntN(4) {
		request, reply := s.Size(20, 1200), s.Size(20, 6000)
		c.Write(request)
		k.Read(request)
		k.Write(reply)
		c.Read(reply)
		s.pause(60 * time.Millisecond)
	}
}

// end closes a connection in a random way.
func (s *Stage) end(c, k *Socket) {
	first, second := c, k
	if s.Rand.IntN(2) == 0 {
		first, second = k, c
	}
	switch s.Rand.IntN(8) {
	case 0:
		first.Abort()
		second.Drain(time.Second)
		second.Close()
	case 1: // at once
		first.Close()
		second.Close()
	case 2: // half-close with data after it
		first.Shutdown()
		second.Drain(2 * time.Second)
		second.TryWrite(s.Size(100, 5000), time.Second)
		second.Close()
		first.Drain(2 * time.Second)
		first.Close()
	default:
		first.Close()
		second.Drain(2 * time.Second)
		s.pause(50 * time.Millisecond)
		second.Close()
	}
	s.Sleep(time.Second) // for what has to be sent again
}

// Drain receives until the peer's FIN, until the connection breaks or until
// nothing has come for the given time, and returns what it ended with.
func (s *Socket) Drain(limit time.Duration) error {
	buf := make([]byte, 1<<16)
	for {
		n, err := unix.Read(s.fd, buf)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if ready, err := s.wait(unix.POLLIN, limit); err != nil || !ready {
				return errors.Join(err, unix.ETIMEDOUT)
			}
		case err != nil:
			return err
		case n == 0:
			return nil
		}
	}
}

// losing drops packets of both sides at random, 1 to most in a hundred.
func losingAtRandom(most int) func(*Stage) []*Rule {
	return func(s *Stage) []*Rule {
		up, down := 1+s.Luck.IntN(most), 1+s.Luck.IntN(most)
		return []*Rule{{
			Name:   fmt.Sprintf("%d %% of the client's and %d %% of the server's packets", up, down),
			Action: Drop, Match: func(p *Packet) bool {
				return s.Luck.IntN(100) < map[Direction]int{ToServer: up, ToClient: down}[p.Direction]
			},
		}}
	}
}

// delayingAtRandom holds data segments back, so that others overtake them: by
// less than a round trip mostly, sometimes by more.
func delayingAtRandom(s *Stage) []*Rule {
	var rules []*Rule
	for range 3 {
		share := 1 + s.Luck.IntN(3)
		by := time.Duration(300+s.Luck.IntN(3000)) * time.Microsecond
		if s.Luck.IntN(4) == 0 {
			by = s.Delay * time.Duration(1+s.Luck.IntN(3))
		}
		rules = append(rules, &Rule{
			Name:   fmt.Sprintf("%d %% of the data segments, %v", share, by),
			Action: Delay, By: by, Match: func(p *Packet) bool { return p.Payload > 0 && s.Luck.IntN(100) < share },
		})
	}
	return rules
}

// doublingAtRandom delivers packets of both sides twice.
func doublingAtRandom(s *Stage) []*Rule {
	share := 2 + s.Luck.IntN(10)
	by := time.Duration(100+s.Luck.IntN(3000)) * time.Microsecond
	return []*Rule{{
		Name:   fmt.Sprintf("%d %% of all packets, %v later again", share, by),
		Action: Duplicate, By: by, Match: func(p *Packet) bool { return s.Luck.IntN(100) < share },
	}}
}

// first drops the first few packets that match, at most most of them.
func first(what string, most int, match func(*Packet) bool) func(*Stage) []*Rule {
	return func(s *Stage) []*Rule {
		return []*Rule{{Name: "first " + what, Action: Drop, Match: match, Count: 1 + s.Luck.IntN(most)}}
	}
}

var plotsOpening = []*Scenario{
	{Name: "refused", Play: func(s *Stage) {
		c := s.Client.Socket(s.Port())
		c.TryConnect(s.To(s.Service))
		c.Close()
	}},
	{Name: "syn-unanswered", Rules: dropping("every SYN", isSYN, 0, 0), Play: func(s *Stage) {
		c := s.Client.Socket(s.Port())
		c.Set(unix.IPPROTO_TCP, unix.TCP_SYNCNT, 1)
		c.StartConnect(s.To(s.Service))
		s.Sleep(time.Duration(s.Size(1500, 4000)) * time.Millisecond)
		c.Close()
	}},
	{Name: "lost-syn", Rules: first("SYNs", 2, isSYN), Play: playExchanges},
	{Name: "lost-syn-ack", Rules: first("SYN-ACKs", 2, isSYNACK), Play: playExchanges},
	{Name: "lost-third-ack", Rules: first("ACKs of the client", 2, pureACK(ToServer)), Play: playExchanges},
	{Name: "lost-third-ack-server-first", Rules: first("ACKs of the client", 1, pureACK(ToServer)), Play: func(s *Stage) {
		c, k := s.serve()
		n := s.Size(10, 3000)
		k.Write(n)
		c.Read(n)
		s.exchanges(c, k)
		s.end(c, k)
	}},
	{Name: "simultaneous-open", Play: func(s *Stage) {
		here := s.Port()
		c, k := s.Client.Socket(here), s.Server.Socket(s.Service)
		c.StartConnect(addrPort(s.Server, s.Service))
		k.StartConnect(addrPort(s.Client, here))
		for _, end := range []*Socket{c, k} {
			if err := end.EndConnect(); err != nil {
				end.host.fail("simultaneous open", err)
			}
		}
		s.Trip()
		s.exchanges(c, k)
		s.end(c, k)
	}},
	{Name: "fast-open", Rules: losingAtRandom(3), Play: func(s *Stage) {
		l := s.Server.Socket(s.Service)
		l.Set(unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 5)
		l.listen(10)
		for range 2 {
			n, m := s.Size(20, 1000), s.Size(20, 9000)
			c := s.Client.Socket(s.Port())
			c.ConnectSending(s.To(s.Service), n)
			k := l.Accept()
			k.Read(n)
			k.Write(m)
			c.Read(m)
			s.end(c, k)
		}
	}},
}

func playExchanges(s *Stage) {
	c, k := s.serve()
	s.exchanges(c, k)
	s.end(c, k)
}

var plotsCarrying = []*Scenario{
	{Name: "clean", Play: playExchanges},
	{Name: "download-loss", Rules: losingAtRandom(5), Play: playDownload},
	{Name: "download-loss-again", Rules: losingAtRandom(5), Play: playDownload},
	{Name: "upload-loss", Rules: losingAtRandom(5), Play: func(s *Stage) {
		c, k := s.serve()
		n := s.volume()
		s.Together(func() { c.Write(n) }, func() { k.Read(n) })
		s.end(c, k)
	}},
	{Name: "both-ways-loss", Rules: losingAtRandom(5), Play: func(s *Stage) {
		c, k := s.serve()
		n, m := s.volume(), s.volume()
		s.Together(func() { c.Write(n) }, func() { k.Read(n) }, func() { k.Write(m) }, func() { c.Read(m) })
		s.end(c, k)
	}},
	{Name: "exchanges-loss", Rules: losingAtRandom(8), Play: func(s *Stage) {
		c, k := s.serve()
		for range 4 {
			s.exchanges(c, k)
		}
		s.end(c, k)
	}},
	{Name: "pieces-loss", Rules: losingAtRandom(6), Play: func(s *Stage) {
		c, k := s.serve()
		total := 0
		for range 30 {
			n := s.Size(5, 400)
			total += n
			c.Write(n)
			s.pause(8 * time.Millisecond)
		}
		k.Read(total)
		s.exchanges(c, k)
		s.end(c, k)
	}},
	{Name: "burst-loss", Rules: func(s *Stage) []*Rule {
		return []*Rule{{Name: "a run of data segments", Action: Drop, Match: dataFrom(ToClient),
			Skip: 4 + s.Luck.IntN(20), Count: 1 + s.Luck.IntN(12)}}
	}, Play: playDownload},
	{Name: "tail-loss", Rules: func(s *Stage) []*Rule {
		return []*Rule{{Name: "the last data segments", Action: Drop, Match: dataFrom(ToClient), Skip: 5, Count: 1 + s.Luck.IntN(2)}}
	}, Play: func(s *Stage) {
		c, k := s.serve()
		c.Write(100)
		k.Read(100)
		n := s.Size(5*1448+1, 7*1448)
		s.Together(func() { k.Write(n) }, func() { c.Read(n) })
		s.Trip()
		s.end(c, k)
	}},
	{Name: "ack-loss", Rules: func(s *Stage) []*Rule {
		share := 10 + s.Luck.IntN(50)
		return []*Rule{{Name: fmt.Sprintf("%d %% of the client's ACKs", share), Action: Drop, Match: func(p *Packet) bool {
			return pureACK(ToServer)(p) && s.Luck.IntN(100) < share
		}}}
	}, Play: playDownload},
	{Name: "reordering", Rules: delayingAtRandom, Play: playDownload},
	{Name: "duplication", Rules: doublingAtRandom, Play: playDownload},
	{Name: "all-at-once", Rules: func(s *Stage) []*Rule {
		return append(append(losingAtRandom(2)(s), delayingAtRandom(s)...), doublingAtRandom(s)...)
	}, Play: playDownload},
	{Name: "late-burst", Rules: func(s *Stage) []*Rule {
		var since time.Time
		n, at := 0, 8+s.Luck.IntN(10)
		by := time.Duration(280+s.Luck.IntN(400)) * time.Millisecond
		return []*Rule{{Name: fmt.Sprintf("packets of the server, %v", by), Action: Delay, By: by, Match: func(p *Packet) bool {
			if n += min(p.Payload, 1); n == at && since.IsZero() {
				since = p.Time
			}
			return p.Direction == ToClient && !since.IsZero() && p.Time.Sub(since) < by-50*time.Millisecond
		}}}
	}, Play: playDownload},
	{Name: "small-window", Rules: losingAtRandom(2), Play: func(s *Stage) {
		l := s.Server.Socket(s.Service)
		l.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, s.Size(4000, 20_000))
		l.listen(10)
		c := s.Client.Socket(s.Port())
		c.Connect(s.To(s.Service))
		k := l.Accept()
		n := s.volume() / 3
		s.Together(func() { c.Write(n) }, func() { k.Read(n) })
		s.end(c, k)
	}},
}

func playDownload(s *Stage) {
	c, k := s.serve()
	c.Write(150)
	k.Read(150)
	n := s.volume()
	s.Together(func() { k.Write(n) }, func() { c.Read(n) })
	s.pause(100 * time.Millisecond)
	s.end(c, k)
}

var plotsWaiting = []*Scenario{
	{Name: "keepalive-answered", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		[]*Socket{c, k}[s.Rand.IntN(2)].Keepalive(1, 1, 9)
		s.Sleep(time.Duration(s.Size(2500, 4500)) * time.Millisecond)
		s.end(c, k)
	}},
	{Name: "keepalive-dead-peer", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		c.Keepalive(1, 1, 2+s.Rand.IntN(3))
		s.CutPath()
		c.Drain(7 * time.Second)
	}},
	{Name: "vanished-with-data", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		k.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, s.Size(1500, 4000))
		s.CutPath()
		k.Write(s.Size(100, 5000))
		k.Drain(7 * time.Second)
	}},
	{Name: "zero-window", Play: func(s *Stage) {
		l := s.Server.Socket(s.Service)
		l.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, 8192)
		l.listen(10)
		c := s.Client.Socket(s.Port())
		c.Connect(s.To(s.Service))
		k := l.Accept()
		n := s.Size(20_000, 40_000)
		s.Together(func() { c.Write(n) }, func() {
			s.Sleep(time.Duration(s.Size(300, 2500)) * time.Millisecond)
			k.Read(n)
		})
		s.end(c, k)
	}},
	{Name: "slow-reader", Rules: losingAtRandom(2), Play: func(s *Stage) {
		l := s.Server.Socket(s.Service)
		l.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, s.Size(5000, 9000))
		l.listen(10)
		c := s.Client.Socket(s.Port())
		c.Connect(s.To(s.Service))
		k := l.Accept()
		n := s.Size(20_000, 40_000)
		s.Together(func() { c.Write(n) }, func() {
			for left := n; left > 0; {
				m := min(left, s.Size(500, 4000))
				k.Read(m)
				left -= m
				s.Sleep(60 * time.Millisecond)
			}
		})
		s.end(c, k)
	}},
}

var plotsEnding = []*Scenario{
	{Name: "lost-fin", Rules: func(s *Stage) []*Rule {
		from := Direction(s.Luck.IntN(2))
		return first("FINs of the "+from.String(), 2, finFrom(from))(s)
	}, Play: playExchanges},
	{Name: "lost-fin-ack", Rules: func(s *Stage) []*Rule {
		from := Direction(s.Luck.IntN(2))
		fin := false
		return []*Rule{{Name: "ACK of the FIN of the " + from.String(), Action: Drop, Count: 1 + s.Luck.IntN(2), Match: func(p *Packet) bool {
			fin = fin || finFrom(from)(p)
			return fin && pureACK(1-from)(p)
		}}}
	}, Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		c.Close()
		k.Drain(time.Second)
		s.pause(700 * time.Millisecond)
		k.Close()
		s.Sleep(time.Second)
	}},
	{Name: "simultaneous-close", Rules: func(s *Stage) []*Rule {
		if s.Luck.IntN(2) == 0 {
			return nil
		}
		return first("FINs", 1, func(p *Packet) bool { return p.Flags.Has(fsm.FIN) })(s)
	}, Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		s.Sleep(100 * time.Millisecond)
		c.Close()
		k.Close()
		s.Sleep(1500 * time.Millisecond)
	}},
	{Name: "reset-with-data-in-flight", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		if s.Rand.IntN(2) == 0 {
			c, k = k, c
		}
		c.TryWrite(s.Size(1000, 20_000), time.Second)
		k.TryWrite(s.Size(1000, 20_000), time.Second)
		s.pause(3 * s.Delay)
		c.Abort()
		k.Drain(time.Second)
		k.Close()
	}},
	{Name: "lost-rst", Rules: first("RSTs", 1, func(p *Packet) bool { return p.Flags.Has(fsm.RST) }), Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		if s.Rand.IntN(2) == 0 {
			c, k = k, c
		}
		c.Abort()
		s.pause(300 * time.Millisecond)
		k.TryWrite(200, time.Second)
		k.Drain(time.Second)
		k.Close()
	}},
	{Name: "unread-data", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		if s.Rand.IntN(2) == 0 {
			c, k = k, c
		}
		c.Write(s.Size(1, 4000))
		s.Trip()
		k.Close()
		c.Drain(time.Second)
		c.Close()
	}},
	{Name: "data-after-close", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		if s.Rand.IntN(2) == 0 {
			c, k = k, c
		}
		c.Close()
		k.Drain(time.Second)
		s.pause(100 * time.Millisecond)
		k.TryWrite(s.Size(1, 3000), time.Second)
		s.Trip()
		k.Close()
	}},
	{Name: "fin-wait-2-given-up", Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		c.Set(unix.IPPROTO_TCP, unix.TCP_LINGER2, 1)
		c.Close()
		k.Drain(time.Second)
		s.Sleep(2500 * time.Millisecond)
		k.TryWrite(100, time.Second)
		s.Trip()
		k.Close()
	}},
	{Name: "port-reused", Play: func(s *Stage) {
		l := s.Server.Listen(s.Service, 10)
		port := s.Port()
		for range 2 + s.Rand.IntN(2) {
			c := s.Client.Socket(port)
			c.Connect(s.To(s.Service))
			k := l.Accept()
			s.exchanges(c, k)
			k.Close()
			c.Drain(time.Second)
			c.Close()
			s.Sleep(time.Duration(s.Size(100, 600)) * time.Millisecond)
		}
	}},
	{Name: "fin-on-data", Rules: losingAtRandom(4), Play: func(s *Stage) {
		c, k := s.serve()
		for _, p := range [][2]*Socket{{c, k}, {k, c}} {
			p[0].Set(unix.IPPROTO_TCP, unix.TCP_CORK, 1)
			p[0].Write(s.Size(100, 5000))
			p[0].Shutdown()
			p[1].Drain(3 * time.Second)
		}
		c.Close()
		k.Close()
		s.Sleep(time.Second)
	}},
}
