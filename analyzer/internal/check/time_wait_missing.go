package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// timeWaitMissing knows the three forms in which a missing TIME-WAIT can be
// seen; silence proves nothing.
var timeWaitMissing = &Check{
	Name: record.CheckTimeWaitMissing, Title: "TIME-WAIT not kept", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6.1 (MUST-13)",
	Condition: "The active closer (a) answers the peer's FIN, with no data since its own and after less than a second in FIN-WAIT-2, with a RST instead of the last ACK (after a longer time it had probably given FIN-WAIT-2 up, and no TIME-WAIT is due), (b) answers a retransmitted FIN or another late segment with a RST within 2 MSL, or (c) the 4-tuple is reused within 2 MSL by a SYN whose ISN is not above the last sequence number that its sender had used, without a newer timestamp. A RST that crossed, by its TTL, 2 hops more or less than the side's other packets is not the side's. TIME-WAIT itself sends nothing, so its absence cannot be seen otherwise.",
	Benign: []string{
		"the host keeps TIME-WAIT for less than 2 MSL as set here (--msl)", "the host reached its limit of TIME-WAIT sockets (Linux: tcp_max_tw_buckets)",
		"a middlebox sends the RST in the host's name",
	},
	Peers:  []record.PeerName{{Tool: "Zeek", Name: "premature_connection_reuse"}},
	Filter: "(tcp.flags.reset == 1 && tcp.completeness & 16) || tcp.analysis.reused_ports", Needs: InStep,

	OncePerTemplate: "needs a RST, which no clean connection has, or an illegal reuse of the 4-tuple, which gets no template",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			host := f.Dir[side].LastTTL
			frames, k := notableThat(f, side, fsm.RSTForLastACK|fsm.RSTInTimeWait, flow.Facts(), func(k *flow.NotableSegment) bool {
				return host == 0 || !otherDistance(k.TTL, host) // what another host sends says nothing of this one
			})
			if k == nil {
				continue
			}
			if _, gaveUp := f.GaveUpFINWait2(side, k); gaveUp || k.Meaning.Any(fsm.RSTForLastACK) && f.AnswersLateData(side, k) {
				continue // of data for a closed socket data-to-closed-socket tells
			}
			if k.Prior != 0 {
				frames = append([]fsm.Frame{k.Prior}, frames...)
			}
			x := Finding{Side: side.String(), Frames: frames, Count: len(frames) - 1, Seen: "RST", Expected: "an ACK, from TIME-WAIT"}
			if k.Meaning.Any(fsm.RSTForLastACK) {
				x.Message = fmt.Sprintf("The %s answered the peer's FIN with a RST in frame %d instead of an ACK: it entered no TIME-WAIT.", side, k.Frame.Number())
			} else {
				since, _ := f.Conn.End[side].TimeWaitSpan()
				x.Message = fmt.Sprintf("The %s answered with a RST in frame %d, %s after it should have entered TIME-WAIT.", side, k.Frame.Number(), phrase.Elapsed(k.Time-since))
			}
			found(x)
		}
		if r := judgeReuse(f); r.Early && !r.Legal && f.Challenged.Frame == 0 {
			found(Finding{
				Side: holderOf(f, r), Frames: []fsm.Frame{f.SYN.Frame}, Count: 1,
				Seen:     fmt.Sprintf("ISN %d, %s after TIME-WAIT began", f.Conn.End[fsm.Client].ISS, phrase.Elapsed(r.After)),
				Expected: fmt.Sprintf("an ISN above %d, a newer timestamp, or 2 MSL of waiting", r.Used),
				Message: fmt.Sprintf("The SYN in frame %d reuses the ports of the connection that began in frame %d, %s into its TIME-WAIT, with an ISN below the sequence numbers used there.",
					f.SYN.Frame.Number(), f.Previous.First.Number(), phrase.Elapsed(r.After)),
			})
		}
	},
}
