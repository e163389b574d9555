package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var answerCutShort = &Check{
	Name: record.CheckAnswerCutShort, Title: "answer cut short", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9112 §6.3",
	Condition: "The server closes or resets the connection, which the client has not, after fewer bytes of its latest answer than the Content-Length says with which it begins. Told of HTTP/1 in clear only, where the answer's first segment holds all of its header, and not of an answer to HEAD or with status 1xx, 204 or 304.",
	Benign:    []string{"a proxy that passes on what its own server cut short", "a program that is shut down just then"},
	Filter:    "http.content_length && tcp.completeness & 16", Needs: BothSides | InStep,
	OncePerTemplate: "a server that closes a clean connection first has sent what its answer announces",
	Judge: func(f *flow.Flow, found func(Finding)) {
		r := f.EndedAnswer()
		if r.From == 0 || onSeveralPaths(f) {
			return
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{r.From, r.To}, Count: 1,
			Seen: fmt.Sprintf("%s of %s", phrase.Count(r.Size), phrase.Bytes(r.Announced)), Expected: "all that its header announces",
			Message: fmt.Sprintf("The server %s in frame %d in the middle of its answer: it had sent %s of the %s that the answer's header announces, up to frame %d.", ended(r.Reset), r.To.Number(), phrase.Count(r.Size), phrase.Bytes(r.Announced), r.From.Number()),
		})
	},
}

// ended says how a side ended the connection.
func ended(reset bool) string {
	if reset {
		return "reset the connection"
	}
	return "closed"
}
