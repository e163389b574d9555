package score

import (
	"net/netip"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// Find returns the record of a connection of the truth, or nil.
func Find(r *record.Report, c *lab.Connection) *record.Connection {
	n := 0
	for _, x := range r.Connections {
		client := netip.AddrPortFrom(x.Client.IP, x.Client.Port)
		server := netip.AddrPortFrom(x.Server.IP, x.Server.Port)
		if client == c.Client && server == c.Server || client == c.Server && server == c.Client {
			if n++; n == c.Incarnation {
				return x
			}
		}
	}
	return nil
}

// Path returns the states that the record gives the endpoint at addr, as far as
// a kernel would report them: its TIME-WAIT is a record without a socket, so
// entering it shows as CLOSED, and a later timeout does not show.
func Path(c *record.Connection, addr netip.AddrPort) string {
	side := fsm.Client
	if netip.AddrPortFrom(c.Server.IP, c.Server.Port) == addr {
		side = fsm.Server
	}
	var path []string
	add := func(s string) {
		if len(path) == 0 || path[len(path)-1] != s {
			path = append(path, s)
		}
	}
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.Side != side {
			continue
		}
		if len(path) == 0 {
			add(t.From.String())
		}
		if t.To == fsm.TimeWait {
			add(fsm.Closed.String())
			continue
		}
		add(t.To.String())
	}
	return strings.Join(path, " ")
}

// Expected returns the kernel's path of an endpoint in the same form.
func Expected(e *lab.Endpoint) string { return strings.TrimSpace(e.Path()) }
