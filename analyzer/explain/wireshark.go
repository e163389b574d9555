package explain

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// labelField is the nearest field of Wireshark's TCP analysis for one of our
// labels.
type labelField struct {
	Label  record.Label
	Field  string // display filter field; "" when Wireshark has none
	Remark string // where its judgement differs from ours
}

// labelFields maps our labels to Wireshark's fields, for whoever holds the two
// against each other. The first that a segment has decides, as Wireshark gives
// a segment one name among the retransmissions.
var labelFields = []labelField{
	{record.LabelDuplicateFrame, "tcp.analysis.retransmission", "Wireshark does not tell a frame captured twice from one sent twice; a pure ACK becomes tcp.analysis.duplicate_ack"},
	{record.LabelNetworkDuplicate, "tcp.analysis.retransmission", "Wireshark does not look at the IP identification"},
	{record.LabelKeepalive, "tcp.analysis.keep_alive", ""},
	{record.LabelKeepaliveACK, "tcp.analysis.keep_alive_ack", ""},
	{record.LabelZeroWindowProbe, "tcp.analysis.zero_window_probe", "only a probe with one byte; it calls a probe without data tcp.analysis.keep_alive"},
	{record.LabelZeroWindowProbeACK, "tcp.analysis.zero_window_probe_ack", "only behind a probe that it knew"},
	{record.LabelRetransmissionSpurious, "tcp.analysis.spurious_retransmission", ""},
	{record.LabelRetransmissionFast, "tcp.analysis.fast_retransmission", "only behind two duplicate ACKs and within 20 ms of the last; otherwise tcp.analysis.retransmission or tcp.analysis.out_of_order"},
	{record.LabelOriginalNotCaptured, "tcp.analysis.retransmission", "or tcp.analysis.out_of_order, when the hole is younger than the handshake's round trip"},
	{record.LabelRetransmission, "tcp.analysis.retransmission", ""},
	{record.LabelOutOfOrder, "tcp.analysis.out_of_order", ""},
	{record.LabelPreviousSegmentMissing, "tcp.analysis.lost_segment", ""},
	{record.LabelACKAhead, "tcp.analysis.ack_lost_segment", ""},
	{record.LabelChallengeACK, "tcp.analysis.duplicate_ack", "Wireshark takes a challenge ACK for a duplicate one"},
	{record.LabelDuplicateACK, "tcp.analysis.duplicate_ack", ""},
	{record.LabelZeroWindow, "tcp.analysis.zero_window", ""},
	{record.LabelWindowUpdate, "tcp.analysis.window_update", ""},
	{record.LabelWindowFull, "tcp.analysis.window_full", ""},
	{record.LabelBadChecksum, "tcp.checksum.bad", "only when its checksum validation is switched on"},
}

// exclusive are the labels of which Wireshark would name one at most.
var exclusive = []record.Label{
	record.LabelDuplicateFrame, record.LabelNetworkDuplicate, record.LabelKeepalive, record.LabelZeroWindowProbe, record.LabelRetransmissionSpurious, record.LabelRetransmissionFast,
	record.LabelOriginalNotCaptured, record.LabelRetransmission, record.LabelOutOfOrder,
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
		if c.Incarnation > 1 && !slices.Contains(s.Labels, record.LabelRetransmission) || slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool {
			return a.Name == record.CheckSYNInEstablished && slices.Contains(a.Frames, s.Frame)
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
