package overview

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// conn returns a connection to a server that ended with a verdict, and took so many
// seconds.
func conn(id uint64, server string, code record.VerdictCode, seconds float64, anomalies ...record.Anomaly) *record.Connection {
	at := netip.MustParseAddrPort(server)
	c := &record.Connection{
		ID: id, Server: record.Addr{IP: at.Addr(), Port: at.Port()}, Client: record.Addr{IP: netip.MustParseAddr("10.9.9.9"), Port: uint16(id)},
		First: fsm.Second, Last: fsm.Second + fsm.Time(seconds*1e9), Anomalies: anomalies,
		Verdict: record.Verdict{Code: code, Sentence: fmt.Sprintf("sentence %d", id)},
	}
	c.Handshake.Took = -1
	return c
}

func costs(name record.CheckName, seconds float64, severity record.Severity) record.Anomaly {
	return record.Anomaly{Name: name, Cost: seconds, Severity: severity, Message: string(name)}
}

// short writes a problem in short.
func short(p *record.Problem) string {
	return fmt.Sprintf("%s%s %s/%d %d× %.4g s, #%d", p.Verdict, p.Check, p.Server.IP, p.Services, p.Connections, p.Cost, p.Worst)
}

func TestProblems(t *testing.T) {
	const web, db = "10.0.0.1:80", "10.0.0.2:5432"
	for name, test := range map[string]struct {
		conns []*record.Connection
		want  []string
	}{
		"what costs most comes first": {
			[]*record.Connection{
				conn(1, web, record.VerdictClosedNormally, 9, costs(record.CheckSYNRetransmit, 3, record.SeverityNote)),
				conn(2, web, record.VerdictClosedNormally, 9, costs(record.CheckZeroWindowDuration, 7, record.SeverityWarning)),
				conn(3, db, record.VerdictClosedNormally, 9, costs(record.CheckSYNRetransmit, 4, record.SeverityNote)),
			},
			[]string{"zero-window-duration 10.0.0.1/1 1× 7 s, #2", "syn-retransmit 10.0.0.2/1 1× 4 s, #3", "syn-retransmit 10.0.0.1/1 1× 3 s, #1"},
		},
		"two findings of a check on one connection are one connection's": {
			[]*record.Connection{
				conn(1, web, record.VerdictClosedNormally, 9, costs(record.CheckZeroWindowDuration, 2, record.SeverityWarning), costs(record.CheckStall, 1, record.SeverityNote),
					costs(record.CheckZeroWindowDuration, 3, record.SeverityWarning)),
				conn(2, web, record.VerdictClosedNormally, 9, costs(record.CheckZeroWindowDuration, 1, record.SeverityWarning)),
			},
			[]string{"zero-window-duration 10.0.0.1/1 2× 6 s, #1", "stall 10.0.0.1/1 1× 1 s, #1"},
		},
		"a failure costs the time since its start, a second at least, and its findings are not told beside it": {
			[]*record.Connection{
				conn(1, web, record.VerdictUnanswered, 63, costs(record.CheckConnectNoAnswer, 63, record.SeverityError)),
				conn(2, web, record.VerdictRefused, 0.01, costs(record.CheckRSTBadACK, 0, record.SeverityError)),
			},
			[]string{"unanswered 10.0.0.1/1 1× 63 s, #1", "refused 10.0.0.1/1 1× 1 s, #2"},
		},
		"a finding that says what the verdict says lends it its cost": {
			[]*record.Connection{conn(1, web, record.VerdictStuckCloseWait, 100, costs(record.CheckCloseWaitStuck, 99, record.SeverityWarning))},
			[]string{"stuck-close-wait 10.0.0.1/1 1× 99 s, #1"},
		},
		"notes that cost nothing, and the capture's faults, are no problems": {
			[]*record.Connection{conn(1, web, record.VerdictClosedNormally, 1, costs(record.CheckSYNRetransmit, 0, record.SeverityNote), costs(record.CheckMidstreamPickup, 0, record.SeverityCapture))},
			nil,
		},
		"many ports of a host are one problem": {
			[]*record.Connection{
				conn(1, "10.0.0.1:1", record.VerdictRefused, 0), conn(2, "10.0.0.1:2", record.VerdictRefused, 0), conn(3, "10.0.0.1:3", record.VerdictRefused, 0),
				conn(4, "10.0.0.1:4", record.VerdictRefused, 0), conn(5, "10.0.0.2:4", record.VerdictRefused, 0),
			},
			[]string{"refused 10.0.0.1/4 4× 4 s, #1", "refused 10.0.0.2/1 1× 1 s, #5"},
		},
		"and so are many hosts": {
			[]*record.Connection{
				conn(1, "10.0.0.1:1", record.VerdictRefused, 0), conn(2, "10.0.0.2:1", record.VerdictRefused, 0), conn(3, "10.0.0.3:1", record.VerdictRefused, 2),
				conn(4, "10.0.0.4:1", record.VerdictRefused, 0),
			},
			[]string{"refused invalid IP/4 4× 5 s, #3"},
		},
	} {
		var o Overview
		for _, c := range test.conns {
			o.Add(c, true)
		}
		got := o.Problems()
		if len(got) != len(test.want) {
			t.Errorf("%s: %d problems, expected %d", name, len(got), len(test.want))
		}
		for i := range min(len(got), len(test.want)) {
			if s := short(&got[i]); s != test.want[i] {
				t.Errorf("%s: problem %d is %q, expected %q", name, i+1, s, test.want[i])
			}
		}
	}
}

// TestBounds: whatever a capture holds, so much is kept, every connection counts
// somewhere, and what is told does not depend on chance.
func TestBounds(t *testing.T) {
	const n = 3 * mostServices
	var o Overview
	for i := range uint64(n) {
		server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 80).String()
		o.Add(conn(i+1, server, record.VerdictRefused, 0), true)
	}
	if o.services.known.Len() > mostServices || o.problems.known.Len()+len(o.problems.rest) > mostProblems+1 {
		t.Errorf("%d services and %d problems are kept", o.services.known.Len(), o.problems.known.Len()+len(o.problems.rest))
	}
	list, others := o.Services()
	sum := others.Connections
	for i := range list {
		sum += list[i].Connections
	}
	if sum != n || len(list) != record.MaxServices || !others.More || others.Failed != n-record.MaxServices {
		t.Errorf("%d connections of %d in %d services and others %+v", sum, n, len(list), others)
	}
	problems := o.Problems()
	if len(problems) != 1 || problems[0].Connections != n || problems[0].Worst != 1 || len(problems[0].IDs) != record.MaxProblemIDs || problems[0].IDs[7] != 8 {
		t.Errorf("%d problems, the first %+v", len(problems), problems[0])
	}
}

// TestTemplatesAreNotShown: a record that stands for others is counted, but no sentence
// of it is told.
func TestTemplatesAreNotShown(t *testing.T) {
	var o Overview
	o.Add(conn(5, "10.0.0.1:80", record.VerdictUnanswered, 2), true)
	o.Add(conn(3, "10.0.0.1:80", record.VerdictUnanswered, 60), false)
	p := o.Problems()[0]
	if p.Connections != 2 || p.Cost != 62 || p.Worst != 5 || p.Message != "sentence 5" || p.IDs[0] != 3 {
		t.Errorf("%+v", p)
	}
}

func BenchmarkAdd(b *testing.B) {
	c := conn(1, "10.0.0.1:80", record.VerdictUnanswered, 0)
	var o Overview
	for b.Loop() {
		c.ID++
		o.Add(c, false)
	}
}
