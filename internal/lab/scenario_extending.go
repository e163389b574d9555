//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// extending are the less common ways: extensions of TCP, queues that overflow,
// ends that forgot the connection, packets of the past.
var extending = []*Scenario{
	{
		Name:    "fast-open",
		Title:   "Two connections with Fast Open: the first asks for a cookie, the second sends its request in the SYN.",
		Sees:    "First SYN with an empty Fast Open option, SYN-ACK with the cookie; second SYN with cookie and data, SYN-ACK that acknowledges the data. The server's second socket is in SYN-RECEIVED at the SYN and answers before the third segment.",
		Sysctls: [][2]string{{"net.ipv4.tcp_fastopen", "3"}},
		Play: func(s *Stage) {
			l := s.Server.Socket(s.Service)
			l.Set(unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 5)
			l.listen(10)
			for range 2 {
				c := s.Client.Socket(s.Port())
				c.ConnectSending(s.To(s.Service), 120)
				k := l.Accept()
				k.Read(120)
				k.Write(600)
				c.Read(600)
				s.Trip()
				c.Close()
				k.ReadEnd()
				k.Close()
				s.Trip()
			}
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), paths(1, opened+closedFirst, accepted+closedSecond),
			counted("server", "TcpExt.TCPFastOpenPassive", 1)),
	},
	{
		Name:    "syn-cookies",
		Title:   "The server answers with SYN cookies (tcp_syncookies 2) and so keeps nothing until the third segment.",
		Sees:    "An ordinary handshake; the options are in the SYN-ACK's timestamp.",
		Sysctls: [][2]string{{"net.ipv4.tcp_syncookies", "2"}},
		Play:    closeByClient,
		Check:   all(paths(0, opened+closedFirst, accepted+closedSecond), counted("server", "TcpExt.SyncookiesRecv", 1)),
	},
	{
		Name:  "accept-queue-overflow",
		Title: "A listener with room for three connections does not accept for 1.5 s; of four clients the last is ESTABLISHED at its own end only until then.",
		Sees:  "One client's third ACK arrives and is ignored: the server sends its SYN-ACK again until there is room.",
		Play: func(s *Stage) {
			l, clients := overflow(s)
			s.Sleep(1500 * time.Millisecond)
			for _, c := range clients {
				k := l.Accept() // in the order of the handshakes
				c.Close()
				k.ReadEnd()
				k.Close()
			}
			s.Trip()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), paths(3, opened+closedFirst, accepted+closedSecond),
			counted("server", "TcpExt.ListenOverflows", 1)),
	},
	{
		Name:    "accept-queue-abort",
		Title:   "A listener with room for three connections, which are not accepted, resets the fourth (tcp_abort_on_overflow).",
		Sees:    "One client has the full handshake, then RST from the server in answer to its third ACK; there never was a server socket.",
		Sysctls: [][2]string{{"net.ipv4.tcp_abort_on_overflow", "1"}},
		Play: func(s *Stage) {
			_, clients := overflow(s)
			last := clients[len(clients)-1]
			expectError(last, last.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, opened, accepted), paths(3, opened+" CLOSED", ""), resets(3, 0, 1)),
	},
	{
		Name:  "half-open-data",
		Title: "The server lost the connection without a word reaching the client; the client's data is answered by a RST.",
		Sees:  "At the client: silence, data, RST without ACK whose seq is the data's ack. At the router the first RST is dropped.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			s.CutPath()
			k.Abort()
			s.Trip()
			s.HealPath()
			c.Write(100)
			expectError(c, c.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 0, 2)),
	},
	{
		Name:  "half-open-syn",
		Title: "The client lost the connection without a word reaching the server and connects again from the same port.",
		Sees:  "The SYN meets an ESTABLISHED server: challenge ACK with the old numbers, RST from the client (SYN-SENT), and some 10 ms later, not 1 s, the SYN again, which is answered (RFC 5961 §4).",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			port := s.Port()
			c := s.Client.Socket(port)
			c.Connect(s.To(s.Service))
			k := l.Accept()
			oneExchange(s, c, k)
			s.CutPath()
			c.Abort()
			s.Trip()
			s.HealPath()
			c = s.Client.Socket(port)
			c.Connect(s.To(s.Service))
			expectError(k, k.ReadError(), unix.ECONNRESET)
			k.Close()
			k = l.Accept()
			oneExchange(s, c, k)
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), paths(1, opened+closedFirst, accepted+closedSecond),
			counted("server", "TcpExt.TCPChallengeACK", 1)),
	},
	{
		Name:  "old-syn-in-established",
		Title: "The first SYN is 1.6 s late and arrives when its retransmission has long opened the connection.",
		Sees:  "At the server a SYN with the connection's own ISN in ESTABLISHED, answered by a challenge ACK; nothing changes.",
		Rules: func(*Stage) []*Rule {
			return []*Rule{{Name: "first SYN, 1.6 s", Action: Delay, Match: isSYN, Count: 1, By: 1600 * time.Millisecond}}
		},
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			s.Sleep(time.Second)
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), counted("server", "TcpExt.TCPChallengeACK", 1)),
	},
	{
		Name:  "old-syn-after-reset",
		Title: "The first SYN is 2 s late and arrives when the connection that its retransmission opened was reset by the client.",
		Sees:  "At the server a SYN with the old ISN, SYN-ACK, and RST from the client, which knows no such connection: no new connection.",
		Rules: func(*Stage) []*Rule {
			return []*Rule{{Name: "first SYN, 2 s", Action: Delay, Match: isSYN, Count: 1, By: 2 * time.Second}}
		},
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			c.Abort()
			expectError(k, k.ReadError(), unix.ECONNRESET)
			k.Close()
			s.Sleep(1300 * time.Millisecond)
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 2, 0)),
	},
	{
		Name:  "old-syn-in-time-wait",
		Title: "The first SYN is 2 s late and arrives at the server, which holds TIME-WAIT.",
		Sees:  "At the server a SYN with an ISN and timestamp of the past in TIME-WAIT, answered by an ACK with the old numbers: no new connection (RFC 6191). The client, CLOSED, answers that ACK with a RST, and this ends the TIME-WAIT early (RFC 1337).",
		Rules: func(*Stage) []*Rule {
			return []*Rule{{Name: "first SYN, 2 s", Action: Delay, Match: isSYN, Count: 1, By: 2 * time.Second}}
		},
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			k.Close()
			c.ReadEnd()
			c.Close()
			s.Sleep(1300 * time.Millisecond)
		},
		Check: all(paths(0, opened+closedSecond, accepted+closedFirst), left(0, "", ""), resets(0, 1, 0)),
	},
	{
		Name:  "fin-on-data",
		Title: "Each end's FIN rides on its last data (TCP_CORK).",
		Sees:  "FIN and data in one segment from both; the FIN's number follows the data.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			for _, p := range [][2]*Socket{{c, k}, {k, c}} {
				p[0].Set(unix.IPPROTO_TCP, unix.TCP_CORK, 1)
				p[0].Write(s.Size(100, 1000))
				p[0].Shutdown()
				p[1].ReadEnd()
			}
			c.Close()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0)),
	},
	{
		Name:  "urgent",
		Title: "The client sends urgent data between ordinary data.",
		Sees:  "URG and an urgent pointer on a segment of the client.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			k.Set(unix.SOL_SOCKET, unix.SO_OOBINLINE, 1)
			c.Write(50)
			c.WriteUrgent("stop!")
			c.Write(50)
			k.Read(105)
			s.Trip()
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0)),
	},
	{
		Name:  "mptcp",
		Title: "One exchange over Multipath TCP with one subflow.",
		Sees:  "MP_CAPABLE in the handshake, DSS options with the data; before the FINs each end repeats an ACK with its DATA_FIN, which is no duplicate ACK.",
		Play: func(s *Stage) {
			const multipath = 262 // IPPROTO_MPTCP
			l := s.Server.socket(s.Service, multipath)
			l.listen(10)
			c := s.Client.socket(s.Port(), multipath)
			c.Connect(s.To(s.Service))
			k := l.Accept()
			s.Trip()
			oneExchange(s, c, k)
			c.Close()
			k.ReadEnd()
			k.Close()
			s.Trip()
		},
		Check: all(counted("client", "MPTcpExt.MPCapableSYNTX", 1), counted("server", "MPTcpExt.MPCapableSYNRX", 1)),
	},
	{
		Name:    "ecn",
		Title:   "A reply of 40 kB with ECN agreed, one data segment of it lost.",
		Sees:    "SYN with ECE and CWR, SYN-ACK with ECE; data is marked ECT(0) in the IP header, except when it is sent again; no ECE after the handshake.",
		Snap:    128,
		Sysctls: [][2]string{{"net.ipv4.tcp_ecn", "1"}},
		Rules:   dropping("12th data segment of the server", dataFrom(ToClient), 11, 1),
		Play:    func(s *Stage) { download(s, 40_000) },
		Check:   all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 1)),
	},
	{
		Name:  "no-options",
		Title: "A reply of 40 kB between hosts without timestamps, SACK and window scaling, one data segment of it lost.",
		Sees:  "Only MSS in the SYNs; plain duplicate ACKs, three of which cause a fast retransmission.",
		Snap:  128,
		Sysctls: [][2]string{{"net.ipv4.tcp_timestamps", "0"}, {"net.ipv4.tcp_sack", "0"},
			{"net.ipv4.tcp_window_scaling", "0"}},
		Rules: dropping("12th data segment of the server", dataFrom(ToClient), 11, 1),
		Play:  func(s *Stage) { download(s, 40_000) },
		Check: paths(0, opened+closedFirst, accepted+closedSecond),
	},
	{
		Name:  "nagle",
		Title: "The client writes many small pieces at once; the server reads them all before it answers.",
		Sees:  "Small segments, each after the ACK of the one before; ACKs delayed up to 40 ms.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			total := 0
			for range 12 {
				n := s.Size(5, 60)
				total += n
				c.Write(n)
				s.Sleep(3 * time.Millisecond)
			}
			k.Read(total)
			k.Write(30)
			c.Read(30)
			s.Trip()
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), resent(0, 0, 0)),
	},
}

