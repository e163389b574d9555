package aggregate

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// connection is an ordinary one: opened, used and closed.
func connection(id int, client, server string) *record.Connection {
	c, s := netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)
	r := &record.Connection{
		ID: uint64(id), Incarnation: 1, FirstFrame: fsm.NewFrame(0, uint64(10*id)), First: fsm.Time(id) * 10_000_000,
		Client: record.Addr{IP: c.Addr(), Port: c.Port()}, Server: record.Addr{IP: s.Addr(), Port: s.Port()},
	}
	h := &r.Handshake
	h.SYN, h.SYNACK, h.Complete = r.FirstFrame, r.FirstFrame+1, true
	h.HasISN = [2]bool{true, true}
	// Numbers that nobody can guess, as far as this test goes.
	h.ISN = [2]fsm.Seq{fsm.Seq(uint32(id*id) * 2654435761), fsm.Seq(uint32(id*id*id) * 40503)}
	for side := range h.Options {
		h.Options[side] = record.Options{Seen: true, MSS: 1460, WindowScale: 7, SACKPermitted: true, Timestamps: true, TSVal: uint32(10 * id)}
	}
	r.Traffic[0].Bytes, r.Traffic[1].Bytes = 100, 1000
	r.Close.Kind = record.CloseNormal
	return r
}

func unanswered(r *record.Connection) {
	r.Handshake.SYNACK, r.Handshake.Complete, r.Close.Kind = 0, false, "unanswered"
	r.Handshake.HasISN[fsm.Server], r.Handshake.Options[fsm.Server].Seen = false, false
	r.Traffic[0].Bytes, r.Traffic[1].Bytes = 0, 0
}

func refused(r *record.Connection) {
	unanswered(r)
	r.Close.Kind, r.Close.RST, r.Close.ResetBy = "refused", r.FirstFrame+1, "server"
}

