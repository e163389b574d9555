//go:build linux

package lab

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// rejections are how a firewall can reject by ICMP, as nftables names them.
var rejections = map[Family][]string{
	IPv4: {"icmp type net-unreachable", "icmp type host-unreachable", "icmp type port-unreachable", "icmp type prot-unreachable",
		"icmp type net-prohibited", "icmp type host-prohibited", "icmp type admin-prohibited"},
	IPv6: {"icmpv6 type no-route", "icmpv6 type admin-prohibited", "icmpv6 type addr-unreachable", "icmpv6 type port-unreachable",
		"icmpv6 type policy-fail", "icmpv6 type reject-route"},
}

var scenesRejecting = []*Scenario{
	{
		Name: "icmp-reject-firewall", Title: "A firewall rejects the SYN by ICMP.",
		Box: func(s *Stage) BoxRules { return BoxRules{Forward: []string{s.toServer() + s.rejection()}} },
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 5)
			s.tryOnce(s.To(s.Service), nil)
		},
	},
	{
		Name: "icmp-reject-router", Title: "A router without a route, or with one that prohibits, rejects the SYN by ICMP.",
		Play: func(s *Stage) {
			to := unreachable
			if s.Rand.IntN(2) == 0 {
				to = prohibited
			}
			s.tryOnce(netip.AddrPortFrom(to[s.family()], s.Service), nil)
		},
	},
	{
		Name: "icmp-time-exceeded", Title: "The SYN's TTL ends on the way.",
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 5)
			s.tryOnce(s.To(s.Service), func(c *Socket) {
				if s.family() == IPv6 {
					c.Set(unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, 2)
				} else {
					c.Set(unix.IPPROTO_IP, unix.IP_TTL, 2)
				}
			})
		},
	},
	{
		Name: "icmp-reject-established", Title: "A firewall rejects large segments of an open connection by ICMP, until the client gives up.",
		Box: func(s *Stage) BoxRules {
			return BoxRules{Forward: []string{s.toServer() + "meta length > 1000 " + s.rejection()}}
		},
		Play: func(s *Stage) {
			c, k := s.serve()
			s.small(c, k)
			c.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 2500)
			c.TryWrite(1200, time.Second)
			c.Drain(6 * time.Second)
			c.Close()
			k.Close()
		},
	},
	{
		Name: "reset-by-firewall", Title: "A firewall answers the SYN with a RST in the server's name.",
		Box: func(s *Stage) BoxRules {
			return BoxRules{Forward: []string{s.toServer() + "reject with tcp reset"}}
		},
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 5)
			s.tryOnce(s.To(s.Service), nil)
		},
	},
	{
		Name: "dropped-by-firewall", Title: "A firewall drops every SYN without a word.",
		Box: func(s *Stage) BoxRules {
			return BoxRules{Forward: []string{s.toServer() + "drop"}}
		},
		Play: func(s *Stage) {
			s.Server.Listen(s.Service, 5)
			s.tryOnce(s.To(s.Service), nil)
		},
	},
}

// rejection returns how the firewall rejects what this stage sends.
func (s *Stage) rejection() string {
	ways := rejections[s.family()]
	return "reject with " + ways[s.Luck.IntN(len(ways))]
}

// tryOnce connects, in vain or not, with few SYNs.
func (s *Stage) tryOnce(to netip.AddrPort, prepare func(*Socket)) {
	c := s.Client.Socket(s.Port())
	c.Set(unix.IPPROTO_TCP, unix.TCP_SYNCNT, 1)
	if prepare != nil {
		prepare(c)
	}
	c.StartConnect(to)
	if ready, err := c.wait(unix.POLLOUT, 12*time.Second); err == nil && ready {
		c.EndConnect()
	}
	c.Close()
}
