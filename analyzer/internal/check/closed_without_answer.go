package check

import (
	"bytes"
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var closedWithoutAnswer = &Check{
	Name: record.CheckClosedWithoutAnswer, Title: "request left without an answer", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "observer: who asks expects an answer",
	Condition: "The server's FIN comes before any of the client's, acknowledges the client's latest data, and no data of the server's stand behind these, which the client sent without a second's pause. It is one where the data begin as a request of HTTP or a ClientHello of TLS does, or are no more than 1,460 bytes to a server that had said nothing at all. Larger ones to such a server may be a delivery, others a parting word: these with a doubt, and not at all where they are 128 bytes or less, or of HTTP less than 32.",
	Benign: []string{
		"a protocol in which the client only reports", "the server does not take what it cannot read, as HTTP on a port for TLS", "a client of a service that is shut down just then",
	},
	Filter: "tcp.flags.fin == 1", Needs: BothSides | Whole | InStep,
	OncePerTemplate: "a clean connection has an answer behind what was asked, when the server closes first",
	Judge: func(f *flow.Flow, found func(Finding)) {
		const word, segment = 128, 1460 // bytes
		r := f.ClosedUnanswered()
		if r.From == 0 {
			return
		}
		silent := f.Dir[fsm.Server].Bytes == 0 && !f.Midstream()
		if !silent && r.Size < flow.LeastRequest {
			return
		}
		if m := f.Multipath(); m != nil && m.State == record.MPTCPInUse {
			return // its answer may come on another subflow
		}
		why := ""
		switch {
		case isHTTP(r.Begin) || isClientHello(r.Begin):
		case !silent && r.Size <= word:
			return
		case !silent:
			why = "the client's last message may have asked for nothing"
		case r.Size > segment:
			why = "the client may have had something to deliver only"
		}
		n, _ := f.Answers()
		message := fmt.Sprintf("The server closed in frame %d, %s after the request that ends in frame %d, without an answer", r.To.Number(), phrase.Elapsed(r.Time), r.From.Number())
		if n > 0 {
			message += fmt.Sprintf("; it had answered %s before", phrase.Counted(n, "request", "requests"))
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{r.From, r.To}, Count: 1, From: r.Since, Doubt: why,
			Seen: "FIN behind " + phrase.Bytes(r.Size) + " of the client", Expected: "an answer",
			Message: message + ".",
		})
	},
}

// isHTTP reports whether data begin with a method and a target of HTTP (RFC 9112 §3).
func isHTTP(data []byte) bool {
	method, rest, found := bytes.Cut(data, []byte(" "))
	if !found || len(method) < 3 || len(rest) == 0 {
		return false
	}
	for _, c := range method {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return rest[0] == '/' || rest[0] == '*' || bytes.HasPrefix(rest, []byte("http")) || string(method) == "CONNECT"
}

// isClientHello reports whether data begin with a TLS record that holds a ClientHello
// (RFC 8446 §4, §5.1).
func isClientHello(data []byte) bool {
	return len(data) > 5 && data[0] == 22 && data[1] == 3 && data[5] == 1
}
