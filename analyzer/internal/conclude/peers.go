package conclude

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// buildPeers writes the connection in the words of other tools.
func buildPeers(f *flow.Flow, c *record.Connection) {
	r := f.Zeek.Result()
	c.Zeek = record.Zeek{
		Originator: r.Originator, ConnState: r.ConnState, History: r.History,
		Bytes: r.Bytes, HasBytes: r.HasBytes, MissedBytes: r.MissedBytes,
		Packets: r.Packets, IPBytes: r.IPBytes,
		Start: r.Start, End: r.End,
	}
	c.Suricata.State = f.Suricata.String()
}
