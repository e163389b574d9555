package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// LossStalls is how long a side's data stood still because what it had sent was not
// acknowledged until it sent it again: from when the oldest of it could first have been
// acknowledged to when it was.
type LossStalls struct {
	Longest Resends
	Untaken Resends             // the one in which the server had not taken the connection up, which is no loss
	all     record.Distribution // of those of at least shortestStall
	open    Resends             // the one under way; Times is 0 without
	lost    bool                // in which a repetition was lost between two taps
	waited  fsm.Time            // the side's TimeoutWait before it
}

// Resends is one such time.
type Resends struct {
	Wait
	Times uint32    // how often something was sent again
	First fsm.Frame // the first time
	last  fsm.Time  // the latest
}

// Above returns how many of them were longer than a time, and how long together.
func (l *LossStalls) Above(t fsm.Time) (n int, total fsm.Time) {
	if l == nil {
		return 0, 0
	}
	count, sum := l.all.Above(uint64(t))
	return int(count), fsm.Time(sum)
}

// noteLossStall takes a repetition into account; first is what it repeats, if that is known.
func (f *Flow) noteLossStall(o *observation, first *sent) {
	w, now := &o.d.sender, o.p.Time
	if o.s.Len == 0 || o.s.Flags&fsm.SYN != 0 || o.r.zero || f.Untimed {
		return
	}
	if w.queue.n == 0 {
		return // all was acknowledged where the tap is: whether its sender knows is not known
	}
	oldest := w.queue.at(w.queue.front)
	if !o.y.HasAck { // no ACK was captured: all but what is sent again may have been acknowledged
		if oldest = first; first == nil {
			return
		}
	}
	since, from := max(w.progress, oldest.first), oldest.frame
	if opened := o.r.openedAt(); opened.Time > since {
		since, from = opened.Time, opened.Frame // until then there was no room for it
	}
	if w.stalls == nil {
		if now-since < shortestStall {
			return
		}
		w.stalls = &LossStalls{}
	}
	l := w.stalls
	if s := &l.open; s.Times == 0 || !o.y.HasAck && s.From != from {
		*s = Resends{Wait: Wait{Since: since, From: from}, First: o.p.Frame}
		l.lost, l.waited = false, o.d.TimeoutWait
	}
	l.open.Times++
	l.open.last = now
	l.lost = l.lost || o.p.Undelivered
}

// endLossStall ends the stall of the receiver's data that is under way, if there is one.
func (f *Flow) endLossStall(o *observation) {
	l := o.r.sender.stalls
	if l == nil || l.open.Times == 0 {
		return
	}
	s := l.open
	l.open = Resends{}
	s.Time, s.To = o.p.Time-s.Since, o.p.Frame
	if s.Time < shortestStall {
		return
	}
	if o.from == fsm.Server && f.untaken(&s, l.lost) {
		l.Untaken, o.r.TimeoutWait = s, l.waited
		return
	}
	l.all.Add(uint64(s.Time))
	if s.Time > l.Longest.Time {
		l.Longest = s
	}
}

// untaken reports whether the server had not taken the connection up while the client sent
// its data again: its accept queue was full, so it dropped the handshake's ACK and the data,
// and sent nothing but its SYN-ACK. Near the server nothing else explains that but a host
// that stood still; elsewhere all that the client sent may have been lost, which is unlikely
// for as often as leastUntaken after a handshake that went well. Data of a Fast Open's SYN
// may be refused by something on the path.
func (f *Flow) untaken(s *Resends, lost bool) bool {
	return !lost && f.OnlySYNACKs() && f.responders == nil && s.Since >= f.FinalACK.Time && (s.Times >= leastUntaken || f.NearServer())
}

const leastUntaken = 3

// OnlySYNACKs reports whether nothing was captured of the server but its SYN-ACK, once or
// several times, although the client acknowledged it.
func (f *Flow) OnlySYNACKs() bool {
	n := f.SYNACKs[fsm.Server]
	return n > 0 && f.FinalACK.Nth != 0 && f.Dir[fsm.Server].Packets == uint64(n)
}

// NearServer reports whether the handshake shows that the tap is near the server.
func (f *Flow) NearServer() bool { return f.nearSender(fsm.Server) }

// LossStalls returns how long the direction's data stood still, nil for never.
func (d *Direction) LossStalls() *LossStalls { return d.sender.stalls }

// longestTimer is the longest retransmission timer of a host: Linux doubles it up to two
// minutes, and RFC 6298 §2.5 lets it be bounded by one.
const longestTimer = 120 * fsm.Second

// OpenLossStall returns the stall of a side's data that nothing had ended when the
// connection was reported or reset; Times is 0 if there is none. A side that waits for an ACK
// sends again before long: behind a longer silence nobody knows that it still waited, so
// the stall counts up to its latest segment. So it does where the other direction was not
// captured, and then what the side sends behind its repetitions shows that it had its ACK.
func (f *Flow) OpenLossStall(side fsm.Side) Resends {
	w := &f.Dir[side].sender
	if w.stalls == nil || w.stalls.open.Times == 0 || w.queue.n == 0 || f.Dir[side].zero || f.Dir[side.Peer()].zero {
		return Resends{}
	}
	s := w.stalls.open
	until, latest := f.Until, f.Dir[side].Last.Time
	switch {
	case f.OneSided() && latest > s.last:
		return Resends{}
	case f.OneSided(), until-latest > longestTimer:
		until = latest
	}
	s.Time = max(0, until-s.Since)
	for _, rst := range f.RST {
		if wait := rst.Time - s.Since; rst.Nth != 0 && wait < s.Time {
			s.Time, s.To = max(0, wait), rst.Frame
		}
	}
	return s
}
