package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var stealthProbe = &Check{
	Name: record.CheckStealthProbe, Title: "unsolicited segment answered by a RST", Family: "handshake",
	Severity: record.SeverityNote, Rule: "RFC 9293 §3.10.7.1",
	Condition: "Nothing was captured of a connection but a SYN-ACK, FIN or ACK without data and, within 3 s, the RST with which a closed port answers it. Scanners test this way which ports are filtered.",
	Benign:    []string{"the last segment of a connection that began before the capture, to a host that no longer has it", "backscatter: the answer to a SYN with a spoofed source address"},
	Peers: []record.PeerName{
		{Tool: "Zeek", Name: "unsolicited_SYN_response, spontaneous_FIN, spontaneous_RST"}, {Tool: "Snort", Name: "116:400, 116:401, 116:423"},
	},
	Filter:          "tcp.completeness == 32 || tcp.completeness == 34 || tcp.completeness == 36 || tcp.completeness == 48 || tcp.completeness == 52",
	Meaning:         fsm.Joined | fsm.RSTNoConnection | fsm.RSTSent,
	OncePerTemplate: "a RST of a clean connection answers its SYN, or close_notify behind a FIN",
	Judge: func(f *flow.Flow, found func(Finding)) {
		if f.Segments > 4 || f.Previous != nil || f.Dir[0].DataSegments+f.Dir[1].DataSegments > 0 || f.AllFacts.Any(illegalFlags) ||
			f.FirstFlags.Any(fsm.RST) || f.FirstFlags&(fsm.SYN|fsm.ACK) == fsm.SYN {
			return
		}
		for _, prober := range sides {
			rst := f.RST[prober.Peer()]
			if f.Dir[prober].Packets == 0 || rst.Nth == 0 || f.RST[prober].Nth != 0 || f.Dir[prober.Peer()].Packets != f.Dir[prober.Peer()].RSTs || rst.Time-f.First.Time > 3*fsm.Second {
				continue
			}
			found(Finding{
				Side: prober.String(), Frames: []fsm.Frame{f.First.Frame, rst.Frame}, Count: 1,
				Seen: "[" + f.FirstFlags.String() + "], then RST", Expected: "a SYN first",
				Message: fmt.Sprintf("The %s sent [%s] in frame %d without a connection, and the %s answered with a RST in frame %d.",
					prober, f.FirstFlags, f.First.Frame.Number(), prober.Peer(), rst.Frame.Number()),
			})
		}
	},
}
