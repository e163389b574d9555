//go:build linux

package lab

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

func addrPort(h *Host, port uint16) netip.AddrPort { return netip.AddrPortFrom(h.Addr, port) }

var closing = []*Scenario{
	{
		Name:  "close-by-client",
		Title: "One exchange; the client closes first, the server follows.",
		Sees:  "FIN, ACK, FIN, ACK with the client first; the client keeps TIME-WAIT.",
		Play:  closeByClient,
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", ""), resent(0, 0, 0)),
	},
	{
		Name:   "close-by-client-ipv6",
		Title:  "One exchange over IPv6; the client closes first, the server follows.",
		Sees:   "As close-by-client.",
		Family: IPv6,
		Play:   closeByClient,
		Check:  all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", ""), resent(0, 0, 0)),
	},
	{
		Name:    "close-by-client-offload",
		Title:   "A reply of 100 kB with segmentation and checksum offload; the client closes first.",
		Sees:    "Segments larger than the MTU and checksums not filled in, at every vantage.",
		Offload: true,
		Snap:    128,
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			c.Write(300)
			k.Read(300)
			s.Together(func() { k.Write(100_000) }, func() { c.Read(100_000) })
			s.Trip()
			c.Close()
			k.ReadEnd()
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", ""), resent(0, 0, 0)),
	},
	{
		Name:  "close-by-server",
		Title: "One exchange; the server closes first, the client follows.",
		Sees:  "FIN, ACK, FIN, ACK with the server first; the server keeps TIME-WAIT.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			k.Close()
			c.ReadEnd()
			s.Sleep(100 * time.Millisecond)
			c.Close()
		},
		Check: all(paths(0, opened+closedSecond, accepted+closedFirst), left(0, "", "TIME-WAIT"), resent(0, 0, 0)),
	},
	{
		Name:  "close-at-once",
		Title: "The server answers and closes; the client closes the moment it has the FIN, so that ACK and FIN are one segment.",
		Sees:  "Three segments close the connection: FIN, FIN with ACK of the first, ACK.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			// The reader is quick: it closes before the delayed ACK of the FIN is due.
			s.Together(func() { k.Write(700); k.Close() }, func() { c.ReadEnd(); c.Close() })
		},
		Check: all(paths(0, opened+closedSecond, accepted+closedFirst), left(0, "", "TIME-WAIT")),
	},
	{
		Name:  "http-keepalive",
		Title: "Three HTTP exchanges on one connection, which the server closes after the last.",
		Sees:  "Clean requests and replies, no finding.",
		Play:  http,
		Check: all(paths(0, opened+closedSecond, accepted+closedFirst), resent(0, 0, 0)),
	},
	{
		Name:   "http-keepalive-ipv6",
		Title:  "Three HTTP exchanges on one connection over IPv6, which the server closes after the last.",
		Sees:   "Clean requests and replies, no finding.",
		Family: IPv6,
		Play:   http,
		Check:  all(paths(0, opened+closedSecond, accepted+closedFirst), resent(0, 0, 0)),
	},
	{
		Name:  "half-close",
		Title: "The client ends its side with shutdown; the server goes on to send for a second, then closes.",
		Sees:  "After the client's FIN is acknowledged the client stays in FIN-WAIT-2 with its socket and acknowledges data from a server in CLOSE-WAIT.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			c.Write(300)
			c.Shutdown()
			k.ReadEnd()
			for range 4 {
				k.Write(s.Size(200, 1200))
				s.Sleep(250 * time.Millisecond)
			}
			k.Close()
			c.ReadEnd()
			c.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", ""), resent(0, 0, 0)),
	},
	{
		Name:  "close-behind-data",
		Title: "The server writes its answer and closes at once; the client closes its side before the last of the answer has left.",
		Sees:  "The server's FIN waits behind data while the client's comes: its kernel goes from FIN-WAIT-1 to CLOSING and TIME-WAIT, and the capture shows what looks like CLOSE-WAIT and LAST-ACK. Neither may be called proved.",
		Delay: 60 * time.Millisecond,
		Snap:  128,
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			c.Write(300)
			k.Read(300)
			k.Write(20_000) // more than the first window of a connection
			k.Close()
			c.Shutdown()
			c.ReadEnd()
			s.Trip()
			c.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+" FIN-WAIT-1 CLOSING CLOSED"), left(0, "TIME-WAIT", "TIME-WAIT"), resent(0, 0, 0)),
	},
	{
		Name:  "close-behind-closed-window",
		Title: "The server writes its answer and closes; the client, which has not read, closes its side with its window full, and reads a second later.",
		Sees:  "As close-behind-data, with a closed window in place of a small congestion window.",
		Snap:  128,
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c := s.Client.Socket(s.Port())
			c.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
			c.Connect(s.To(s.Service))
			k := l.Accept()
			k.Write(20_000)
			k.Close()
			s.Sleep(300 * time.Millisecond)
			c.Shutdown()
			s.Sleep(time.Second)
			c.ReadEnd()
			s.Trip()
			c.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+" FIN-WAIT-1 CLOSING CLOSED"), left(0, "TIME-WAIT", "TIME-WAIT")),
	},
	{
		Name:  "simultaneous-close",
		Title: "Both ends close at the same moment and their FINs cross.",
		Sees:  "Each end gets a FIN before the ACK of its own: FIN-WAIT-1, CLOSING, TIME-WAIT on both sides.",
		Delay: 60 * time.Millisecond,
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			s.Sleep(2 * s.Delay)
			c.Close()
			k.Close()
		},
		Check: all(paths(0, opened+" FIN-WAIT-1 CLOSING CLOSED", accepted+" FIN-WAIT-1 CLOSING CLOSED"), left(0, "TIME-WAIT", "TIME-WAIT"), resent(0, 0, 0)),
	},
	{
		Name:  "time-wait-reuse-server",
		Title: "The server closes first and keeps TIME-WAIT; the client connects again from the same port 0.3 s later.",
		Sees:  "The same 4-tuple twice; the second SYN's ISN and timestamp are past the first connection's, so the reuse is legal (RFC 6191) and answered by SYN-ACK.",
		Play:  twiceFromOnePort(false, 300*time.Millisecond),
		Check: all(paths(0, opened+closedSecond, accepted+closedFirst), paths(1, opened+closedSecond, accepted+closedFirst)),
	},
	{
		Name:    "time-wait-reuse-client",
		Title:   "The client closes first and keeps TIME-WAIT; 1.2 s later it connects again from the same port (tcp_tw_reuse).",
		Sees:    "The same 4-tuple twice, reused by the end that held TIME-WAIT; ISN and timestamp are past the first connection's.",
		Sysctls: [][2]string{{"net.ipv4.tcp_tw_reuse", "1"}},
		Play:    twiceFromOnePort(true, 1200*time.Millisecond),
		Check:   all(paths(0, opened+closedFirst, accepted+closedSecond), paths(1, opened+closedFirst, accepted+closedSecond)),
	},
	{
		Name:  "lost-fin",
		Title: "The client's first FIN is lost.",
		Sees:  "The FIN comes twice at the client, once at the server.",
		Rules: dropping("first FIN of the client", finFrom(ToServer), 0, 1),
		Play:  closeByClient,
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", "")),
	},
	{
		Name:  "lost-fin-ack",
		Title: "The server's ACK of the client's FIN is lost.",
		Sees:  "The client sends its FIN again; the server, in CLOSE-WAIT, acknowledges it again.",
		Rules: func(*Stage) []*Rule {
			fin := false
			return []*Rule{{Name: "ACK of the client's FIN", Action: Drop, Count: 1, Match: func(p *Packet) bool {
				fin = fin || finFrom(ToServer)(p)
				return fin && pureACK(ToClient)(p)
			}}}
		},
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			c.Close()
			k.ReadEnd()
			s.Sleep(700 * time.Millisecond) // in CLOSE-WAIT, long enough for the FIN to come again
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", "")),
	},
	{
		Name:  "lost-last-ack",
		Title: "The last ACK, which the client sends from TIME-WAIT, is lost.",
		Sees:  "The server stays in LAST-ACK and sends its FIN again; the client acknowledges it again from TIME-WAIT.",
		Rules: func(*Stage) []*Rule {
			fin := false
			return []*Rule{{Name: "ACK of the server's FIN", Action: Drop, Count: 1, Match: func(p *Packet) bool {
				fin = fin || finFrom(ToClient)(p)
				return fin && pureACK(ToServer)(p)
			}}}
		},
		Play: func(s *Stage) {
			closeByClient(s)
			s.Sleep(500 * time.Millisecond)
		},
		Check: all(paths(0, opened+closedFirst, accepted+closedSecond), left(0, "TIME-WAIT", ""), resent(0, 0, 1)),
	},
	{
		Name:  "lost-last-ack-always",
		Title: "No ACK of the server's FIN ever arrives; the server is given 3 s.",
		Sees:  "The server stays in LAST-ACK and sends its FIN again and again, each answered from TIME-WAIT in vain.",
		Rules: func(*Stage) []*Rule {
			fin := false
			return []*Rule{{Name: "every ACK of the server's FIN", Action: Drop, Match: func(p *Packet) bool {
				fin = fin || finFrom(ToClient)(p)
				return fin && pureACK(ToServer)(p)
			}}}
		},
		Play: func(s *Stage) {
			closeByClient(s)
			s.Sleep(3 * time.Second)
		},
		Check: all(paths(0, opened+closedFirst, accepted+" CLOSE-WAIT LAST-ACK"), left(0, "TIME-WAIT", "LAST-ACK")),
	},
	{
		Name:  "fin-wait-2-given-up",
		Title: "The client closes; the server never does. The client's kernel gives FIN-WAIT-2 up after 2 s (TCP_LINGER2), and the server's data then meets nobody.",
		Sees:  "FIN and its ACK, 3 s of silence, data from the server, RST from the client with the ack of that data as its seq.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			c.Set(unix.IPPROTO_TCP, unix.TCP_LINGER2, 2)
			c.Close()
			k.ReadEnd()
			s.Sleep(3500 * time.Millisecond)
			k.Write(100)
			expectError(k, k.waitError(), unix.EPIPE)
		},
		Check: all(paths(0, opened+closedFirst, accepted+" CLOSE-WAIT CLOSED"), resets(0, 1, 0)),
	},
}

