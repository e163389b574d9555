package check

import (
	"bytes"
	"encoding/binary"
	"fmt"

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
		if r.From == 0 || r.Size < flow.LeastRequest && f.Dir[fsm.Server].Bytes > 0 || !isRequest(r.Begin) {
			return
		}
		if m := f.Multipath(); m != nil && m.State == record.MPTCPInUse {
			return // its answer may come on another subflow
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

// isRequest reports whether data begin as something that its protocol requires an answer to.
func isRequest(data []byte) bool {
	return isHTTP(data) || isClientHello(data) || isStartup(data) || isCommand(data) || bytes.HasPrefix(data, []byte("SSH-"))
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

// isStartup reports whether data begin as a StartupMessage of PostgreSQL's protocol 3, or as a
// request for encryption before it.
func isStartup(data []byte) bool {
	const version3, encryption = 3 << 16, 1234<<16 | 5679
	if len(data) < 8 {
		return false
	}
	length, code := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	return code == version3 && length < 10_000 || code == encryption && length == 8
}

// isCommand reports whether data begin as a command of Redis: an array of bulk strings.
func isCommand(data []byte) bool {
	count, rest, found := bytes.Cut(data, []byte("\r\n"))
	if !found || len(count) < 2 || count[0] != '*' || len(rest) == 0 || rest[0] != '$' {
		return false
	}
	for _, c := range count[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
