package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// stateLost is the verdict on the answer of an endpoint that knows nothing of
// the connection.
func stateLost(c *record.Connection) record.Verdict {
	r := &c.Reset
	v := record.Verdict{Code: record.VerdictResetStateLost, Frames: []fsm.Frame{r.Prior}}
	v.Sentence = phrase.Capital(phrase.By(r.Side)) + " answered " + phrase.Frame(r.Prior) + " of " + phrase.By(r.Side.Peer())
	if r.PriorBytes > 0 {
		v.Sentence += " (" + phrase.Size(uint64(r.PriorBytes)) + ")"
	}
	v.Sentence += " with the RST in " + phrase.Frame(r.Frame) + ", without ACK, as a host does that does not have the connection"
	n := &c.Traffic[r.Side]
	switch accepted := r.Side != fsm.Server || c.Handshake.SYNACK == 0 || n.Packets > n.Segments.SYN+n.Segments.RST; {
	case !accepted && r.Silence < 1:
		v.Sentence += "; it had sent no more than its SYN-ACK, so its listening socket had probably been closed before it accepted the connection."
	case pathFailed(c):
		v.Sentence += "; it had probably restarted, or the path had changed: a NAT, firewall or load balancer on the way had lost the connection."
	case r.Silence >= 1:
		v.Sentence += "; after " + phrase.Duration(r.Silence) + " of silence it had probably closed it, timed out or restarted, or a NAT or firewall on the way had forgotten it."
	default:
		v.Sentence += "; it had closed or aborted it before, unseen in this capture, or restarted, or a NAT, firewall or load balancer on the way had lost the connection."
	}
	return v
}

// pathFailed reports whether the peer's segments got no answer for a while before the RST, or an
// ICMP error: then the host or the path was down in between.
func pathFailed(c *record.Connection) bool {
	r := &c.Reset
	y := r.Side.Peer()
	u := &c.Tail[y].Unanswered
	return u.Resent > 0 && u.Time <= r.Time && r.Time.Seconds(u.Time) >= 1 ||
		latestICMP(c, y, func(e *record.ICMPError) bool { return endsAttempt(e) && e.Frame < r.Frame }) != nil
}
