//go:build linux

package lab

import "golang.org/x/sys/unix"

// waitError waits until the socket has an error or is hung up and returns it.
func (s *Socket) waitError() error {
	if ready, err := s.wait(0, s.host.stage.patience); err != nil || !ready {
		s.host.fail("wait for the connection to break", unix.ETIMEDOUT)
	}
	return s.Error()
}

var resetting = []*Scenario{
	{
		Name:  "reset-by-client",
		Title: "One exchange; the client aborts (SO_LINGER 0).",
		Sees:  "RST,ACK from the client with seq = next octet, no FIN.",
		Play:  func(s *Stage) { abort(s, true) },
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 1, 0)),
	},
	{
		Name:   "reset-by-client-ipv6",
		Title:  "One exchange over IPv6; the client aborts (SO_LINGER 0).",
		Sees:   "As reset-by-client.",
		Family: IPv6,
		Play:   func(s *Stage) { abort(s, true) },
		Check:  all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 1, 0)),
	},
	{
		Name:  "reset-by-server",
		Title: "One exchange; the server aborts (SO_LINGER 0).",
		Sees:  "RST,ACK from the server with seq = next octet, no FIN.",
		Play:  func(s *Stage) { abort(s, false) },
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 0, 1)),
	},
	{
		Name:  "reset-after-connect",
		Title: "The client connects and aborts at once, as a port scan does.",
		Sees:  "Full handshake, then RST,ACK from the client.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			c.Abort()
			s.Trip()
			k.waitError()
			k.Close()
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 1, 0)),
	},
	{
		Name:  "close-with-unread-data-server",
		Title: "The server closes without having read the client's request.",
		Sees:  "RST,ACK from the server instead of a FIN, although it just called close.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			c.Write(600)
			s.Trip()
			k.Close()
			expectError(c, c.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 0, 1)),
	},
	{
		Name:  "close-with-unread-data-client",
		Title: "The client closes without having read the server's reply.",
		Sees:  "RST,ACK from the client instead of a FIN.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			c.Write(100)
			k.Read(100)
			k.Write(2500)
			s.Trip()
			c.Close()
			expectError(k, k.ReadError(), unix.ECONNRESET)
		},
		Check: all(paths(0, opened+" CLOSED", accepted+" CLOSED"), resets(0, 1, 0)),
	},
	{
		Name:  "data-after-close",
		Title: "The client closes both directions while the server still sends.",
		Sees:  "FIN from the client, its ACK, then data from the server, which the client answers with RST.",
		Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			c, k := s.Connect(l, s.Service)
			oneExchange(s, c, k)
			c.Close()
			k.ReadEnd()
			s.Trip()
			k.Write(800)
			expectError(k, k.waitError(), unix.EPIPE)
			k.Close()
		},
		Check: all(paths(0, opened+closedFirst, accepted+" CLOSE-WAIT CLOSED"), resets(0, 1, 0)),
	},
}

// abort plays an exchange that one end cuts off.
func abort(s *Stage, byClient bool) {
	l := s.Server.Listen(s.Service, 10)
	c, k := s.Connect(l, s.Service)
	oneExchange(s, c, k)
	first, second := c, k
	if !byClient {
		first, second = k, c
	}
	first.Abort()
	expectError(second, second.ReadError(), unix.ECONNRESET)
	second.Close()
}
