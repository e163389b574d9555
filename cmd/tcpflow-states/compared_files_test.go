package main

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// writeCompared writes saved reports to compare into a folder: of a service before, after
// it got 50 ms slower, and after a part of its connections was reset.
func writeCompared(dir string) error {
	write := func(name, format string, change func(i int, c *record.Connection)) error {
		r := &record.Report{}
		for i := range 60 {
			ms := fsm.Time(1e6)
			c := &record.Connection{
				ID: uint64(i + 1), Client: record.Addr{IP: netip.MustParseAddr("10.0.0.9"), Port: uint16(40000 + i)},
				Server: record.Addr{IP: netip.MustParseAddr("10.0.0.1"), Port: 443}, Service: "https",
				First: 1774789198*fsm.Second + fsm.Time(i)*100*ms, Last: 1774789198*fsm.Second + fsm.Time(i)*100*ms + 50*ms,
				Verdict: record.Verdict{Code: record.VerdictClosedNormally, Sentence: "."},
			}
			c.Handshake.Took = 0.01 + float64(i%7)/1000
			c.Exchanges.Answer.Add(uint64(20*ms) + uint64(i%5)*uint64(ms))
			c.Traffic[0].Packets, c.Traffic[1].Packets = 10, 20
			change(i, c)
			r.Connections = append(r.Connections, c)
		}
		var b bytes.Buffer
		err := report.FindFormat(format).Write(&b, r, report.Options{Tool: report.Tool{Name: "tcpflow-states", Version: "test"}})
		return errors.Join(err, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o666))
	}
	return errors.Join(
		write("before.json", "json", func(int, *record.Connection) {}),
		write("before.ndjson", "ndjson", func(int, *record.Connection) {}),
		write("slower.ndjson", "ndjson", func(i int, c *record.Connection) {
			c.Exchanges.Answer.Reset()
			c.Exchanges.Answer.Add(70e6 + uint64(i%5)*1e6)
		}),
		write("moved.json", "json", func(i int, c *record.Connection) {
			c.Server.IP = netip.MustParseAddr("10.0.0.2")
			if i%3 == 0 {
				c.Verdict.Code = record.VerdictResetMidTransfer
				c.Anomalies = []record.Anomaly{{Name: record.CheckStall, Severity: record.SeverityWarning, Rule: "-", Message: "-"}}
			}
		}))
}
