//go:build linux

package lab

import (
	"errors"
	"net/netip"
	"slices"
	"time"
)

const multipath = 262 // IPPROTO_MPTCP

// multipathHosts lets both hosts make second subflows, from the client's second address.
func multipathHosts(_ *Stage, net *network) error {
	var errs []error
	for _, ns := range []*namespace{net.client, net.server} {
		errs = append(errs, command("ip", "-n", ns.name, "mptcp", "limits", "set", "subflows", "2", "add_addr_accepted", "2"))
	}
	for _, a := range []netip.Addr{secondClients[IPv4], secondClients[IPv6]} { // by IDs 1 and 2
		errs = append(errs, command("ip", "-n", net.client.name, "mptcp", "endpoint", "add", a.String(), "dev", clientLink, "subflow"))
	}
	return errors.Join(errs...)
}

// serveMultipath connects by Multipath TCP and exchanges something.
func (s *Stage) serveMultipath() (c, k *Socket) {
	l := s.Server.socket(s.Service, multipath)
	l.listen(5)
	c = s.Client.socket(s.Port(), multipath)
	c.Connect(s.To(s.Service))
	k = l.Accept()
	s.exchanges(c, k)
	s.Sleep(300 * time.Millisecond) // the second subflow is there, if there is to be one
	return c, k
}

// fetch lets the client read so many octets of the server.
func (s *Stage) fetch(c, k *Socket, n int) {
	s.Together(func() { k.Write(n) }, func() { c.Read(n) })
}

// multipathEnds are ways in which a connection over two subflows ends, or loses one.
var multipathEnds = []*Scenario{
	{
		Name:  "mptcp-half-close",
		Title: "Over two subflows the client ends its data, the server sends on for a second and then closes.",
		Sees:  "A DATA_FIN of the client on each subflow, no FIN; data of the server behind it; its DATA_FIN; then the FINs of both subflows.",
		Play: func(s *Stage) {
			c, k := s.serveMultipath()
			c.Shutdown()
			s.Sleep(500 * time.Millisecond)
			s.fetch(c, k, s.Size(5_000, 9_000))
			s.Sleep(500 * time.Millisecond)
			k.Close()
			c.Drain(2 * time.Second)
			c.Close()
			s.Sleep(time.Second)
		},
	},
	{
		Name:  "mptcp-fastclose",
		Title: "Over two subflows one side aborts the connection.",
		Sees:  "MP_FASTCLOSE on a RST; both subflows end by RST.",
		Play: func(s *Stage) {
			c, k := s.serveMultipath()
			s.fetch(c, k, s.Size(5_000, 9_000))
			s.Trip()
			if s.Rand.IntN(2) == 0 {
				c, k = k, c
			}
			c.Abort()
			s.Trip()
			k.Close()
			s.Sleep(300 * time.Millisecond)
		},
	},
	{
		Name:  "mptcp-subflow-lost",
		Title: "The path of the second subflow dies; the transfer goes on over the first one.",
		Sees:  "Retransmissions without answer on the second subflow; its data comes again on the first; DATA_FINs on the first.",
		Rules: func(s *Stage) []*Rule {
			return []*Rule{{Name: "the second subflow, once the path is cut", Action: Drop, Match: func(p *Packet) bool {
				second := secondClients[s.family()]
				return s.half.Load() && (p.Source == second || p.Target == second)
			}}}
		},
		Play: func(s *Stage) {
			c, k := s.serveMultipath()
			s.fetch(c, k, s.Size(20_000, 40_000))
			s.half.Store(true)
			s.fetch(c, k, s.Size(100_000, 200_000))
			s.endWell(c, k)
			s.Sleep(time.Second)
		},
	},
}

// secondServer is an address that the server tells of, for further subflows.
var secondServer = netip.MustParseAddr("10.77.2.4")

// multipathAddresses lets the server tell of a second address too.
func multipathAddresses(s *Stage, net *network) error {
	return errors.Join(multipathHosts(s, net), net.server.ip("address add "+secondServer.String()+"/24 dev "+serverLink+"\n"),
		command("ip", "-n", net.server.name, "mptcp", "endpoint", "add", secondServer.String(), "dev", serverLink, "signal"))
}

