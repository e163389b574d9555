package fsm

// ICMPError tells that an ICMP error about side's SYN passed the tap at that place of
// the capture, and that side sent no SYN after it. RFC 9293 §3.9.2.2 has a TCP abort on
// hard errors only; Linux ends an attempt to connect for soft ones as well. No segment
// proves that it arrived.
func (c *Conn) ICMPError(side Side, at Stamp) bool {
	return c.apply(side, RecvICMPError, Received, at, 0)
}
