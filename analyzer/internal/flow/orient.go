package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// orient decides from a connection's first segment whether its sender is the
// client, and on what grounds. A SYN and a SYN-ACK prove it; without them the
// ports suggest it.
func orient(p *decode.Packet) (senderIsClient bool, o record.Orientation) {
	switch p.Segment.Flags & (fsm.SYN | fsm.ACK | fsm.RST) {
	case fsm.SYN:
		return true, record.Orientation{Basis: "syn", Certain: true}
	case fsm.SYN | fsm.ACK:
		return false, record.Orientation{Basis: "syn-ack", Certain: true}
	}
	src, dst := rank(p.Src.Port), rank(p.Dst.Port)
	switch {
	case src < dst:
		return false, record.Orientation{Basis: "port"}
	case dst < src:
		return true, record.Orientation{Basis: "port"}
	case src == ephemeral || p.Src.Port == p.Dst.Port:
		return true, record.Orientation{Basis: "first-sender"}
	}
	return p.Src.Port > p.Dst.Port, record.Orientation{Basis: "port"}
}

// FromClient reports whether a connection's first segment is taken for its client's.
func FromClient(p *decode.Packet) bool {
	switch p.Segment.Flags & (fsm.SYN | fsm.ACK | fsm.RST) { // in a flood these are all
	case fsm.SYN:
		return true
	case fsm.SYN | fsm.ACK:
		return false
	}
	sender, _ := orient(p)
	return sender
}

// Port ranks: the lower, the likelier a server's.
const (
	wellKnown = iota
	system
	registered
	ephemeral
)

func rank(port uint16) int {
	switch {
	case port == 0:
		return ephemeral
	case ServiceName(port) != "":
		return wellKnown
	case port < 1024:
		return system
	case port < 32768: // Linux takes ephemeral ports from here on, others from 49152
		return registered
	}
	return ephemeral
}
