package record

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// AppendWiresharkFilter appends a display filter of Wireshark's that shows the connection:
// its stream where that is certain, and else its addresses and ports from its lowest
// frame to its highest.
func (c *Connection) AppendWiresharkFilter(b []byte) []byte {
	if c.Stream > 0 {
		return strconv.AppendUint(append(b, "tcp.stream eq "...), c.Stream-1, 10)
	}
	b = AppendWiresharkEnds(b, c.Client, c.Server)
	if c.Lowest.File() == c.Highest.File() {
		b = strconv.AppendUint(append(b, " and frame.number ge "...), c.Lowest.Number(), 10)
		b = strconv.AppendUint(append(b, " and frame.number le "...), c.Highest.Number(), 10)
	}
	return b
}

// AppendWiresharkEnds appends a display filter of Wireshark's that shows what passed between
// two ends, and the ICMP errors about it.
func AppendWiresharkEnds(b []byte, client, server Addr) []byte {
	field := "ip.addr eq "
	if client.IP.Is6() {
		field = "ipv6.addr eq "
	}
	for i, a := range [2]Addr{client, server} {
		if i > 0 {
			b = append(b, " and "...)
		}
		b = a.IP.WithZone("").AppendTo(append(b, field...))
		b = strconv.AppendUint(append(b, " and tcp.port eq "...), uint64(a.Port), 10)
	}
	return b
}

// AppendWiresharkFrames appends a display filter of Wireshark's that shows these frames,
// which are of one file; it appends nothing where there is none, or they are of several.
func AppendWiresharkFrames(b []byte, frames []fsm.Frame) []byte {
	for _, f := range frames {
		if f.File() != frames[0].File() {
			return b
		}
	}
	for i, f := range frames {
		sep := ", "
		if i == 0 {
			sep = "frame.number in {"
		}
		b = strconv.AppendUint(append(b, sep...), f.Number(), 10)
	}
	if len(frames) > 0 {
		b = append(b, '}')
	}
	return b
}
