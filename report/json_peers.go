package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// zeek appends the connection in the words of Zeek's conn.log.
func (e *encoder) zeek(c *record.Connection) {
	z := &c.Zeek
	e.object(`"zeek":`)
	e.keyLiteral(`"originator":`, z.Originator.String())
	e.keyText(`"conn_state":`, z.ConnState)
	e.keyStr(`"history":`, z.History)
	if z.HasBytes {
		e.keyUint(`"orig_bytes":`, z.Bytes[0])
		e.keyUint(`"resp_bytes":`, z.Bytes[1])
	} else {
		e.keyNull(`"orig_bytes":`)
		e.keyNull(`"resp_bytes":`)
	}
	e.keyUint(`"missed_bytes":`, z.MissedBytes)
	e.keyUint(`"orig_pkts":`, z.Packets[0])
	e.keyUint(`"orig_ip_bytes":`, z.IPBytes[0])
	e.keyUint(`"resp_pkts":`, z.Packets[1])
	e.keyUint(`"resp_ip_bytes":`, z.IPBytes[1])
	e.endObject()
}

// suricata appends the connection in the words of Suricata's flow records.
func (e *encoder) suricata(c *record.Connection) {
	e.object(`"suricata":`)
	e.keyText(`"state":`, c.Suricata.State)
	e.endObject()
}
