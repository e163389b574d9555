package kernelscore

import (
	"slices"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
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

	AfterTimeout     Kind = "after-timeout"
	PathMTU          Kind = "path-mtu"
	FastOpenFallback Kind = "fast-open-fallback"

	// Loss is Timeout or AfterTimeout: recordings without causes do not tell the two apart.
	Loss Kind = "loss"
)

// agrees reports whether the analyzer's kind is the kernel's, as far as it tells.
func (k Kind) agrees(named Kind) bool {
	return named == k || k == Loss && (named == Timeout || named == AfterTimeout)
}

// reportDelay is how far a kernel's report and the frame may be apart on a busy
// machine.
const reportDelay = 8 * time.Millisecond

// kinds pairs the resent frames of one endpoint with its kernel's reports and
// takes the kind from what led the kernel to it, or from the congestion state at that
// time. Each report goes with the frame before it. A kernel reports once what it cuts
// into several packets on the way out: the others of such a run share the report.
func kinds(mine []*frame, said *lab.Endpoint) {
	var again []*frame
	for _, f := range mine {
		if f.resent {
			again = append(again, f)
		}
	}
	for i := range said.Retransmissions {
		r := &said.Retransmissions[i]
		// A report comes just behind its frame; the two clocks agree to a few microseconds.
		distance := func(f *frame) time.Duration {
			if d := r.Time.Sub(f.time); d > -3*time.Microsecond {
				return d.Abs()
			}
			return reportDelay/2 + f.time.Sub(r.Time)
		}
		var best *frame
		for _, f := range again {
			if f.kind == Unreported && distance(f) < reportDelay && (best == nil || distance(f) < distance(best)) {
				best = f
			}
		}
		if best != nil {
			best.kind = kindAt(r, said, best)
		}
	}
	share := func(f, with *frame) {
		first, second := f, with
		if with.time.Before(f.time) {
			first, second = with, f
		}
		if f.kind == Unreported && with.kind != Unreported && first.segment.End() == second.segment.Seq && second.time.Sub(first.time) < time.Millisecond {
			f.kind, f.shared = with.kind, true
		}
	}
	for i := len(again) - 2; i >= 0; i-- { // the report comes behind the last of a run
		share(again[i], again[i+1])
	}
	for i := 1; i < len(again); i++ {
		share(again[i], again[i-1])
	}
}

// kindAt tells why a kernel sent f again when it reported r.
func kindAt(r *lab.Retransmission, said *lab.Endpoint, f *frame) Kind {
	if f.segment.Flags.Has(fsm.SYN) {
		return Handshake
	}
	if r.Cause != "" {
		return Kind(r.Cause)
	}
	kind := TailProbe // sent again though nothing is thought lost
	for i := range said.Congestion {
		c := &said.Congestion[i]
		if c.Time.After(r.Time) {
			break
		}
		switch c.State {
		case "loss":
			kind = Loss
		case "recovery":
			kind = Fast
		default:
			kind = TailProbe
		}
	}
	return kind
}

// kindNamed returns the kind that the analyzer's labels name.
func kindNamed(labels []record.Label) Kind {
	for label, kind := range map[record.Label]Kind{
		record.LabelRetransmissionTimeout: Timeout, record.LabelRetransmissionAfterTimeout: AfterTimeout,
		record.LabelRetransmissionPathMTU: PathMTU, record.LabelFastOpenFallback: FastOpenFallback, record.LabelRetransmissionFast: Fast, record.LabelTailLossProbe: TailProbe,
	} {
		if slices.Contains(labels, label) {
			return kind
		}
	}
	return Unreported
}

// namesRetransmission reports whether labels call a segment a retransmission of
// any kind.
func namesRetransmission(labels []record.Label) bool {
	return slices.ContainsFunc(labels, func(l record.Label) bool {
		return strings.HasPrefix(string(l), "retransmission") || l == record.LabelTailLossProbe
	})
}
