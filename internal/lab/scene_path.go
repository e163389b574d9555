//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

// narrowPath gives the box's routes an MTU of 1300, of which it tells by ICMP.
func narrowPath(_ *Stage, net *network) error {
	return net.box.ip(`route replace 10.77.2.2/32 dev bxs0 mtu 1300
route replace default via 10.77.2.1 dev bxc0 onlink mtu 1300
route replace fd77:2::2/128 dev bxs0 mtu 1300
route replace default via fd77:2::1 dev bxc0 mtu 1300
`)
}

var scenesPathMTU = []*Scenario{
	{Name: "path-mtu-upload", Title: "An upload meets a path MTU of 1300, which ICMP tells.", Play: func(s *Stage) {
		c, k := s.overNarrowPath()
		n := s.Size(20_000, 40_000)
		s.Together(func() { c.Write(n) }, func() { k.Read(n) })
		s.end(c, k)
	}},
	{Name: "path-mtu-download", Title: "A download meets a path MTU of 1300, which ICMP tells.", Play: func(s *Stage) {
		c, k := s.overNarrowPath()
		c.Write(100)
		k.Read(100)
		n := s.Size(20_000, 40_000)
		s.Together(func() { k.Write(n) }, func() { c.Read(n) })
		s.end(c, k)
	}},
}

// overNarrowPath connects when neither host remembers the path's MTU.
func (s *Stage) overNarrowPath() (c, k *Socket) {
	for _, h := range []*Host{s.Client, s.Server} {
		for _, family := range []string{"-4", "-6"} {
			if err := command("ip", family, "-n", h.ns.name, "route", "flush", "cache"); err != nil {
				h.fail("forget the path's MTU", err)
			}
		}
	}
	return s.serve()
}

// tooLarge drops what is longer than an MTU, in both directions and silently.
func tooLarge(s *Stage) BoxRules {
	return BoxRules{Forward: []string{s.toServer() + "meta length > 1280 drop", s.toClient() + "meta length > 1280 drop"}}
}

var scenesBlackHole = []*Scenario{
	{Name: "black-hole-upload", Title: "An upload's large segments are dropped without a word, until the client gives up.", Box: tooLarge, Play: func(s *Stage) {
		c, k := s.serve()
		s.small(c, k)
		c.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 3500)
		c.TryWrite(s.Size(15_000, 30_000), time.Second)
		c.Drain(7 * time.Second)
		c.Close()
		k.Close()
	}},
	{Name: "black-hole-download", Title: "A download's large segments are dropped without a word, until the client closes.", Box: tooLarge, Play: func(s *Stage) {
		c, k := s.serve()
		s.small(c, k)
		k.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 5000)
		c.Write(100)
		k.Read(100)
		k.TryWrite(s.Size(15_000, 30_000), time.Second)
		s.Sleep(3500 * time.Millisecond)
		c.Close()
		s.Sleep(2 * time.Second)
		k.Close()
	}},
}

var scenesProbing = []*Scenario{
	{Name: "black-hole-probed", Title: "An upload's large segments are dropped without a word, until the client's kernel tries smaller ones.", Box: tooLarge, Play: func(s *Stage) {
		c, k := s.serve()
		s.small(c, k)
		n := s.Size(10_000, 20_000)
		s.patience = 20 * time.Second
		s.Together(func() { c.Write(n) }, func() { k.Read(n) })
		s.end(c, k)
	}},
}

// small is an exchange in segments that every path carries.
func (s *Stage) small(c, k *Socket) {
	request, reply := s.Size(40, 800), s.Size(40, 800)
	c.Write(request)
	k.Read(request)
	k.Write(reply)
	c.Read(reply)
}
