package report_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

func TestLine(t *testing.T) {
	at := func(ip string, port uint16) record.Addr { return record.Addr{IP: netip.MustParseAddr(ip), Port: port} }
	conn := func(client, server record.Addr, anomalies ...record.Anomaly) *record.Connection {
		return &record.Connection{
			ID: 7, Client: client, Server: server,
			First: 1_767_268_800 * fsm.Second, Last: 1_767_268_801*fsm.Second + fsm.Second/2,
			Close:     record.Close{Kind: "normal", FirstCloser: "server"},
			Traffic:   [2]record.Traffic{{Bytes: 54}, {Bytes: 39_600}},
			Anomalies: anomalies,
		}
	}
	refused := record.Anomaly{Name: record.CheckConnectRefused, Severity: record.SeverityError}
	note := record.Anomaly{Name: record.CheckSYNRetransmit, Severity: record.SeverityNote}
	tests := []struct {
		name  string
		c     *record.Connection
		width int
		want  []string
	}{
		{"plain", conn(at("10.0.0.1", 40000), at("10.0.0.2", 443)), 100, []string{
			"12:00:01  #7   10.0.0.1:40000 → 10.0.0.2:443  1.5 s  54 B/39.6 kB  normal close, server first"}},
		{"findings", conn(at("10.0.0.1", 40000), at("10.0.0.2", 443), refused, note), 140, []string{
			"12:00:01  #7   10.0.0.1:40000 → 10.0.0.2:443  1.5 s  54 B/39.6 kB  normal close, server first  error: connect-refused (+1)"}},
		{"what does not fit goes below", conn(at("10.0.0.1", 40000), at("10.0.0.2", 443), refused), 100, []string{
			"12:00:01  #7   10.0.0.1:40000 → 10.0.0.2:443  1.5 s  54 B/39.6 kB  normal close, server first",
			"               error: connect-refused"}},
		{"long addresses", conn(at("2001:db8:1111:2222:3333:4444:5555:6666", 40000), at("fd00::2", 443)), 80, []string{
			"12:00:01  #7   [2001:db8:1111:2222:3333:4444:5555:6666]:40000 → [fd00::2]:443",
			"               1.5 s  54 B/39.6 kB  normal close, server first"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			if err := report.Line(&b, test.c, report.Options{Width: test.width, Zone: time.UTC}); err != nil {
				t.Fatal(err)
			}
			if got, want := b.String(), strings.Join(test.want, "\n")+"\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
