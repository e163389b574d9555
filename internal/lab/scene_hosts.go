//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// hostsSysctls shortens FIN-WAIT-2 where a minute is too long.
func hostsSysctls(slow bool) [][2]string {
	if slow {
		return nil
	}
	return [][2]string{{"net.ipv4.tcp_fin_timeout", "2"}}
}

func scenesHosts(slow bool) []*Scenario {
	lateBy := 3500 * time.Millisecond
	if slow {
		lateBy = 65 * time.Second
	}
	return []*Scenario{
		{Name: "closed-late", Title: "One side closes; the other does so when FIN-WAIT-2 has been given up, and its FIN meets nobody.", Play: func(s *Stage) {
			c, k := s.serve()
			s.exchanges(c, k)
			if s.Rand.IntN(2) == 0 {
				c, k = k, c
			}
			c.Close()
			k.Drain(time.Second)
			s.Sleep(lateBy)
			k.Close()
			s.Trip()
		}},
		{Name: "early-refusal", Title: "The server answers an upload before it is done and closes with the rest unread.", Play: func(s *Stage) {
			c, k := s.serve()
			s.Together(func() {
				c.TryWrite(s.Size(100_000, 200_000), 2*time.Second)
				c.Drain(2 * time.Second)
			}, func() {
				k.Read(1000)
				k.Write(s.Size(150, 400))
				s.pause(100 * time.Millisecond)
				k.Close()
			})
			c.Close()
		}},
		{Name: "one-octet-loss", Title: "Single octets, of which some are lost.", Rules: losingAtRandom(15), Play: func(s *Stage) {
			c, k := s.serve()
			c.Set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			n := s.Size(20, 40)
			for range n {
				c.Write(1)
				s.pause(120 * time.Millisecond)
			}
			k.Read(n)
			s.endWell(c, k)
			s.Sleep(700 * time.Millisecond)
		}},
		{Name: "keepalive-heals", Title: "The path dies, the client's keepalive gives the server up, the path heals, and the server speaks again.", Play: func(s *Stage) {
			c, k := s.serve()
			s.exchanges(c, k)
			c.Keepalive(1, 1, 2+s.Rand.IntN(2))
			s.Sleep(300 * time.Millisecond)
			s.CutPath()
			c.Drain(7 * time.Second)
			s.HealPath()
			c.Close()
			s.pause(time.Second)
			if s.Rand.IntN(2) == 0 {
				k.TryWrite(100, time.Second)
			}
			k.Close()
			s.Trip()
		}},
		{Name: "health-check", Title: "A load balancer checks a port: SYN, SYN-ACK, RST; again after a second.", Play: func(s *Stage) {
			s.Server.Listen(s.Service, 10)
			for range 3 {
				c := s.Client.Socket(s.Port())
				c.Set(unix.IPPROTO_TCP, unix.TCP_QUICKACK, 0) // no third segment before the RST
				c.Connect(s.To(s.Service))
				c.Abort()
				s.Sleep(time.Second)
			}
		}},
		{Name: "defer-accept", Title: "The server wakes for data only (TCP_DEFER_ACCEPT), and the client is silent for a while.", Play: func(s *Stage) {
			l := s.Server.Socket(s.Service)
			l.Set(unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 5)
			l.listen(5)
			c := s.Client.Socket(s.Port())
			c.Connect(s.To(s.Service))
			s.Sleep(time.Duration(s.Size(500, 4500)) * time.Millisecond)
			c.Write(50)
			k := l.Accept()
			k.Read(50)
			s.exchanges(c, k)
			s.endWell(c, k)
		}},
	}
}

