//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// strictBox makes the box take nothing for a connection whose beginning it has
// not seen.
func strictBox(_ *Stage, net *network) error {
	return errors.Join(net.box.sysctl("net.netfilter.nf_conntrack_tcp_loose", "0"))
}

// destination translates the virtual address to the server's.
func destination(s *Stage) BoxRules {
	return BoxRules{Destination: []string{fmt.Sprintf("%s daddr %s tcp dport %d dnat %s to %s", s.proto(), virtualAddrs[s.family()], s.Service, s.proto(), s.Server.Addr)}}
}

// source translates the client's addresses to the box's.
func source(s *Stage) BoxRules {
	return BoxRules{Source: []string{fmt.Sprintf("%s daddr %s tcp dport %d snat %s to %s", s.proto(), s.Server.Addr, s.Service, s.proto(), boxAddrs[s.family()])}}
}

// dial connects from a client address to the virtual one or to the server's own.
func (s *Stage) dial(l *Socket, port uint16, virtual bool) (c, k *Socket) {
	to := s.To(s.Service)
	if virtual {
		to = netip.AddrPortFrom(virtualAddrs[s.family()], s.Service)
		s.knownAs(s.To(s.Service), to)
	}
	c = s.Client.Socket(port)
	c.Connect(to)
	return c, l.Accept()
}

// hide notes that the server knows a client's port by the box's address.
func (s *Stage) hide(client netip.Addr, port uint16) {
	s.knownAs(netip.AddrPortFrom(client, port), netip.AddrPortFrom(boxAddrs[s.family()], port))
}

// forget makes the box forget the connections to the stage's port.
func (s *Stage) forget() {
	cmd := exec.Command("ip", "netns", "exec", s.net.box.name, "conntrack", "-D", "-f", "ipv4", "-p", "tcp", "--dport", strconv.Itoa(int(s.Service)))
	if s.family() == IPv6 {
		cmd.Args[7] = "ipv6"
	}
	if err := run(cmd); err != nil {
		s.Client.fail("forget connections", err)
	}
}

func scenesTranslating(slow bool) []*Scenario {
	idle := 2 * time.Second
	if slow {
		idle = 130 * time.Second
	}
	tracked := func(otherwise string) func(*Stage) BoxRules {
		return func(s *Stage) BoxRules {
			return BoxRules{Forward: []string{s.toServer() + "ct state invalid " + otherwise, s.toClient() + "ct state invalid " + otherwise}}
		}
	}
	return []*Scenario{
		{Name: "destination-nat", Title: "The box translates the server's address.", Box: destination, Play: func(s *Stage) {
			c, k := s.dial(s.Server.Listen(s.Service, 5), s.Port(), true)
			s.exchanges(c, k)
			s.endWell(c, k)
		}},
		{Name: "source-nat", Title: "The box translates the client's address.", Box: source, Play: func(s *Stage) {
			port := s.Port()
			s.hide(s.Client.Addr, port)
			c, k := s.dial(s.Server.Listen(s.Service, 5), port, false)
			s.exchanges(c, k)
			s.endWell(c, k)
		}},
		{Name: "full-nat", Title: "The box translates both addresses, as a load balancer.", Box: func(s *Stage) BoxRules {
			rules := destination(s)
			rules.add(source(s))
			return rules
		}, Play: func(s *Stage) {
			port := s.Port()
			s.hide(s.Client.Addr, port)
			c, k := s.dial(s.Server.Listen(s.Service, 5), port, true)
			s.exchanges(c, k)
			s.endWell(c, k)
		}},
		{Name: "reply-not-translated-back", Title: "The box translates the way to the server, and the answers pass it untranslated.", Box: func(s *Stage) BoxRules {
			rules := destination(s)
			rules.Untracked = []string{fmt.Sprintf("iifname %q %s", boxLinks[1], s.toClient()) + "notrack"}
			return rules
		}, Play: func(s *Stage) {
			s.Server.Listen(s.Service, 5)
			to := netip.AddrPortFrom(virtualAddrs[s.family()], s.Service)
			s.knownAs(s.To(s.Service), to)
			s.tryOnce(to, nil)
		}},
		{Name: "forgotten-dropped", Title: "The box forgets an idle connection and drops what comes of it afterwards.", Box: tracked("drop"), Play: func(s *Stage) {
			c, k := s.serve()
			s.exchanges(c, k)
			c.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 3000)
			s.Sleep(idle)
			s.forget()
			c.TryWrite(s.Size(50, 500), time.Second)
			c.Drain(7 * time.Second)
			c.Close()
			k.Close()
		}},
		{Name: "forgotten-reset", Title: "The box forgets an idle connection and answers what comes of it afterwards with a RST.", Box: tracked("reject with tcp reset"), Play: func(s *Stage) {
			c, k := s.serve()
			s.exchanges(c, k)
			s.Sleep(idle)
			s.forget()
			c.TryWrite(s.Size(50, 500), time.Second)
			c.Drain(3 * time.Second)
			c.Close()
			k.TryWrite(50, time.Second)
			k.Drain(3 * time.Second)
			k.Close()
		}},
		{Name: "syn-proxy", Title: "The box answers the client's SYN in the server's name and then connects to the server (SYN proxy). Over IPv4 only: over IPv6 Linux 6.18's answers to no SYN.", Family: IPv4, Box: func(s *Stage) BoxRules {
			return BoxRules{
				Untracked: []string{s.toServer() + "tcp flags & (fin|syn|rst|ack) == syn notrack"},
				Forward: []string{
					s.toServer() + "ct state { invalid, untracked } synproxy mss 1460 wscale 7 timestamp sack-perm",
					s.toServer() + "ct state invalid drop",
				},
			}
		}, Play: func(s *Stage) {
			c, k := s.serve()
			s.exchanges(c, k)
			s.endWell(c, k)
		}},
	}
}

