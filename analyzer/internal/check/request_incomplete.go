package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var requestIncomplete = &Check{
	Name: record.CheckRequestIncomplete, Title: "request not complete when the server closed", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9112 §6.3",
	Condition: "The server closes or resets the connection, which the client has not, with no byte of an answer to a request that is not whole: the header of HTTP/1 that it begins with does not end, or announces more than came, or the client's later segments show that it sent more, which the server did not acknowledge and the capture does not hold. The server had to wait for the rest, so no answer is late.",
	Benign:    []string{"the client's program stalled, or never meant to send the rest", "the rest was lost on the way, as where large packets are", "the server refuses a request of that size without an answer"},
	Filter:    "tcp.flags.fin == 1 || tcp.flags.reset == 1", Needs: BothSides | InStep,
	OncePerTemplate: "a clean connection has an answer behind what was asked, when the server closes first",
	Judge: func(f *flow.Flow, found func(Finding)) {
		r := f.EndedPartial()
		if r.From == 0 || r.Size < flow.LeastRequest && f.Dir[fsm.Server].Bytes > 0 || !appdata.IsRequest(r.Begin) || onSeveralPaths(f) {
			return
		}
		x := Finding{Side: "client", Frames: []fsm.Frame{r.From, r.To}, Count: 1, From: r.Since, Cost: r.Time}
		switch {
		case r.HeaderOpen:
			x.Seen, x.Expected = phrase.Bytes(r.Size)+" of a header", "the header's end"
		case r.Announced != 0:
			x.Seen, x.Expected = fmt.Sprintf("%s of %s", phrase.Count(r.Size), phrase.Bytes(r.Announced)), "all that its header announces"
		default:
			x.Seen, x.Expected = phrase.Bytes(uint64(r.NotCaptured))+" missing behind the "+phrase.Bytes(r.Size)+" captured", "all of it"
		}
		x.Message = fmt.Sprintf("The server %s in frame %d, %s after the latest of a request in frame %d that was not complete: %s, expected %s.", ended(r.Reset), r.To.Number(), phrase.Elapsed(r.Time), r.From.Number(), x.Seen, x.Expected)
		found(x)
	},
}
