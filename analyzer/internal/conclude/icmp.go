package conclude

import (
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// buildICMP writes the ICMP errors about the connection.
func buildICMP(out []record.ICMPError, f *flow.Flow) []record.ICMPError {
	for _, n := range f.ICMP() {
		x := &f.Conn.End[n.Side]
		out = append(out, record.ICMPError{
			Frame: n.At.Frame, Time: n.At.Time, From: netip.AddrFrom16(n.From).Unmap(), Side: n.Side,
			Type: n.Type, Code: n.Code, V6: n.V6, MTU: n.MTU, Quoted: n.Quoted, SYN: x.SentSYN && n.Seq == x.ISS,
		})
	}
	return out
}

// endedByICMP reports whether an ICMP error ended the side's attempt to connect.
func endedByICMP(c *record.Connection, side fsm.Side) bool {
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Side == side && t.Event == fsm.RecvICMPError {
			return true
		}
	}
	return false
}