// scenesNumbers are boxes that choose numbers, and a host that answers beside the server.
var scenesNumbers = []*Scenario{
	renumbering("renumbering-server", "A firewall gives the server's segments other numbers.", 0, 1),
	renumbering("renumbering-client", "A firewall gives the client's segments other numbers.", 1, 0),
	renumbering("renumbering-both", "A firewall gives both sides' segments other numbers.", 1, 1),
	{Name: "second-responder", Title: "Another host answers the SYN too, after the server has.", Rules: func(s *Stage) []*Rule {
		return []*Rule{{Name: "the SYN, by another host", Action: Impostor, Match: isSYN, By: time.Duration(s.Luck.IntN(30)+15) * time.Millisecond, Count: 1}}
	}, Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		s.endWell(c, k)
	}},
}

// renumbering is a connection through the router as a firewall that adds to the numbers of
// one side or both. It is captured on both of its links at once.
func renumbering(name, title string, client, server uint32) *Scenario {
	return &Scenario{Name: name, Title: title, Rules: func(s *Stage) []*Rule {
		add := [2]uint32{client * s.Luck.Uint32(), server * s.Luck.Uint32()}
		return []*Rule{{Name: "all", Action: Renumber, Add: add, Match: func(*Packet) bool { return true }}}
	}, Play: func(s *Stage) {
		c, k := s.serve()
		s.exchanges(c, k)
		s.endWell(c, k)
	}}
}

// endWell closes one side after the other, without RST.
func (s *Stage) endWell(c, k *Socket) {
	first, second := c, k
	if s.Rand.IntN(2) == 0 {
		first, second = k, c
	}
	first.Close()
	second.Drain(2 * time.Second)
	s.pause(50 * time.Millisecond)
	second.Close()
	s.Sleep(300 * time.Millisecond)
}

var scenesTimeWait = []*Scenario{{
	Name: "time-wait-met", Title: "Of two clients behind one address the second comes from the port that the first had, whose server holds TIME-WAIT. Half of them are let in at once.",
	Box: source, Play: meetTimeWait,
}}

var scenesRFC1337 = []*Scenario{{
	Name: "time-wait-kept", Title: "The same when a RST does not end TIME-WAIT (tcp_rfc1337).",
	Box: source, Play: meetTimeWait,
}}

// meetTimeWait connects twice through the box's address from the same port, from
// two client addresses, so that numbers and timestamps do not go on.
func meetTimeWait(s *Stage) {
	l := s.Server.Listen(s.Service, 5)
	port := s.Port()
	s.hide(s.Client.Addr, port)
	c, k := s.dial(l, port, false)
	s.exchanges(c, k)
	k.Close()
	c.Drain(time.Second)
	c.Close()
	s.Trip()
	s.forget()
	other := secondClients[s.family()]
	s.hide(other, port)
	c = s.Client.at(other).Socket(port)
	c.Set(unix.IPPROTO_TCP, unix.TCP_SYNCNT, 1)
	c.StartConnect(s.To(s.Service))
	ready, err := c.wait(unix.POLLOUT, 15*time.Second)
	if err != nil || !ready || c.EndConnect() != nil {
		c.Close()
		return
	}
	k = l.Accept()
	s.exchanges(c, k)
	s.endWell(c, k)
}
