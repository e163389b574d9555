package explain

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// labelField is the nearest field of Wireshark's TCP analysis for one of our
// labels.
type labelField struct {
	Label  string
	Field  string // display filter field; "" when Wireshark has none
	Remark string // where its judgement differs from ours
}

// labelFields maps our labels to Wireshark's fields, for whoever holds the two
// against each other. The first that a segment has decides, as Wireshark gives
// a segment one name among the retransmissions.
var labelFields = []labelField{
	{"duplicate-frame", "tcp.analysis.retransmission", "Wireshark does not tell a frame captured twice from one sent twice; a pure ACK becomes tcp.analysis.duplicate_ack"},
	{"network-duplicate", "tcp.analysis.retransmission", "Wireshark does not look at the IP identification"},
	{"keepalive", "tcp.analysis.keep_alive", ""},
	{"keepalive-ack", "tcp.analysis.keep_alive_ack", ""},
	{"zero-window-probe", "tcp.analysis.zero_window_probe", "only a probe with one octet; it calls a probe without data tcp.analysis.keep_alive"},
	{"zero-window-probe-ack", "tcp.analysis.zero_window_probe_ack", "only behind a probe that it knew"},
	{"retransmission-spurious", "tcp.analysis.spurious_retransmission", ""},
	{"retransmission-fast", "tcp.analysis.fast_retransmission", "only behind two duplicate ACKs and within 20 ms of the last; otherwise tcp.analysis.retransmission or tcp.analysis.out_of_order"},
	{"original-not-captured", "tcp.analysis.retransmission", "or tcp.analysis.out_of_order, when the hole is younger than the handshake's round trip"},
	{"retransmission", "tcp.analysis.retransmission", ""},
	{"out-of-order", "tcp.analysis.out_of_order", ""},
	{"previous-segment-missing", "tcp.analysis.lost_segment", ""},
	{"ack-ahead", "tcp.analysis.ack_lost_segment", ""},
	{"challenge-ack", "tcp.analysis.duplicate_ack", "Wireshark takes a challenge ACK for a duplicate one"},
	{"duplicate-ack", "tcp.analysis.duplicate_ack", ""},
	{"zero-window", "tcp.analysis.zero_window", ""},
	{"window-update", "tcp.analysis.window_update", ""},
	{"window-full", "tcp.analysis.window_full", ""},
	{"bad-checksum", "tcp.checksum.bad", "only when its checksum validation is switched on"},
}

// exclusive are the labels of which Wireshark would name one at most.
var exclusive = []string{
	"duplicate-frame", "network-duplicate", "keepalive", "zero-window-probe", "retransmission-spurious", "retransmission-fast",
	"original-not-captured", "retransmission", "out-of-order",
}

// wireshark lists the fields that Wireshark would set on the segment.
func wireshark(c *record.Connection, s *record.Segment) []string {
	var out []string
	named := false
	for _, l := range labelFields {
		if !slices.Contains(s.Labels, l.Label) {
			continue
		}
		if slices.Contains(exclusive, l.Label) {
			if named {
				continue
			}
			named = true
		}
		text := l.Field
		if l.Remark != "" {
			text += " (" + l.Remark + ")"
		}
		out = append(out, text)
	}
	f := s.Seg.Flags
	switch {
	case f.Has(fsm.SYN | fsm.ACK):
		out = append(out, "tcp.connection.synack")
	case f.Has(fsm.SYN):
		out = append(out, "tcp.connection.syn")
		if c.Incarnation > 1 && !slices.Contains(s.Labels, "retransmission") || slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool {
			return a.Name == "syn-in-established" && slices.Contains(a.Frames, s.Frame)
		}) {
			out = append(out, "tcp.analysis.reused_ports")
		}
	}
	if f.Has(fsm.FIN) {
		out = append(out, "tcp.connection.fin")
	}
	if f.Has(fsm.RST) {
		out = append(out, "tcp.connection.rst")
	}
	return out
}