var scenesFastOpen = []*Scenario{
	{Name: "fast-open-cookie", Title: "The second of two connections sends its request in the SYN, with a cookie.", Play: func(s *Stage) {
		l := s.openFast(false)
		for range 2 {
			s.requestInSYN(l, false)
		}
	}},
	{Name: "fast-open-no-cookie", Title: "The request is in the SYN, without a cookie.", Play: func(s *Stage) {
		s.requestInSYN(s.openFast(true), true)
	}},
	{Name: "fast-open-refused", Title: "The server, restarted without Fast Open, takes no data in the SYN: they are sent again.", Play: func(s *Stage) {
		l := s.openFast(false)
		s.requestInSYN(l, false)
		l.Close()
		s.Trip()
		s.requestInSYN(s.Server.Listen(s.Service, 5), false)
	}},
}

const fastOpenNoCookie = 34 // TCP_FASTOPEN_NO_COOKIE

// openFast listens with Fast Open.
func (s *Stage) openFast(withoutCookie bool) *Socket {
	l := s.Server.Socket(s.Service)
	l.Set(unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 5)
	if withoutCookie {
		l.Set(unix.IPPROTO_TCP, fastOpenNoCookie, 1)
	}
	l.listen(5)
	return l
}

// requestInSYN is a connection that asks at once.
func (s *Stage) requestInSYN(l *Socket, withoutCookie bool) {
	n, m := s.Size(5, 800), s.Size(20, 3000)
	c := s.Client.Socket(s.Port())
	if withoutCookie {
		c.Set(unix.IPPROTO_TCP, fastOpenNoCookie, 1)
	}
	c.ConnectSending(s.To(s.Service), n)
	k := l.Accept()
	k.Read(n)
	k.Write(m)
	c.Read(m)
	s.endWell(c, k)
}

var scenesSelf = []*Scenario{
	{Name: "self-connect", Title: "A socket is connected to itself.", Play: func(s *Stage) {
		c := s.Client.Socket(s.Service)
		c.Connect(netip.AddrPortFrom(s.Client.Addr, s.Service))
		for range 1 + s.Rand.IntN(3) {
			n := s.Size(10, 2000)
			c.Write(n)
			c.Read(n)
		}
		c.Close()
	}},
}

// Addresses inside the tunnel.
var (
	innerClient = netip.MustParseAddr("10.77.8.2")
	innerServer = netip.MustParseAddr("10.77.8.3")
)

// tunnelHosts joins the two hosts by VXLAN. The tunnel's MTU is 1450 as always;
// its own path has one of 1400.
func tunnelHosts(_ *Stage, net *network) error {
	var errs []error
	for i, h := range []struct {
		ns           *namespace
		link         string
		local, peer  netip.Addr
		inner, other netip.Addr
	}{
		{net.client, clientLink, clientAddrs[IPv4], serverAddrs[IPv4], innerClient, innerServer},
		{net.server, serverLink, serverAddrs[IPv4], clientAddrs[IPv4], innerServer, innerClient},
	} {
		errs = append(errs, h.ns.ip(fmt.Sprintf(`link set %[1]s mtu 1400
link add vx0 address 02:00:00:00:08:0%[2]d type vxlan id 7 local %[3]s remote %[4]s dstport 4789
link set vx0 mtu 1450 addrgenmode none
link set vx0 up
address add %[5]s/24 dev vx0
neighbour replace %[6]s lladdr 02:00:00:00:08:0%[7]d dev vx0 nud permanent
`, h.link, i, h.local, h.peer, h.inner, h.other, 1-i)), withoutOffload(h.ns.name, "vx0"))
	}
	return errors.Join(errs...)
}

var scenesTunnel = []*Scenario{
	{Name: "vxlan-fragments", Title: "An exchange through the tunnel, whose large segments travel in two fragments.", Family: IPv4, Play: func(s *Stage) {
		s.Client, s.Server = s.Client.at(innerClient), s.Server.at(innerServer)
		c, k := s.serve()
		n := s.Size(20_000, 40_000)
		s.Together(func() { c.Write(n) }, func() { k.Read(n) })
		s.Together(func() { k.Write(n) }, func() { c.Read(n) })
		s.endWell(c, k)
	}},
}
