package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// resetBySecond is the verdict on a connection that another host reset, which had
// answered the SYN too.
func resetBySecond(c *record.Connection) record.Verdict {
	return record.Verdict{
		Code: record.VerdictResetByThirdParty, Frames: []fsm.Frame{c.Handshake.SYNACK, c.Second.SYNACK, c.Second.RST},
		Sentence: "Two hosts answered the SYN: the client took the SYN-ACK in " + phrase.Frame(c.Handshake.SYNACK) + ", and the other, whose SYN-ACK is in " +
			phrase.Frame(c.Second.SYNACK) + ", probably sent the RST in " + phrase.Frame(c.Second.RST) + "; the server that the client took had not lost the connection.",
	}
}