func closeByClient(s *Stage) {
	l := s.Server.Listen(s.Service, 10)
	c, k := s.Connect(l, s.Service)
	oneExchange(s, c, k)
	c.Close()
	k.ReadEnd()
	s.Sleep(100 * time.Millisecond) // so that ACK and FIN are two segments
	k.Close()
}

func http(s *Stage) {
	l := s.Server.Listen(s.Service, 10)
	c, k := s.Connect(l, s.Service)
	for i, path := range []string{"/", "/style.css", "/logo.png"} {
		request := "GET " + path + " HTTP/1.1\r\nHost: lab.example\r\nUser-Agent: lab\r\n\r\n"
		c.WriteString(request)
		k.Read(len(request))
		body := s.Size(300, 5000)
		header := "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: lab\r\n\r\n"
		k.WriteString(header)
		k.Write(body)
		c.Read(len(header) + body)
		s.Sleep(time.Duration(50+s.Rand.IntN(100)+i) * time.Millisecond)
	}
	k.Close()
	c.ReadEnd()
	c.Close()
}

// twiceFromOnePort plays two connections of one 4-tuple, each closed by the client
// or by the server first, and lets time pass behind each.
func twiceFromOnePort(clientFirst bool, pause time.Duration) func(*Stage) {
	return func(s *Stage) {
		l := s.Server.Listen(s.Service, 10)
		port := s.Port()
		for range 2 {
			c := s.Client.Socket(port)
			c.Connect(s.To(s.Service))
			k := l.Accept()
			oneExchange(s, c, k)
			first, second := k, c
			if clientFirst {
				first, second = c, k
			}
			first.Close()
			second.ReadEnd()
			second.Close()
			s.Sleep(pause)
		}
	}
}
