package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var closedWithoutAnswer = &Check{
	Name: record.CheckClosedWithoutAnswer, Title: "request left without an answer", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "observer: who asks expects an answer",
	Condition: "The client's latest data begin as a request does to which a server owes an answer (HTTP, a ClientHello of TLS, SSH's version, a command of Redis, PostgreSQL's startup), with 32 bytes or more where the server had spoken before; the server's FIN acknowledges them, comes before any of the client's, and no data of the server's stand between. What the protocol is when it is none of these a tap cannot know: the client may only have reported, or taken its leave.",
	Benign: []string{
		"the server does not take what it cannot read, as HTTP on a port for TLS", "a program that is shut down just then", "a server that turns clients away so on purpose (nginx: return 444)",
	},
	Filter: "tcp.flags.fin == 1", Needs: BothSides | Whole | InStep,
	OncePerTemplate: "a clean connection has an answer behind what was asked, when the server closes first",
	Judge: func(f *flow.Flow, found func(Finding)) {
		r := f.ClosedUnanswered()
		if r.From == 0 || r.Size < flow.LeastRequest && f.Dir[fsm.Server].Bytes > 0 || !appdata.IsRequest(r.Begin) || onSeveralPaths(f) {
			return
		}
		n, _ := f.Answers()
		message := fmt.Sprintf("The server closed in frame %d, %s after the request that ends in frame %d, without an answer", r.To.Number(), phrase.Elapsed(r.Time), r.From.Number())
		if n > 0 {
			message += fmt.Sprintf("; it had answered %s before", phrase.Counted(n, "request", "requests"))
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{r.From, r.To}, Count: 1, From: r.Since,
			Seen: "FIN behind a request of " + phrase.Bytes(r.Size), Expected: "an answer",
			Message: message + ".",
		})
	},
}

// onSeveralPaths reports whether the rest of a request or its answer may be on another subflow.
func onSeveralPaths(f *flow.Flow) bool {
	m := f.Multipath()
	return m != nil && m.State == record.MPTCPInUse
}
