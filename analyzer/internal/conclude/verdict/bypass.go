package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// refusesAnswers reports whether the client goes on sending its SYN and resets each
// answer: it wants the connection, and does not know these answers.
func refusesAnswers(c *record.Connection) bool {
	r, h := &c.Reset, &c.Handshake
	return sideOf(c.Close.ResetBy) == fsm.Client && r.Frame != 0 && !r.HasAck && r.Sent >= 2 && h.SYNs >= 2 && h.SYNACK != 0 && h.ACK == 0
}

// unknownAnswers is the verdict on such a client.
func unknownAnswers(c *record.Connection) record.Verdict {
	h := &c.Handshake
	return record.Verdict{
		Code: record.VerdictHandshakeAbortedByClient, Frames: []fsm.Frame{h.SYN, h.SYNACK, c.Close.RST},
		Sentence: "The client sent its SYN " + phrase.Times(h.SYNs) + " and answered " + phrase.Counted(c.Reset.Sent, "SYN-ACK", "SYN-ACKs") + " with a RST, the first in " + phrase.Frame(h.SYNACK) +
			": it does not know the address that answers, as where the answer bypasses an address translation that the SYN went through.",
	}
}
