package report

import "github.com/tcpflow-states/tcpflow-states/analyzer/record"

// icmp appends the ICMP errors that quote the connection's segments.
func (e *encoder) icmp(c *record.Connection) {
	e.array(`"icmp":`)
	for i := range c.ICMP {
		x := &c.ICMP[i]
		e.open('{')
		e.keyFrame(`"frame":`, `"file":`, x.Frame)
		e.keyTime(`"time":`, x.Time)
		e.keyIP(`"from":`, x.From)
		if x.V6 {
			e.keyUint(`"version":`, 6)
		} else {
			e.keyUint(`"version":`, 4)
		}
		e.keyUint(`"type":`, uint64(x.Type))
		e.keyUint(`"code":`, uint64(x.Code))
		if x.MTU == 0 {
			e.keyNull(`"mtu":`)
		} else {
			e.keyUint(`"mtu":`, uint64(x.MTU))
		}
		e.keyLiteral(`"endpoint":`, x.Side.String())
		e.keyFrame(`"quoted_frame":`, `"quoted_file":`, x.Quoted)
		e.endObject()
	}
	e.endArray()
	e.keyUint(`"icmp_more":`, c.MoreICMP)
}