// multipathSignals is a connection whose ends tell each other of addresses and priorities.
var multipathSignals = &Scenario{
	Name:  "mptcp-addresses",
	Title: "The server tells of a second address, the client makes one of its own a backup and then takes it back.",
	Sees:  "ADD_ADDR of the server and its echo; MP_PRIO of the client; REMOVE_ADDR of the client and the end of the subflow from there.",
	Set:   multipathAddresses,
	Play: func(s *Stage) {
		c, k := s.serveMultipath()
		s.fetch(c, k, s.Size(3_000, 5_000))
		client, second := s.net.client.name, secondClients[IPv4].String()
		s.must("make a backup", command("ip", "-n", client, "mptcp", "endpoint", "change", second, "backup"))
		s.Sleep(200 * time.Millisecond)
		s.must("take an address back", command("ip", "-n", client, "mptcp", "endpoint", "delete", "id", "1"))
		s.Sleep(200 * time.Millisecond)
		s.fetch(c, k, s.Size(3_000, 5_000))
		s.endWell(c, k)
		s.Sleep(500 * time.Millisecond)
	},
}

// must ends the play where a command failed.
func (s *Stage) must(what string, err error) {
	if err != nil {
		s.Client.fail(what, err)
	}
}

// stripping is a box that takes the MPTCP options off packets that match.
func stripping(match string) func(*Stage) BoxRules {
	return func(s *Stage) BoxRules {
		return BoxRules{Untracked: []string{s.toServer() + match + " reset tcp option mptcp", s.toClient() + match + " reset tcp option mptcp"}}
	}
}

// multipathFallbacks are connections that go on as plain TCP.
var multipathFallbacks = []*Scenario{
	{
		Name:  "mptcp-stripped-synack",
		Title: "A box takes the MPTCP option off the SYN-ACK.",
		Sees:  "At the server MP_CAPABLE on SYN and SYN-ACK and none on the third ACK; at the client none on the SYN-ACK.",
		Box:   stripping("tcp flags & (syn | ack) == syn | ack"),
		Play:  playFallback,
	},
	{
		Name:  "mptcp-stripped-data",
		Title: "A box takes the MPTCP options off all but the SYNs.",
		Sees:  "At the client MP_CAPABLE on all of the handshake, and no MPTCP option on what the server sends then.",
		Box:   stripping("tcp flags & syn != syn"),
		Play:  playFallback,
	},
}

func playFallback(s *Stage) {
	c, k := s.serveMultipath()
	s.fetch(c, k, s.Size(5_000, 9_000))
	s.endWell(c, k)
	s.Sleep(300 * time.Millisecond)
}

var scenesMultipath = append([]*Scenario{
	{Name: "mptcp-two-subflows", Title: "An exchange over two subflows; then one side closes.",
		Sees: "MP_JOIN on a second handshake, with the token of the server's key; data on either subflow; a DATA_FIN of each side, and then the FINs of both subflows.", Play: func(s *Stage) {
			c, k := s.serveMultipath()
			s.fetch(c, k, s.Size(20_000, 40_000))
			s.endWell(c, k)
			s.Sleep(time.Second)
		}},
}, multipathEnds...)

// recordedMultipath are those that are kept as recordings, over IPv4. Where the path of a
// subflow dies the kernel counts a FIN that it never sends, which no capture shows.
func recordedMultipath() (list []*Scenario) {
	for _, plan := range slices.Concat(scenesMultipath[:3], multipathFallbacks) {
		sc := *plan
		sc.Set, sc.Snap, sc.Others = multipathHosts, 128, false
		sc.Check = counted("client", "MPTcpExt.MPCapableSYNTX", 1)
		if sc.Box == nil {
			sc.Check = all(sc.Check, counted("server", "MPTcpExt.MPJoinAckRx", 1))
		}
		list = append(list, &sc)
	}
	signals := *multipathSignals
	signals.Snap, signals.Check = 128, all(counted("client", "MPTcpExt.AddAddr", 1), counted("server", "MPTcpExt.RmAddr", 1))
	return append(list, &signals)
}