func TestFindings(t *testing.T) {
	one := func(i int) *record.Connection {
		return connection(i, fmt.Sprintf("10.0.0.1:%d", 30000+i), "10.0.0.2:80")
	}
	for _, tt := range []struct {
		name string
		n    int
		make func(i int) *record.Connection
		want string // the finding, or none
		ids  uint64 // its first connection
	}{
		{"ordinary", 300, one, "", 0},
		{"flood", 200, func(i int) *record.Connection {
			r := connection(i, fmt.Sprintf("10.%d.%d.1:1000", i/200, i%200), "10.0.0.2:80")
			unanswered(r)
			return r
		}, "syn-flood", 1},
		{"slow failures are no flood", 200, func(i int) *record.Connection {
			r := one(i)
			unanswered(r)
			r.First = fsm.Time(i) * 10 * fsm.Second
			return r
		}, "", 0},
		{"port scan", 40, func(i int) *record.Connection {
			r := connection(i, fmt.Sprintf("10.0.0.1:%d", 30000+i), fmt.Sprintf("10.0.0.2:%d", i))
			unanswered(r)
			return r
		}, "port-scan", 1},
		{"many ports, all in use", 40, func(i int) *record.Connection {
			return connection(i, fmt.Sprintf("10.0.0.1:%d", 30000+i), fmt.Sprintf("10.0.0.2:%d", i))
		}, "", 0},
		{"sweep", 40, func(i int) *record.Connection {
			r := connection(i, fmt.Sprintf("10.0.0.1:%d", 30000+i), fmt.Sprintf("10.0.1.%d:22", i))
			unanswered(r)
			return r
		}, "host-sweep", 1},
		{"refuses", 12, func(i int) *record.Connection {
			r := one(i)
			refused(r)
			return r
		}, "server-refuses-many", 1},
		{"refuses one in three", 60, func(i int) *record.Connection {
			r := one(i)
			if i%3 == 0 {
				refused(r)
			}
			return r
		}, "", 0},
		{"resets", 20, func(i int) *record.Connection {
			r := one(i)
			r.Close = record.Close{Kind: "reset", RST: r.FirstFrame + 5, ResetBy: "server"}
			return r
		}, "server-resets-many", 1},
		{"resets by the client are its own business", 20, func(i int) *record.Connection {
			r := one(i)
			r.Close = record.Close{Kind: "reset", RST: r.FirstFrame + 5, ResetBy: "client"}
			return r
		}, "", 0},
		{"health checks", 5, func(i int) *record.Connection {
			r := one(i)
			r.First, r.Verdict.Code = fsm.Time(2*i)*fsm.Second, record.VerdictHealthCheck
			return r
		}, "health-checks", 3},
		{"ports looked at now and then", 5, func(i int) *record.Connection {
			r := one(i)
			r.First, r.Verdict.Code = fsm.Time(i*i)*fsm.Second, record.VerdictHealthCheck
			return r
		}, "", 0},
		{"ports running out", 15, func(i int) *record.Connection {
			r := one(i)
			r.Incarnation = 2
			r.Anomalies = []record.Anomaly{{Name: record.CheckTimeWaitReuseLegal, Frames: []fsm.Frame{r.Handshake.SYN}}}
			return r
		}, "ports-running-out", 1},
		{"ports drawn twice by chance", 2000, func(i int) *record.Connection {
			r := one(i)
			if i%40 == 0 {
				r.Incarnation = 2
				r.Anomalies = []record.Anomaly{{Name: record.CheckTimeWaitReuseLegal, Frames: []fsm.Frame{r.Handshake.SYN}}}
			}
			return r
		}, "", 0},
		{"steps of 64000", 20, func(i int) *record.Connection {
			r := one(i)
			r.Handshake.ISN[fsm.Client] = fsm.Seq(64000 * i)
			return r
		}, "isn-predictable", 2}, // the first step ends at the second connection
		{"another machine behind the address", 40, func(i int) *record.Connection {
			r := one(i)
			if i%10 == 0 {
				r.Handshake.Options[fsm.Client].TSVal = 3_000_000_000
			}
			return r
		}, "host-clock-steps", 10},
		{"clocks that begin anywhere", 40, func(i int) *record.Connection {
			r := one(i)
			r.Handshake.Options[fsm.Client].TSVal = uint32(i*i) * 2654435761
			return r
		}, "", 0},
		{"cookies", 20, func(i int) *record.Connection {
			r := one(i)
			if i > 10 {
				o := &r.Handshake.Options[fsm.Server]
				o.SACKPermitted, o.WindowScale, o.Timestamps = false, -1, false
			}
			return r
		}, "syn-cookie-suspected", 11},
		{"a server without options", 20, func(i int) *record.Connection {
			r := one(i)
			o := &r.Handshake.Options[fsm.Server]
			o.SACKPermitted, o.WindowScale = false, -1
			return r
		}, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := New(Detectors())
			for i := 1; i <= tt.n; i++ {
				o.Add(tt.make(i))
			}
			got := o.Findings()
			switch {
			case tt.want == "" && len(got) > 0:
				t.Fatalf("unexpected %s: %s", got[0].Name, got[0].Message)
			case tt.want == "":
			case len(got) != 1 || string(got[0].Name) != tt.want:
				t.Fatalf("found %v, want one %s", got, tt.want)
			case len(got[0].Connections) == 0 || got[0].Connections[0] != tt.ids:
				t.Errorf("connections %v, want them to begin with %d", got[0].Connections, tt.ids)
			}
		})
	}
}

// TestBounded adds more hosts than are kept.
func TestBounded(t *testing.T) {
	var scans scans
	o := New(append(Detectors(), Detector{Add: func(c *record.Connection, followed bool) {
		if followed {
			scans.add(c)
		}
	}}))
	for i := 1; i <= mostKeys+1000; i++ {
		r := connection(i, fmt.Sprintf("10.%d.%d.%d:1000", i>>16, i>>8&255, i&255), "10.0.0.2:80")
		unanswered(r)
		o.Add(r)
	}
	if n := scans.pairs.Len(); n != mostKeys {
		t.Errorf("%d pairs kept, want %d", n, mostKeys)
	}
	if got := o.Findings(); len(got) != 1 || got[0].Name != "syn-flood" || got[0].Count != mostKeys+1000 {
		t.Errorf("found %v, want one flood", got)
	}
}

// TestCatalogue holds every description to be complete.
func TestCatalogue(t *testing.T) {
	for _, d := range Catalogue {
		if d.Name == "" || d.Title == "" || d.Rule == "" || d.Condition == "" || d.Filter == "" || len(d.Benign) == 0 || d.Family != "together" {
			t.Errorf("%s is not described fully: %+v", d.Name, d)
		}
	}
}
