package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// endedMessage returns the finding of a request or an answer that was not complete when the
// server certainly ended the connection, or nil. A RST that its host did not send, or behind its
// FIN, tells more of it.
func endedMessage(c *record.Connection) *record.Anomaly {
	a := anomaly(c, record.CheckRequestIncomplete, record.CheckAnswerCutShort)
	if a == nil || a.Doubt != "" {
		return nil
	}
	if r := &c.Reset; r.Frame != 0 && r.Side == fsm.Server && (c.Close.FIN[fsm.Server] != 0 || wentOn(c) || otherDistance(c) || r.Apart || c.Second.RST == r.Frame || !r.HasAck) {
		return nil
	}
	return a
}

// messageEnded is the verdict on a server that ended the connection in the middle of a request or
// of its answer.
func messageEnded(c *record.Connection) record.Verdict {
	a := endedMessage(c)
	first, last := phrase.Frame(a.Frames[0]), phrase.Frame(a.Frames[1])
	v := record.Verdict{Frames: append([]fsm.Frame{}, a.Frames...)}
	did := "closed in "
	if c.Close.FIN[fsm.Server] == 0 {
		did = "reset the connection in "
	}
	if a.Name == record.CheckAnswerCutShort {
		v.Code = record.VerdictAnswerCutShort
		v.Sentence = "The server " + did + last + " in the middle of its answer, of which it had sent " + a.Seen + " up to " + first +
			": its program was probably ended or crashed, or another server behind it did the same."
		return v
	}
	v.Code = record.VerdictRequestIncomplete
	v.Sentence = "The server " + did + last + " without an answer to a request that was not complete: " + a.Seen + " up to " + first + " instead of " + a.Expected
	if a.Cost >= 1 {
		v.Sentence += "; it had probably waited " + phrase.Duration(a.Cost) + " for the rest"
	}
	v.Sentence += "."
	return v
}
