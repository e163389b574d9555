package owners

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

var (
	low  = netip.MustParseAddrPort("10.0.0.1:4000")
	high = netip.MustParseAddrPort("10.0.0.2:80")
	ours = &process.Process{PID: 1, Name: "ours"}
	next = &process.Process{PID: 2, Name: "next"}
)

func packet(src, dst netip.AddrPort, way process.Direction, of *process.Process, at fsm.Time) *decode.Packet {
	end := func(a netip.AddrPort) decode.Endpoint { return decode.Endpoint{IP: a.Addr().As16(), Port: a.Port()} }
	return &decode.Packet{Src: end(src), Dst: end(dst), Way: way, Process: of, Time: at, Frame: fsm.NewFrame(0, uint64(at))}
}

func connection(client, server netip.AddrPort, from, to fsm.Time) *record.Connection {
	addr := func(a netip.AddrPort) record.Addr { return record.Addr{IP: a.Addr(), Port: a.Port()} }
	return &record.Connection{Client: addr(client), Server: addr(server), First: from, Last: to}
}

func told(c *record.Connection) string {
	var list []string
	for _, o := range c.Owners {
		side := "?"
		if o.HasSide {
			side = o.Side.String()
		}
		list = append(list, fmt.Sprintf("%s %s %d", side, o.Name, o.Frame.Number()))
	}
	if c.MoreOwners {
		list = append(list, "more")
	}
	return strings.Join(list, ", ")
}

// TestEnds tells whose process it is by the way that packets went, whoever is the client.
func TestEnds(t *testing.T) {
	for _, test := range []struct {
		src, dst netip.AddrPort
		way      process.Direction
		want     string // with the client at low
	}{
		{low, high, process.Outbound, "client ours 1"},
		{high, low, process.Inbound, "client ours 1"},
		{low, high, process.Inbound, "server ours 1"},
		{high, low, process.Outbound, "server ours 1"},
		{low, high, process.UnknownDirection, "? ours 1"},
	} {
		var table Table
		table.Note(packet(test.src, test.dst, test.way, ours, 1))
		c := connection(low, high, 1, 1)
		if table.Describe(c, false); told(c) != test.want {
			t.Errorf("%v: %q", test, told(c))
		}
		c = connection(high, low, 1, 1)
		turned := strings.NewReplacer("client", "server", "server", "client").Replace(test.want)
		if table.Describe(c, true); told(c) != turned {
			t.Errorf("%v, turned: %q, want %q", test, told(c), turned)
		}
		if n, _ := table.ends.Len(); n != 0 {
			t.Error("remembered after its end")
		}
	}
}

// TestUses gives each of several connections on the same ends its own process.
func TestUses(t *testing.T) {
	var table Table
	for i, of := range []*process.Process{ours, next, ours} {
		at := fsm.Time(10 * (i + 1))
		table.Note(packet(low, high, process.Outbound, of, at))
		table.Note(packet(high, low, process.Inbound, of, at+5))
	}
	for i, want := range []string{"client ours 10", "client next 20", "client ours 30"} {
		c := connection(low, high, fsm.Time(10*(i+1)), fsm.Time(10*(i+1)+5))
		if table.Describe(c, true); told(c) != want {
			t.Errorf("%d: %q, want %q", i, told(c), want)
		}
	}
}

// TestBothEnds tells of a process at either end, as on loopback, and of one described twice
// once.
func TestBothEnds(t *testing.T) {
	var table Table
	again := *ours
	for i, of := range []*process.Process{ours, &again, ours} {
		table.Note(packet(low, high, process.Outbound, of, fsm.Time(2*i+1)))
		table.Note(packet(low, high, process.Inbound, next, fsm.Time(2*i+2)))
	}
	c := connection(low, high, 1, 10)
	if table.Describe(c, true); told(c) != "client ours 1, server next 2" {
		t.Errorf("%q", told(c))
	}
}

// TestBounds takes more processes, and more ends, than are remembered.
func TestBounds(t *testing.T) {
	var table Table
	for i := range 100 {
		table.Note(packet(low, high, process.Outbound, &process.Process{PID: uint32(i + 1)}, fsm.Time(i+1)))
	}
	c := connection(low, high, 1, 100)
	if table.Describe(c, true); len(c.Owners) != maxSights || !c.MoreOwners {
		t.Errorf("%d, %v", len(c.Owners), c.MoreOwners)
	}
	for i := range 5 * maxEnds {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		table.Note(packet(from, high, process.Outbound, ours, 1))
		if latest, before := table.ends.Len(); latest > maxEnds || before > maxEnds {
			t.Fatalf("%d and %d remembered", latest, before)
		}
	}
}