// ConnectSending connects and sends n octets with the SYN if there is a Fast
// Open cookie, else after the handshake.
func (s *Socket) ConnectSending(to netip.AddrPort, n int) {
	data := make([]byte, n)
	for i := range data {
		data[i] = 'a'
	}
	s.began = time.Now()
	sent, err := unix.SendmsgN(s.fd, data, nil, sockaddr(to), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL)
	s.named(to)
	if err == unix.EINPROGRESS { // no cookie: only the SYN was sent
		sent, err = 0, s.EndConnect()
	}
	if err == nil && sent < n {
		_, err = s.write(data[sent:], s.host.stage.patience)
	}
	if err != nil {
		s.host.fail(fmt.Sprintf("connect with data to %v", to), err)
	}
}

// overflow makes a listener with room for three connections and four clients
// that have completed their handshakes. The last two do so at the same time: a
// full queue would ignore a SYN already.
func overflow(s *Stage) (listener *Socket, clients []*Socket) {
	listener = s.Server.Listen(s.Service, 2)
	for range 4 {
		c := s.Client.Socket(s.Port())
		clients = append(clients, c)
		c.StartConnect(s.To(s.Service))
		if len(clients) != 3 {
			s.Sleep(3 * s.Delay)
		}
	}
	for _, c := range clients {
		if err := c.EndConnect(); err != nil {
			c.host.fail("connect", err)
		}
	}
	return listener, clients
}
