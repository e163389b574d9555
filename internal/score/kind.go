package score

import (
	"slices"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// Kind is why a kernel sent something again.
type Kind string

// The kinds. A SYN or SYN-ACK has none of the others, and one that the
// kernel did not report has none at all.
const (
	Unreported Kind = ""
	Handshake  Kind = "handshake"
	Timeout    Kind = "timeout"
	Fast       Kind = "fast"
	TailProbe  Kind = "tail-loss-probe"
)

// reportDelay is how far a kernel's report and the frame may be apart on a busy
// machine.
const reportDelay = 8 * time.Millisecond

// kinds pairs the resent frames of one endpoint with its kernel's reports, both
// in their order, and takes the kind from the congestion state at that time.
func kinds(mine []*frame, said *lab.Endpoint) {
	next := 0
	var last *frame
	for _, f := range mine {
		if !f.resent {
			continue
		}
		if last != nil && last.kind != Unreported && f.segment.Seq == last.segment.End() && f.time.Sub(last.time) < time.Millisecond &&
			(next == len(said.Retransmissions) || !said.Retransmissions[next].Time.Before(f.time.Add(-reportDelay))) && !reportFor(said, next, f) {
			// One report for what the kernel cut into several packets on the way out.
			f.kind, f.shared = last.kind, true
			last = f
			continue
		}
		last = f
		for next < len(said.Retransmissions) && said.Retransmissions[next].Time.Before(f.time.Add(-reportDelay)) {
			next++
		}
		if next == len(said.Retransmissions) || said.Retransmissions[next].Time.After(f.time.Add(reportDelay)) {
			continue
		}
		r := &said.Retransmissions[next]
		next++
		if f.segment.Flags.Has(fsm.SYN) {
			f.kind = Handshake
			continue
		}
		f.kind = TailProbe // sent again though nothing is thought lost
		for i := range said.Congestion {
			c := &said.Congestion[i]
			if c.Time.After(r.Time) {
				break
			}
			switch c.State {
			case "loss":
				f.kind = Timeout
			case "recovery":
				f.kind = Fast
			default:
				f.kind = TailProbe
			}
		}
	}
}

// reportFor reports whether the next report is f's own rather than of something
// sent later: reports come within a moment of the frame.
func reportFor(said *lab.Endpoint, next int, f *frame) bool {
	return next < len(said.Retransmissions) && said.Retransmissions[next].Time.Sub(f.time).Abs() < 300*time.Microsecond
}

// kindNamed returns the kind that the analyzer's labels name.
func kindNamed(labels []string) Kind {
	for label, kind := range map[string]Kind{
		"retransmission-timeout": Timeout, "retransmission-fast": Fast, "tail-loss-probe": TailProbe,
	} {
		if slices.Contains(labels, label) {
			return kind
		}
	}
	return Unreported
}

// namesRetransmission reports whether labels call a segment a retransmission of
// any kind.
func namesRetransmission(labels []string) bool {
	return slices.ContainsFunc(labels, func(l string) bool {
		return strings.HasPrefix(l, "retransmission") || l == "tail-loss-probe"
	})
}
